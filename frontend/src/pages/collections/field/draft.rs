//! The members of a field, each a signal of its own.

use annex_openapi::collections::{
    Collection, CollectionKind, CollectionSpec, Field, FieldSpec, FieldType, Index, OnDelete, RuleClasses,
};
use leptos::prelude::*;
use serde_json::Value;

use super::literal::{default_text, default_value};

/// A field while it is described.
#[derive(Clone, Copy)]
pub struct FieldDraft {
    /// Tells it from the others.
    pub id: u32,
    pub name: RwSignal<String>,
    /// As it stands in `type`.
    pub type_: RwSignal<String>,
    pub array: RwSignal<bool>,
    pub required: RwSignal<bool>,
    pub unique: RwSignal<bool>,
    pub hidden: RwSignal<bool>,
    /// The default as it is written.
    pub default: RwSignal<String>,
    pub values: RwSignal<Vec<String>>,
    /// What a relation points at.
    pub target: RwSignal<String>,
    /// As it stands in `on_delete`.
    pub on_delete: RwSignal<String>,
}

impl FieldDraft {
    /// A text without a name.
    pub fn new(id: u32) -> Self {
        Self {
            id,
            name: RwSignal::new(String::new()),
            type_: RwSignal::new(FieldType::Text.as_str().to_owned()),
            array: RwSignal::new(false),
            required: RwSignal::new(false),
            unique: RwSignal::new(false),
            hidden: RwSignal::new(false),
            default: RwSignal::new(String::new()),
            values: RwSignal::new(Vec::new()),
            target: RwSignal::new(String::new()),
            on_delete: RwSignal::new(on_delete_name(OnDelete::Restrict).to_owned()),
        }
    }

    /// The draft of a field that is there.
    pub fn of(field: &Field) -> Self {
        let draft = Self::new(0);
        draft.name.set(field.name.clone());
        draft.type_.set(field.type_.as_str().to_owned());
        draft.array.set(field.array);
        draft.required.set(field.required);
        draft.unique.set(field.unique);
        draft.hidden.set(field.hidden);
        let default = field.default.as_deref().and_then(|sql| default_text(sql, field.type_, field.array));
        draft.default.set(default.unwrap_or_default());
        draft.values.set(field.values.clone().unwrap_or_default());
        draft.target.set(field.collection.clone().unwrap_or_default());
        draft.on_delete.set(on_delete_name(field.on_delete.unwrap_or(OnDelete::Restrict)).to_owned());
        draft
    }

    /// Takes over what was described before; of the default, only where it was changed.
    pub fn take(self, spec: &FieldSpec, default: Option<Option<&Value>>) {
        self.name.set(spec.name.clone());
        self.type_.set(spec.type_.as_str().to_owned());
        self.array.set(spec.array);
        self.required.set(spec.required);
        self.unique.set(spec.unique);
        self.hidden.set(spec.hidden);
        self.values.set(spec.values.clone().unwrap_or_default());
        self.target.set(spec.collection.clone().unwrap_or_default());
        self.on_delete.set(on_delete_name(spec.on_delete.unwrap_or(OnDelete::Restrict)).to_owned());
        if let Some(default) = default {
            self.default.set(default.map(written).unwrap_or_default());
        }
    }

    /// What it holds.
    pub fn field_type(self) -> FieldType {
        self.type_.with(|name| type_of(name))
    }

    /// What it comes to.
    pub fn spec(self) -> FieldSpec {
        let type_ = self.field_type();
        let relation = type_ == FieldType::Relation;
        let array = self.array.get() && takes_array(type_);
        FieldSpec {
            name: self.name.get().trim().to_owned(),
            type_,
            array,
            required: self.required.get(),
            unique: self.unique.get(),
            default: if relation { None } else { default_value(&self.default.get(), type_, array) },
            values: (type_ == FieldType::Enum).then(|| self.values.get()),
            collection: Some(self.target.get()).filter(|target| relation && !target.is_empty()),
            on_delete: relation.then(|| on_delete_of(&self.on_delete.get())),
            hidden: self.hidden.get(),
        }
    }
}

/// A default as it is written.
fn written(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The type of that name.
fn type_of(name: &str) -> FieldType {
    FieldType::ALL.into_iter().find(|type_| type_.as_str() == name).unwrap_or(FieldType::Text)
}

/// Whether there are lists of a type.
pub fn takes_array(type_: FieldType) -> bool {
    !matches!(type_, FieldType::Relation | FieldType::File | FieldType::Files | FieldType::Json)
}

/// As it stands in `on_delete`.
pub fn on_delete_name(on_delete: OnDelete) -> &'static str {
    match on_delete {
        OnDelete::Restrict => "restrict",
        OnDelete::Cascade => "cascade",
        OnDelete::SetNull => "set_null",
    }
}

fn on_delete_of(name: &str) -> OnDelete {
    match name {
        "cascade" => OnDelete::Cascade,
        "set_null" => OnDelete::SetNull,
        _ => OnDelete::Restrict,
    }
}

/// The collection that a description would make, as far as expressions about it need to know.
pub fn sketch(spec: &CollectionSpec, others: &[Collection]) -> Collection {
    let field = |spec: &FieldSpec| {
        let target =
            spec.collection.as_ref().and_then(|name| others.iter().find(|other| other.name == *name));
        let key = target.and_then(|target| target.field(target.primary_key.first()?));
        Field {
            name: spec.name.clone(),
            type_: spec.type_,
            array: spec.array,
            required: spec.required,
            unique: spec.unique,
            primary_key: false,
            read_only: false,
            system: false,
            hidden: spec.hidden,
            default: None,
            values: spec.values.clone(),
            collection: spec.collection.clone(),
            references: spec.collection.as_ref().map(|_| key.map_or("id".to_owned(), |key| key.name.clone())),
            key_type: spec.collection.as_ref().map(|_| key.map_or(FieldType::Uuid, Field::value_type)),
            on_delete: spec.on_delete,
            native_type: String::new(),
            database_alone: None,
        }
    };
    let own = |name: &str, type_: FieldType| {
        let spec = FieldSpec {
            name: name.to_owned(),
            type_,
            array: false,
            required: true,
            unique: name == "id",
            default: None,
            values: None,
            collection: None,
            on_delete: None,
            hidden: false,
        };
        Field { primary_key: name == "id", system: true, ..field(&spec) }
    };
    let mut fields = vec![own("id", FieldType::Uuid)];
    fields.extend(spec.fields.iter().map(field));
    fields.extend(["created_at", "updated_at"].map(|name| own(name, FieldType::Timestamp)));
    Collection {
        name: spec.name.clone(),
        table: format!("public.{}", spec.name),
        kind: CollectionKind::Table,
        primary_key: vec!["id".to_owned()],
        fields,
        indexes: Vec::<Index>::new(),
        incoming: Vec::new(),
        rules: spec.rules.clone(),
        rule_classes: RuleClasses::default(),
        realtime: spec.realtime,
        problems: Vec::new(),
    }
}
