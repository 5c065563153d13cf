//! Paths: fields, the way over relations, the way into JSON, and the caller's attributes.

use super::super::error::{ErrorCode, ExpressionError};
use super::super::scope::{Purpose, RuleKind};
use super::super::syntax::*;
use super::super::typed::*;
use super::super::{MAX_HOPS, MAX_JSON_PATH, print, suggest};
use super::value::label;
use super::{Checked, Checker, Reference};
use crate::collections::{Collection, Field, FieldType};

/// The caller's attributes as they are written, and what each is.
pub(in crate::expression) const ATTRIBUTES: [(&str, ValueType); 6] = [
    ("id", ValueType::one(FieldType::Uuid)),
    ("email", ValueType::one(FieldType::Email)),
    ("verified", ValueType::one(FieldType::Bool)),
    ("roles", ValueType::many(FieldType::Text)),
    ("orgs", ValueType::many(FieldType::Uuid)),
    ("claims", ValueType::one(FieldType::Json)),
];

impl<'a> Checker<'a> {
    /// The operand, and the field where it is one.
    pub(super) fn path(&mut self, path: &Path, span: &Span) -> Checked<(Operand, Option<&'a Field>)> {
        let (row, collection) = match path.root {
            Root::User => return Ok((self.user(&path.segments, span)?, None)),
            Root::Row => (self.row_at(0), self.rows.last().copied()),
            Root::Outer => (self.row_at(1), self.rows.iter().rev().nth(1).copied()),
            Root::New if self.is_rule(RuleKind::Create) || self.is_rule(RuleKind::Update) => {
                (Row::New, self.rows.first().copied())
            }
            Root::New => return Err(self.new_refused(span)),
        };
        let Some(collection) = collection else {
            return Err(self
                .error(ErrorCode::NotAllowed, span, "there is no row around this one")
                .hint("`$` is the row around `exists(collection, …)`, and stands within it"));
        };
        self.field(row, collection, &path.segments, span)
    }

    /// Which row stands so many levels out. The outermost row of a create rule is the new one.
    fn row_at(&self, out: usize) -> Row {
        match (self.rows.len() == out + 1 && self.is_rule(RuleKind::Create), out) {
            (true, _) => Row::New,
            (false, 0) => Row::This,
            (false, _) => Row::Outer,
        }
    }

    fn new_refused(&self, span: &Span) -> ExpressionError {
        let place = match self.scope.purpose {
            Purpose::Filter { .. } => "a filter".to_owned(),
            Purpose::Rule(kind) => format!("a {} rule", kind.as_str()),
        };
        self.error(ErrorCode::NotAllowed, span, format!("`@new` has no meaning in {place}"))
            .hint("`@new` is the row as it would be written; only create and update rules have it")
    }

    fn field(
        &mut self,
        row: Row,
        collection: &'a Collection,
        segments: &[Segment],
        span: &Span,
    ) -> Checked<(Operand, Option<&'a Field>)> {
        let mut collection = collection;
        let mut hops = Vec::new();
        for (index, segment) in segments.iter().enumerate() {
            let SegmentKind::Name(name) = &segment.kind else {
                return Err(self.not_json(collection, segment));
            };
            let field = self.named(collection, name, &segment.span)?;
            self.references.push(Reference {
                collection: collection.name.clone(),
                field: field.name.clone(),
                span: segment.span.clone(),
            });
            let rest = &segments[index + 1..];
            let type_ = ValueType::of(field);
            if rest.is_empty() || type_ == ValueType::one(FieldType::Json) {
                let field_ref = FieldRef {
                    row,
                    hops,
                    collection: collection.name.clone(),
                    field: field.name.clone(),
                    value_type: type_,
                };
                return Ok(if type_ == ValueType::one(FieldType::Json) {
                    let path = self.json_path(rest)?;
                    (Operand::Json(JsonRef { field: field_ref, path, type_: FieldType::Json }), None)
                } else {
                    (Operand::Field(field_ref), Some(field))
                });
            }
            let (hop, target) = self.hop(collection, field, type_, segment)?;
            hops.push(hop);
            if hops.len() > MAX_HOPS {
                let message = format!("a path follows at most {MAX_HOPS} relations");
                return Err(self.error(ErrorCode::TooDeep, &segment.span, message));
            }
            collection = target;
        }
        Err(self.error(ErrorCode::Syntax, span, "a path has no step"))
    }

