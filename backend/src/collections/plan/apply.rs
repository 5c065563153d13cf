//! What makes the database match a file: what is missing is made, what differs is changed, and what the file does not
//! have stays, unless it is to be pruned. A renaming is never guessed.

use std::collections::HashMap;

use annex_openapi::collections::{
    AddField, AddIndex, AlterField, ApplyRequest, Change, CollectionSpec, DropField, DropIndex, Field,
    FieldSpec, FieldType, IndexKind, IndexSpec, OnDelete,
};

use super::alter_field::unchanged;
use super::state::Entry;
use super::{Planner, Reach, State};
use crate::collections::ddl::default::default_sql;
use crate::collections::ddl::survey::Subject;
use crate::problem::Result;

/// How Postgres spells the default of a field: by collection and field.
pub(in crate::collections) type Spelled = HashMap<(String, String), String>;

/// A change, with its place in the request.
type Placed = (Change, String);

/// What is to be done.
#[derive(Debug)]
pub(in crate::collections) struct Difference<'a> {
    create: Vec<(&'a CollectionSpec, String)>,
    change: Vec<Changed<'a>>,
    delete: Vec<String>,
}

/// A collection that is there, and what is to be changed, each with its place in the request.
#[derive(Debug)]
struct Changed<'a> {
    spec: &'a CollectionSpec,
    pointer: String,
    changes: Vec<Placed>,
}

/// The defaults whose spelling must be known before anything can be compared: for each its collection and field, its
/// type and its expression.
pub(in crate::collections) fn defaults_to_spell(
    state: &State,
    request: &ApplyRequest,
) -> Vec<((String, String), (String, String))> {
    let mut defaults = Vec::new();
    for spec in &request.collections {
        let Some(entry) = state.entries.get(&spec.name) else { continue };
        for asked in &spec.fields {
            let Some(field) = entry.collection.field(&asked.name).filter(|field| field.default.is_some())
            else {
                continue;
            };
            let Some(value) = asked.default.as_ref().filter(|_| same_type(asked, field)) else { continue };
            let sql =
                default_sql(value, asked.type_, asked.array, asked.values.as_deref(), &field.native_type);
            if let Ok(sql) = sql {
                let place = (spec.name.clone(), asked.name.clone());
                defaults.push((place, (field.native_type.clone(), sql)));
            }
        }
    }
    defaults
}

fn same_type(asked: &FieldSpec, field: &Field) -> bool {
    asked.type_ == field.type_ && asked.array == field.array && asked.values == field.values
}

impl<'a> Difference<'a> {
    /// Compares; `adopted` are the collections of the tables that the request adopts.
    pub(in crate::collections) fn new(
        state: &State,
        request: &'a ApplyRequest,
        adopted: &[String],
        spelled: &Spelled,
    ) -> Self {
        let (mut create, mut change) = (Vec::new(), Vec::new());
        for (place, spec) in request.collections.iter().enumerate() {
            let pointer = format!("/collections/{place}");
            match state.entries.get(&spec.name).filter(|entry| !entry.built_in()) {
                Some(entry) => {
                    let changes = changes(entry, spec, &pointer, request.prune, spelled);
                    change.push(Changed { spec, pointer, changes });
                }
                None => create.push((spec, pointer)),
            }
        }
        let kept = |name: &String| {
            adopted.contains(name) || request.collections.iter().any(|spec| spec.name == *name)
        };
        let extra =
            state.entries.iter().filter(|(name, entry)| request.prune && !entry.built_in() && !kept(name));
        Self { create, change, delete: extra.map(|(name, _)| name.clone()).collect() }
    }

    /// The tables whose rows matter to what is to be done.
    pub(in crate::collections) fn subjects(&self, state: &State) -> Vec<Subject> {
        let mut subjects: Vec<Subject> = Vec::new();
        let subject = |name: &str, fields: Vec<String>| {
            state.entries.get(name).map(|entry| Subject {
                collection: name.to_owned(),
                schema: entry.origin.schema.clone(),
                table: entry.origin.table.clone(),
                fields,
            })
        };
        for changed in &self.change {
            let dropped = changed.changes.iter().filter_map(|(change, _)| match change {
                Change::DropField(drop) => Some(drop.name.clone()),
                _ => None,
            });
            let dropped: Vec<String> = dropped.collect();
            let added = changed.changes.iter().any(|(change, _)| matches!(change, Change::AddField(_)));
            if added || !dropped.is_empty() {
                subjects.extend(subject(&changed.spec.name, dropped));
            }
        }
        let deleted = self.delete.iter().filter(|name| state.entries[*name].origin.managed);
        subjects.extend(deleted.filter_map(|name| subject(name, Vec::new())));
        subjects
    }
}

