//! What an expression may name: the collection it is about, the others, and what it is for.

use std::collections::{BTreeMap, HashMap};

use crate::collections::{Collection, Field};

/// What is called so is no collection: the fields are the parameters of a channel's topic.
pub const TOPIC: &str = "@topic";

/// The collections that there are, as far as the one who wrote the expression may know.
pub trait Catalogue {
    /// The collection of that name.
    fn collection(&self, name: &str) -> Option<&Collection>;

    /// The names of all, for suggestions.
    fn names(&self) -> Vec<&str>;
}

impl Catalogue for Vec<Collection> {
    fn collection(&self, name: &str) -> Option<&Collection> {
        self.iter().find(|collection| collection.name == name)
    }

    fn names(&self) -> Vec<&str> {
        self.iter().map(|collection| collection.name.as_str()).collect()
    }
}

impl Catalogue for HashMap<String, Collection> {
    fn collection(&self, name: &str) -> Option<&Collection> {
        self.get(name)
    }

    fn names(&self) -> Vec<&str> {
        self.keys().map(String::as_str).collect()
    }
}

impl Catalogue for BTreeMap<String, Collection> {
    fn collection(&self, name: &str) -> Option<&Collection> {
        self.get(name)
    }

    fn names(&self) -> Vec<&str> {
        self.keys().map(String::as_str).collect()
    }
}

/// What an expression is checked against.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// The collection whose rows it is about.
    pub collection: &'a Collection,
    /// All collections, for relations and `exists`.
    pub collections: &'a dyn Catalogue,
    /// What it is for.
    pub purpose: Purpose,
}

impl Scope<'_> {
    /// Whether the field exists as far as the author may know.
    pub(super) fn shows(&self, field: &Field) -> bool {
        !field.hidden || self.purpose != (Purpose::Filter { hidden: false })
    }
}

/// What an expression is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A caller chooses rows with it.
    Filter {
        /// Whether the caller may use hidden fields. To anyone else they do not exist.
        hidden: bool,
    },
    /// An admin guards rows with it: every field may be used.
    Rule(RuleKind),
}

/// What a rule guards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RuleKind {
    /// Which rows a list may return.
    List,
    /// Which rows may be read by key.
    View,
    /// Which rows may be created.
    Create,
    /// Which rows may be changed.
    Update,
    /// Which rows may be deleted.
    Delete,
}

impl RuleKind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::List, Self::View, Self::Create, Self::Update, Self::Delete];

    /// As it stands in `rules`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::View => "view",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}
