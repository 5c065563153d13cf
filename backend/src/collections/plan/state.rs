//! Collections as they are or will be, with what the database knows of them beyond the contract.

use std::collections::BTreeMap;

use annex_openapi::collections::{Collection, CollectionKind, RuleClasses, Rules};
use annex_openapi::expression;

use crate::collections::catalogue::assemble::incoming;
use crate::collections::catalogue::{Demand, Identifier, Origin, Snapshot, Table, Unserved};

/// All collections at one point of a plan.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::collections) struct State {
    pub(in crate::collections) entries: BTreeMap<String, Entry>,
}

/// A collection at one point of a plan.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::collections) struct Entry {
    pub(in crate::collections) collection: Collection,
    pub(in crate::collections) origin: Origin,
    pub(in crate::collections) constraints: Vec<Named>,
    pub(in crate::collections) unserved: Vec<Unserved>,
    /// The names of hidden fields that there are no such fields of.
    pub(in crate::collections) lost: Vec<String>,
}

/// A constraint by its fields' names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::collections) struct Named {
    pub(in crate::collections) name: String,
    pub(in crate::collections) demand: Demand,
    pub(in crate::collections) fields: Vec<String>,
}

/// What `annex.collections` keeps of a collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::collections) struct Settings {
    pub(in crate::collections) name: String,
    pub(in crate::collections) schema: String,
    pub(in crate::collections) table: String,
    pub(in crate::collections) managed: bool,
    pub(in crate::collections) primary_key: Option<Vec<String>>,
    pub(in crate::collections) hidden: Vec<String>,
    pub(in crate::collections) rules: Rules,
}

impl State {
    pub(in crate::collections) fn of(snapshot: &Snapshot) -> Self {
        let entries = snapshot.tables.iter().map(|(name, table)| (name.clone(), Entry::of(table)));
        Self { entries: entries.collect() }
    }

    /// Whether an index or a table that a collection has is called that.
    pub(super) fn has_relation(&self, name: &str) -> bool {
        self.entries.values().any(|entry| {
            entry.origin.table == name
                || entry.collection.indexes.iter().any(|index| index.name == name)
                || entry.constraints.iter().any(|constraint| constraint.name == name)
        })
    }

    /// Whether a field has a type of that name.
    pub(super) fn has_type(&self, type_sql: &str) -> bool {
        let mut fields = self.entries.values().flat_map(|entry| &entry.collection.fields);
        fields.any(|field| field.native_type.trim_end_matches("[]") == type_sql)
    }

    /// Tells each collection who points at it.
    pub(super) fn settle(&mut self) {
        let relations: Vec<_> = self
            .entries
            .values()
            .map(|entry| incoming(&entry.collection, self.entries.values().map(|other| &other.collection)))
            .collect();
        for (entry, relations) in self.entries.values_mut().zip(relations) {
            entry.collection.incoming = relations;
        }
    }

    /// Works out where the rules of these collections are decided.
    pub(super) fn classify(&mut self, names: &[String]) {
        for name in names {
            let Some(entry) = self.entries.get(name) else { continue };
            let classes = RuleClasses::of_rules(&entry.collection, self);
            if let Some(entry) = self.entries.get_mut(name) {
                entry.collection.rule_classes = classes;
            }
        }
    }

    /// The collections that can be seen, without `users`.
    pub(in crate::collections) fn collections(&self) -> impl Iterator<Item = &Collection> {
        self.entries.values().filter(|entry| !entry.built_in()).map(|entry| &entry.collection)
    }
}

impl expression::Catalogue for State {
    fn collection(&self, name: &str) -> Option<&Collection> {
        self.entries.get(name).map(|entry| &entry.collection)
    }

    fn names(&self) -> Vec<&str> {
        self.entries.keys().map(String::as_str).collect()
    }
}

impl Entry {
    fn of(table: &Table) -> Self {
        let field = |&column: &usize| table.collection.fields[column].name.clone();
        let constraints = table.constraints.iter().map(|constraint| Named {
            name: constraint.name.clone(),
            demand: constraint.demand,
            fields: constraint.columns.iter().map(field).collect(),
        });
        Self {
            collection: table.collection.clone(),
            origin: table.origin.clone(),
            constraints: constraints.collect(),
            unserved: table.unserved.clone(),
            lost: table.lost.clone(),
        }
    }

    /// Its table, quoted.
    pub(super) fn table(&self) -> Identifier {
        Identifier::qualified(&self.origin.schema, &self.origin.table)
    }

    /// A name in its table's schema, quoted.
    pub(super) fn beside(&self, name: &str) -> Identifier {
        Identifier::qualified(&self.origin.schema, name)
    }

    /// Whether it is Annex's own `users`.
    pub(in crate::collections) fn built_in(&self) -> bool {
        self.origin.schema == "annex"
    }

    pub(super) fn is_view(&self) -> bool {
        self.collection.kind == CollectionKind::View
    }

    /// Whether an index begins with the field, so that its values are found without reading the table.
    pub(super) fn is_indexed(&self, field: &str) -> bool {
        let first =
            |fields: &[String]| fields.first().is_some_and(|name| name.trim_start_matches('-') == field);
        self.collection.indexes.iter().any(|index| index.kind.is_some() && first(&index.fields))
            || first(&self.collection.primary_key)
    }

    /// Whether the field is unique by itself, as the indexes now have it.
    pub(super) fn is_unique(&self, field: &str) -> bool {
        let alone = |fields: &[String]| matches!(fields, [only] if only == field);
        alone(&self.collection.primary_key)
            || self.constraints.iter().any(|constraint| {
                matches!(constraint.demand, Demand::Unique | Demand::UniqueIndex) && alone(&constraint.fields)
            })
    }

    /// What is kept of it.
    pub(in crate::collections) fn settings(&self) -> Settings {
        let hidden = self.collection.fields.iter().filter(|field| field.hidden).map(|field| &field.name);
        Settings {
            name: self.collection.name.clone(),
            schema: self.origin.schema.clone(),
            table: self.origin.table.clone(),
            managed: self.origin.managed,
            primary_key: self.origin.named_key.clone(),
            hidden: hidden.chain(&self.lost).cloned().collect(),
            rules: self.collection.rules.clone(),
        }
    }
}