    /// The field of that name, if the author may know of it.
    fn named(&self, collection: &'a Collection, name: &str, span: &Span) -> Checked<&'a Field> {
        if let Some(field) = collection.field(name).filter(|field| self.scope.shows(field)) {
            return Ok(field);
        }
        if let Some(error) = self.to_many(collection, name, span) {
            return Err(error);
        }
        let visible = collection.fields.iter().filter(|field| self.scope.shows(field));
        let hint = suggest::names(name, "Fields", visible.map(|field| field.name.as_str()));
        let message = format!("unknown field `{name}` in `{}`", collection.name);
        Err(self.error(ErrorCode::UnknownField, span, message).hint(hint))
    }

    /// The error where the name is that of rows that point here.
    fn to_many(&self, collection: &Collection, name: &str, span: &Span) -> Option<ExpressionError> {
        let incoming = collection.incoming.iter().find(|incoming| incoming.name == name)?;
        let other = self.scope.collections.collection(&incoming.collection)?;
        let field = other.field(&incoming.field).filter(|field| self.scope.shows(field))?;
        let key = field.references.as_deref().unwrap_or("id");
        let message = format!("`{name}` is any number of rows of `{}`, not one value", incoming.collection);
        Some(self.error(ErrorCode::NotAllowed, span, message).hint(format!(
            "write `exists({}, {} = $.{} and …)`",
            print::name(&incoming.collection),
            print::name(&incoming.field),
            print::name(key)
        )))
    }

    /// The way over the relation.
    fn hop(
        &self,
        collection: &Collection,
        field: &Field,
        type_: ValueType,
        segment: &Segment,
    ) -> Checked<(Hop, &'a Collection)> {
        let name = &field.name;
        let (Some(target), FieldType::Relation) = (&field.collection, field.type_) else {
            let message = format!("`{name}` is {}: there is nothing within it", label(type_));
            return Err(self
                .error(ErrorCode::TypeMismatch, &segment.span, message)
                .hint("a dot follows relations and json"));
        };
        if field.array {
            let message = format!("`{name}` points at any number of rows, not at one");
            return Err(self.error(ErrorCode::NotAllowed, &segment.span, message).hint(format!(
                "write `exists({}, $.{} contains {} and …)`",
                print::name(target),
                print::name(name),
                print::name(field.references.as_deref().unwrap_or("id"))
            )));
        }
        let scope = self.scope;
        let Some(target) = scope.collections.collection(target) else {
            let message = format!("`{name}` points at `{target}`, which is not a collection");
            return Err(self.error(ErrorCode::UnknownCollection, &segment.span, message));
        };
        let key = match (&field.references, target.primary_key.as_slice()) {
            (Some(key), _) => key.clone(),
            (None, [key]) => key.clone(),
            (None, _) => {
                let message = format!("`{name}` does not say which field of `{}` it holds", target.name);
                return Err(self.error(ErrorCode::NotAllowed, &segment.span, message));
            }
        };
        let hop = Hop {
            collection: collection.name.clone(),
            field: name.clone(),
            target: target.name.clone(),
            key,
        };
        Ok((hop, target))
    }

    /// A quoted key or an index where a field is expected.
    fn not_json(&self, collection: &Collection, segment: &Segment) -> ExpressionError {
        let message =
            format!("expected a field of `{}`, found {}", collection.name, self.quote(&segment.span));
        let error = self.error(ErrorCode::TypeMismatch, &segment.span, message);
        match segment.kind {
            SegmentKind::Key(_) => error.hint("fields with odd names stand in backticks"),
            _ => error.hint("elements are reached within json alone"),
        }
    }

    fn json_path(&self, segments: &[Segment]) -> Checked<Vec<JsonStep>> {
        if let Some(beyond) = segments.get(MAX_JSON_PATH) {
            let message = format!("a path into json has at most {MAX_JSON_PATH} steps");
            return Err(self.error(ErrorCode::TooDeep, &beyond.span, message));
        }
        Ok(segments
            .iter()
            .map(|segment| match &segment.kind {
                SegmentKind::Name(key) | SegmentKind::Key(key) => JsonStep::Key(key.clone()),
                SegmentKind::Index(index) => JsonStep::Index(*index),
            })
            .collect())
    }

    fn user(&self, segments: &[Segment], span: &Span) -> Checked<Operand> {
        let Some((first, rest)) = segments.split_first() else {
            return Err(self.error(ErrorCode::Syntax, span, "a path has no step"));
        };
        let name = match &first.kind {
            SegmentKind::Name(name) => name.as_str(),
            _ => "",
        };
        let attribute = match name {
            "id" => UserAttribute::Id,
            "email" => UserAttribute::Email,
            "verified" => UserAttribute::Verified,
            "roles" => UserAttribute::Roles,
            "orgs" => UserAttribute::Orgs,
            "claims" => UserAttribute::Claims(self.json_path(rest)?),
            _ => return Err(self.unknown_attribute(name, first)),
        };
        let Some((_, value_type)) = ATTRIBUTES.into_iter().find(|(known, _)| *known == name) else {
            return Err(self.unknown_attribute(name, first));
        };
        match (&attribute, rest.first()) {
            (UserAttribute::Claims(_), _) | (_, None) => Ok(Operand::User(UserRef { attribute, value_type })),
            (_, Some(beyond)) => {
                let message = format!("`@user.{name}` is {}: there is nothing within it", label(value_type));
                Err(self.error(ErrorCode::TypeMismatch, &beyond.span, message))
            }
        }
    }

    fn unknown_attribute(&self, name: &str, segment: &Segment) -> ExpressionError {
        let message = format!("unknown attribute {} of `@user`", self.quote(&segment.span));
        let hint = suggest::names(name, "Attributes", ATTRIBUTES.map(|(known, _)| known));
        self.error(ErrorCode::UnknownName, &segment.span, message).hint(hint)
    }
}