impl Planner {
    /// Makes the database match the file.
    ///
    /// # Errors
    /// What is wrong with the file, or cannot be done.
    pub(in crate::collections) fn apply(&mut self, difference: &Difference<'_>) -> Result<()> {
        self.check_file(difference)?;
        self.expected = difference.create.iter().map(|(spec, _)| spec.name.clone()).collect();
        for (spec, pointer) in &difference.create {
            self.create(spec, pointer)?;
        }
        for Changed { spec, pointer, changes } in &difference.change {
            for (change, at) in changes {
                match change {
                    Change::AddField(add) => self.add_field(&spec.name, &add.field, at)?,
                    Change::AlterField(alter) => self.alter_field(&spec.name, alter, at)?,
                    Change::DropField(drop) => self.drop_field(&spec.name, &drop.name, at)?,
                    Change::AddIndex(add) => self.add_index(&spec.name, &add.index, at)?,
                    Change::DropIndex(drop) => self.drop_index(&spec.name, drop, at)?,
                    Change::Rename(_) | Change::RenameField(_) => {}
                }
            }
            let entry = self.after.entries.get_mut(&spec.name).expect("it was looked up");
            if entry.collection.rules != spec.rules {
                entry.collection.rules = spec.rules.clone();
            }
            self.set_realtime(&spec.name, spec.realtime, &format!("{pointer}/realtime"));
            self.rules_given.push((spec.name.clone(), format!("{pointer}/rules")));
            self.asked.push(spec.name.clone());
        }
        self.delete(&difference.delete, Reach::default())
    }

    /// Checks what can be wrong with a file before anything is compared.
    fn check_file(&mut self, difference: &Difference<'_>) -> Result<()> {
        let created = difference.create.iter().map(|(spec, pointer)| (*spec, pointer));
        let changed = difference.change.iter().map(|changed| (changed.spec, &changed.pointer));
        let all: Vec<(&CollectionSpec, &String)> = created.chain(changed).collect();
        for (place, (spec, pointer)) in all.iter().enumerate() {
            if all[..place].iter().any(|(other, _)| other.name == spec.name) {
                let detail = format!("`{}` is there twice", spec.name);
                self.error(format!("{pointer}/name"), "duplicate", detail);
            }
        }
        for Changed { spec, pointer, .. } in &difference.change {
            if !self.entry(&spec.name)?.origin.managed {
                let detail = format!("`{}` was adopted: it belongs under `adopt`", spec.name);
                self.error(format!("{pointer}/name"), "not_allowed", detail);
            }
            for (place, field) in spec.fields.iter().enumerate() {
                let at = format!("{pointer}/fields/{place}");
                self.check_field_name(&field.name, &format!("{at}/name"));
                if spec.fields[..place].iter().any(|other| other.name == field.name) {
                    self.error(format!("{at}/name"), "duplicate", format!("`{}` is there twice", field.name));
                }
                self.check_members(field, &at);
            }
        }
        self.no_errors()
    }
}

fn changes(
    entry: &Entry,
    spec: &CollectionSpec,
    pointer: &str,
    prune: bool,
    spelled: &Spelled,
) -> Vec<Placed> {
    let mut changes = Vec::new();
    let (added_indexes, dropped_indexes) = index_changes(entry, spec, pointer, prune);
    changes.extend(dropped_indexes);
    for (place, asked) in spec.fields.iter().enumerate() {
        let at = format!("{pointer}/fields/{place}");
        match entry.collection.field(&asked.name) {
            None => changes.push((Change::AddField(AddField { field: asked.clone() }), at)),
            Some(field) => {
                changes.extend(field_change(spec, asked, field, spelled).map(|change| (change, at)))
            }
        }
    }
    if prune {
        let extra = entry.collection.fields.iter().filter(|field| {
            !field.system && !field.primary_key && !spec.fields.iter().any(|asked| asked.name == field.name)
        });
        changes
            .extend(extra.map(|field| {
                (Change::DropField(DropField { name: field.name.clone() }), pointer.to_owned())
            }));
    }
    if prune {
        // The file names everything that is to be hidden.
        let lost = entry.lost.iter().filter(|lost| !spec.fields.iter().any(|asked| asked.name == **lost));
        let let_go = |name: &String| AlterField { hidden: Some(false), ..unchanged(name) };
        changes.extend(lost.map(|name| (Change::AlterField(let_go(name)), pointer.to_owned())));
    }
    changes.extend(added_indexes);
    changes
}

