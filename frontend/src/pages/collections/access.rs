//! Who a rule lets pass, at a glance.

use annex_openapi::collections::{Collection, Field, FieldType};
use annex_openapi::expression::RuleKind;
use leptos::prelude::*;

use crate::ui::{Icon, IconName};

/// The rule of who is signed in.
pub const SIGNED_IN: &str = "@user.id != null";

/// Who a rule lets pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// Only admins.
    Admins,
    /// Everyone, signed in or not.
    Everyone,
    /// Everyone who is signed in.
    SignedIn,
    /// Whom a field names.
    Owner(String),
    /// Whom the expression says.
    Rule,
}

impl Access {
    /// Whom a rule of that kind lets pass.
    pub fn of(kind: RuleKind, rule: Option<&str>, collection: &Collection) -> Self {
        let Some(rule) = rule.map(str::trim) else { return Self::Admins };
        match rule {
            "" => Self::Everyone,
            SIGNED_IN => Self::SignedIn,
            rule => owner_fields(collection)
                .find(|field| owner_rule(kind, field) == rule)
                .map_or(Self::Rule, |field| Self::Owner(field.to_owned())),
        }
    }

    /// In a few words.
    pub fn words(&self) -> String {
        match self {
            Self::Admins => "admins only".to_owned(),
            Self::Everyone => "everyone".to_owned(),
            Self::SignedIn => "signed in".to_owned(),
            Self::Owner(field) => format!("owner ({field})"),
            Self::Rule => "by rule".to_owned(),
        }
    }

    fn class(&self) -> &'static str {
        match self {
            Self::Admins => "access closed",
            Self::Everyone => "access open",
            Self::SignedIn | Self::Owner(_) | Self::Rule => "access by-rule",
        }
    }
}

/// The fields that may name the owner of a row.
pub fn owner_fields(collection: &Collection) -> impl Iterator<Item = &str> {
    let named = |field: &&Field| {
        field.type_ == FieldType::Relation && !field.array && field.collection.as_deref() == Some("users")
    };
    collection.fields.iter().filter(named).map(|field| field.name.as_str())
}

/// The rule that lets the owner pass. An update may not give the row away.
pub fn owner_rule(kind: RuleKind, field: &str) -> String {
    match kind {
        RuleKind::Update => format!("{field} = @user.id and @new.{field} = {field}"),
        _ => format!("{field} = @user.id"),
    }
}

/// What a rule guards, as a word and a picture.
pub fn kind_words(kind: RuleKind) -> (&'static str, IconName) {
    match kind {
        RuleKind::List => ("List", IconName::List),
        RuleKind::View => ("View", IconName::Eye),
        RuleKind::Create => ("Create", IconName::Plus),
        RuleKind::Update => ("Update", IconName::Pencil),
        RuleKind::Delete => ("Delete", IconName::Trash2),
    }
}

/// The five rules of a collection as small marks.
#[component]
pub fn AccessMarks(collection: Collection) -> impl IntoView {
    let marks = RuleKind::ALL.map(|kind| {
        let access = Access::of(kind, collection.rules.of(kind).as_deref(), &collection);
        let (word, icon) = kind_words(kind);
        let text = format!("{word}: {}", access.words());
        view! {
            <li class=access.class() data-tip=text.clone()>
                <Icon name=icon />
                <span class="visually-hidden">{text.clone()}</span>
            </li>
        }
    });
    view! { <ul class="access-marks">{marks.into_iter().collect_view()}</ul> }
}

/// What the marks mean.
#[component]
pub fn AccessLegend() -> impl IntoView {
    view! {
        <p class="access-legend">
            <span class="access open" aria-hidden="true"></span>
            "everyone"
            <span class="access by-rule" aria-hidden="true"></span>
            "by a rule"
            <span class="access closed" aria-hidden="true"></span>
            "admins only"
        </p>
    }
}

#[cfg(test)]
mod tests {
    use annex_openapi::users;

    use super::*;

    fn posts() -> Collection {
        let mut posts = users::collection();
        let mut author = posts.fields[0].clone();
        author.name = "author".to_owned();
        author.type_ = FieldType::Relation;
        author.collection = Some("users".to_owned());
        posts.fields.push(author);
        posts
    }

    #[test]
    fn rules_are_recognised() {
        let posts = posts();
        for (kind, rule, access) in [
            (RuleKind::List, None, Access::Admins),
            (RuleKind::List, Some(""), Access::Everyone),
            (RuleKind::List, Some(" "), Access::Everyone),
            (RuleKind::List, Some(SIGNED_IN), Access::SignedIn),
            (RuleKind::List, Some("author = @user.id"), Access::Owner("author".to_owned())),
            (RuleKind::Update, Some("author = @user.id"), Access::Rule),
            (
                RuleKind::Update,
                Some("author = @user.id and @new.author = author"),
                Access::Owner("author".to_owned()),
            ),
            (RuleKind::List, Some("id = @user.id"), Access::Rule),
        ] {
            assert_eq!(Access::of(kind, rule, &posts), access, "{rule:?}");
        }
    }
}
