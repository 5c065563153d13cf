//! Making a collection.

use std::collections::HashSet;

use annex_openapi::collections::{
    Collection, CollectionKind, CollectionSpec, Field, FieldType, IndexKind, IndexSpec, Lock, RuleClasses,
};

use super::field::TableName;
use super::state::Entry;
use super::{Planner, conflict};
use crate::collections::catalogue::{Identifier, Origin};
use crate::collections::ddl::statements::{self, Alteration};
use crate::problem::{FieldError, Result};

/// The schema that collections are made in.
const SCHEMA: &str = "public";

/// The most fields of a collection; Postgres itself has a limit of 1,600 columns.
const MOST_FIELDS: usize = 1_000;

impl Planner {
    /// Makes a collection.
    ///
    /// # Errors
    /// What is wrong with the request, or there is a collection of that name.
    pub(in crate::collections) fn create(&mut self, spec: &CollectionSpec, pointer: &str) -> Result<()> {
        if self.after.entries.contains_key(&spec.name) && spec.name != "users" {
            let at = format!("{pointer}/name");
            let detail = format!("There is a collection `{}` already", spec.name);
            return Err(conflict(detail.clone()).with_errors(vec![FieldError::new(at, "duplicate", detail)]));
        }
        self.check_collection_name(&spec.name, &format!("{pointer}/name"));
        if spec.fields.len() > MOST_FIELDS {
            let detail = format!("A collection has at most {MOST_FIELDS} fields");
            self.error(format!("{pointer}/fields"), "invalid", detail);
        }
        self.no_errors()?;
        let owner = TableName { schema: SCHEMA, table: &spec.name };
        let (mut planned, mut seen) = (Vec::new(), HashSet::new());
        for (place, field) in spec.fields.iter().enumerate() {
            let at = format!("{pointer}/fields/{place}");
            if !seen.insert(&field.name) {
                self.error(format!("{at}/name"), "duplicate", format!("`{}` is there twice", field.name));
            }
            planned.extend(self.plan_field(&spec.name, &owner, field, &at));
        }
        if !self.errors.is_empty() {
            // An index over a field that is wrong itself would be a second complaint about the same thing.
            return self.no_errors();
        }
        let table = Identifier::qualified(SCHEMA, &spec.name);
        let definitions: Vec<_> = planned.iter().map(|planned| planned.definition.clone()).collect();
        self.step(statements::create_table(&table, &definitions), Lock::None);
        if planned.iter().any(|planned| planned.definition.references.is_some()) {
            // A foreign key keeps writes of what it points at waiting while it is made.
            self.steps.last_mut().expect("it was added").lock = Lock::Writes;
        }
        self.step(statements::touch_updated_at(&table), Lock::None);
        self.expected.retain(|expected| expected != &spec.name);
        self.after.entries.insert(spec.name.clone(), entry(spec));
        for planned in planned {
            self.take_in(&spec.name, planned);
        }
        let times = ["created_at", "updated_at"]
            .map(|name| system_field(name, FieldType::Timestamp, "timestamp with time zone", "now()"));
        let made = self.after.entries.get_mut(&spec.name).expect("it was added");
        made.collection.fields.extend(times);
        for (place, index) in spec.indexes.iter().enumerate() {
            self.plan_index(&spec.name, index, &format!("{pointer}/indexes/{place}"));
        }
        for field in spec.fields.iter().filter(|field| field.type_ == FieldType::Relation) {
            self.index_relation(&spec.name, &field.name);
        }
        self.set_realtime(&spec.name, spec.realtime, &format!("{pointer}/realtime"));
        self.rules_given.push((spec.name.clone(), format!("{pointer}/rules")));
        self.asked.push(spec.name.clone());
        self.no_errors()
    }

    /// Gives a relation an index, where none begins with it: without one, each delete of a row that is pointed at
    /// would read the whole table.
    pub(super) fn index_relation(&mut self, collection: &str, field: &str) {
        if self.after.entries.get(collection).is_some_and(|entry| !entry.is_indexed(field)) {
            let spec = IndexSpec { name: None, fields: vec![field.to_owned()], kind: IndexKind::Plain };
            self.plan_index(collection, &spec, "/indexes");
        }
    }

    /// Makes the relations that waited for their target.
    pub(super) fn make_waiting_relations(&mut self) {
        for waiting in std::mem::take(&mut self.waiting) {
            let alteration = Alteration::AddForeignKey(&waiting.column, &waiting.reference);
            self.step(statements::alter_table(&waiting.table, &alteration), Lock::Writes);
        }
    }
}

/// The collection, with its key and without its fields.
fn entry(spec: &CollectionSpec) -> Entry {
    let id = Field {
        unique: true,
        primary_key: true,
        ..system_field("id", FieldType::Uuid, "uuid", "annex.uuid_v7()")
    };
    Entry {
        collection: Collection {
            name: spec.name.clone(),
            table: format!("{SCHEMA}.{}", spec.name),
            kind: CollectionKind::Table,
            primary_key: vec!["id".to_owned()],
            fields: vec![id],
            indexes: Vec::new(),
            incoming: Vec::new(),
            rules: spec.rules.clone(),
            rule_classes: RuleClasses::default(),
            realtime: false,
            problems: Vec::new(),
        },
        origin: Origin {
            oid: None,
            schema: SCHEMA.to_owned(),
            table: spec.name.clone(),
            managed: true,
            named_key: None,
        },
        constraints: Vec::new(),
        unserved: Vec::new(),
        lost: Vec::new(),
    }
}

fn system_field(name: &str, type_: FieldType, native_type: &str, default: &str) -> Field {
    Field {
        name: name.to_owned(),
        type_,
        array: false,
        required: true,
        unique: false,
        primary_key: false,
        read_only: false,
        system: true,
        hidden: false,
        default: Some(default.to_owned()),
        values: None,
        collection: None,
        references: None,
        key_type: None,
        on_delete: None,
        native_type: native_type.to_owned(),
        database_alone: None,
    }
}