fn field_change(
    spec: &CollectionSpec,
    asked: &FieldSpec,
    field: &Field,
    spelled: &Spelled,
) -> Option<Change> {
    let mut alter = unchanged(&asked.name);
    let differs = |asked: bool, is: bool| (asked != is).then_some(asked);
    alter.type_ = (asked.type_ != field.type_).then_some(asked.type_);
    alter.array = differs(asked.array, field.array);
    alter.required = differs(asked.required, field.required);
    // A unique index over the field alone, under `indexes`, says the same.
    let by_index = spec
        .indexes
        .iter()
        .any(|index| index.kind == IndexKind::Unique && index.fields == [asked.name.as_str()]);
    alter.unique = differs(asked.unique || by_index, field.unique);
    alter.hidden = differs(asked.hidden, field.hidden);
    if asked.type_ == FieldType::Enum && asked.values != field.values {
        alter.values = Some(asked.values.clone().unwrap_or_default());
    }
    if asked.type_ == FieldType::Relation {
        let on_delete = asked.on_delete.unwrap_or(OnDelete::Restrict);
        alter.collection = asked.collection.clone().filter(|name| Some(name) != field.collection.as_ref());
        alter.on_delete = (Some(on_delete) != field.on_delete).then_some(on_delete);
    }
    let known = spelled.get(&(spec.name.clone(), asked.name.clone()));
    alter.default = match (&asked.default, &field.default) {
        (None, Some(_)) => Some(None),
        (Some(_), Some(is)) if known == Some(is) => None,
        (Some(value), _) => Some(Some(value.clone())),
        (None, None) => None,
    };
    (alter != unchanged(&asked.name)).then_some(Change::AlterField(alter))
}

/// The indexes to make and to drop.
fn index_changes(
    entry: &Entry,
    spec: &CollectionSpec,
    pointer: &str,
    prune: bool,
) -> (Vec<Placed>, Vec<Placed>) {
    let (mut added, mut dropped) = (Vec::new(), Vec::new());
    let mut kept: Vec<&str> = Vec::new();
    let drop = |name: &str| (Change::DropIndex(DropIndex { name: name.to_owned() }), pointer.to_owned());
    for (place, asked) in spec.indexes.iter().enumerate() {
        let there = entry.collection.indexes.iter().find(|index| {
            index.kind == Some(asked.kind)
                && index.fields == asked.fields
                && asked.name.as_ref().is_none_or(|name| *name == index.name)
        });
        if let Some(there) = there {
            kept.push(&there.name);
            continue;
        }
        let namesake = entry.collection.indexes.iter().find(|index| Some(&index.name) == asked.name.as_ref());
        dropped.extend(namesake.map(|index| drop(&index.name)));
        let index = IndexSpec { name: asked.name.clone(), ..asked.clone() };
        added.push((Change::AddIndex(AddIndex { index }), format!("{pointer}/indexes/{place}")));
    }
    if prune {
        for index in &entry.collection.indexes {
            let implied = match (&index.kind, &index.fields[..]) {
                (None, _) => true,
                // What `unique` says is changed with the field.
                (Some(IndexKind::Unique), [_]) => true,
                (Some(IndexKind::Plain), [field]) => {
                    spec.fields.iter().any(|asked| asked.name == *field && asked.type_ == FieldType::Relation)
                }
                _ => false,
            };
            let replaced = spec.indexes.iter().any(|asked| asked.name.as_ref() == Some(&index.name));
            if !implied && !replaced && !kept.contains(&index.name.as_str()) {
                dropped.push(drop(&index.name));
            }
        }
    }
    (added, dropped)
}
