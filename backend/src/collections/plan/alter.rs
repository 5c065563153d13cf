//! Changing a collection's table.

use annex_openapi::collections::{Change, DropIndex, FieldSpec, IndexSpec, Lock, RenameField};
use annex_openapi::near::nearest;

use super::field::TableName;
use super::{Planner, conflict};
use crate::collections::catalogue::{Demand, Identifier};
use crate::collections::ddl::statements::{self, Alteration};
use crate::problem::{FieldError, Problem, Result};

impl Planner {
    /// Makes the changes, in order; gives the collection's name afterwards.
    ///
    /// # Errors
    /// What is wrong with one of them.
    pub(in crate::collections) fn change(&mut self, collection: &str, changes: &[Change]) -> Result<String> {
        let mut name = collection.to_owned();
        for (place, change) in changes.iter().enumerate() {
            let at = format!("/changes/{place}");
            self.check_changeable(&name)?;
            match change {
                Change::Rename(rename) => {
                    self.rename(&name, &rename.name, &at)?;
                    name.clone_from(&rename.name);
                }
                Change::AddField(add) => self.add_field(&name, &add.field, &format!("{at}/field"))?,
                Change::RenameField(rename) => self.rename_field(&name, rename, &at)?,
                Change::AlterField(alter) => self.alter_field(&name, alter, &at)?,
                Change::DropField(drop) => self.drop_field(&name, &drop.name, &at)?,
                Change::AddIndex(add) => self.add_index(&name, &add.index, &format!("{at}/index"))?,
                Change::DropIndex(drop) => self.drop_index(&name, drop, &at)?,
            }
        }
        self.asked.push(name.clone());
        Ok(name)
    }

    fn rename(&mut self, from: &str, to: &str, pointer: &str) -> Result<()> {
        let at = format!("{pointer}/name");
        self.check_collection_name(to, &at);
        if from != to && self.after.entries.contains_key(to) {
            self.error(at, "duplicate", format!("There is a collection `{to}` already"));
        }
        self.no_errors()?;
        if from == to {
            return Ok(());
        }
        self.rewrite_rules(|rule, _| Ok(rule.rename_collection(from, to)));
        let mut entry = self.after.entries.remove(from).expect("it was looked up");
        // The table of another program keeps the name that the program knows it by.
        if entry.origin.managed {
            let renamed = Identifier::quote(to);
            self.step(statements::alter_table(&entry.table(), &Alteration::Rename(&renamed)), Lock::Brief);
            to.clone_into(&mut entry.origin.table);
            entry.collection.table = format!("{}.{to}", entry.origin.schema);
        }
        to.clone_into(&mut entry.collection.name);
        self.after.entries.insert(to.to_owned(), entry);
        let fields = self.after.entries.values_mut().flat_map(|entry| &mut entry.collection.fields);
        for target in fields.filter_map(|field| field.collection.as_mut()).filter(|target| *target == from) {
            to.clone_into(target);
        }
        Ok(())
    }

    /// Adds a field.
    pub(super) fn add_field(&mut self, collection: &str, spec: &FieldSpec, pointer: &str) -> Result<()> {
        let entry = self.entry(collection)?;
        if entry.lost.contains(&spec.name) {
            return Err(lost(collection, &spec.name, &format!("{pointer}/name")));
        }
        let (origin, table) = (entry.origin.clone(), entry.table());
        if entry.collection.field(&spec.name).is_some() {
            let detail = format!("There is a field `{}` already", spec.name);
            self.error(format!("{pointer}/name"), "duplicate", detail);
        }
        let rows = self.survey.rows.get(collection).filter(|rows| !rows.is_zero()).copied();
        if let Some(rows) = rows.filter(|_| spec.required && spec.default.is_none()) {
            let detail =
                format!("The {} that are there would have no value of `{}`", rows.of("row"), spec.name);
            self.error(format!("{pointer}/required"), "required", detail);
            let hint =
                "Give the field a default, or add it without `required`, fill it, and make it required then";
            self.hint = Some(hint.to_owned());
        }
        let owner = TableName { schema: &origin.schema, table: &origin.table };
        let planned = self.plan_field(collection, &owner, spec, pointer);
        self.no_errors()?;
        let Some(planned) = planned else { return Ok(()) };
        let volatile =
            planned.definition.default.as_deref().is_some_and(|default| default.contains("uuid_v7()"));
        let lock = if volatile || spec.unique { Lock::Rewrite } else { Lock::Brief };
        self.step(statements::alter_table(&table, &Alteration::AddColumn(&planned.definition)), lock);
        let relation = planned.field.collection.is_some();
        self.take_in(collection, planned);
        if relation {
            self.index_relation(collection, &spec.name);
        }
        Ok(())
    }

    fn rename_field(&mut self, collection: &str, rename: &RenameField, pointer: &str) -> Result<()> {
        let (from, to) = (rename.name.as_str(), rename.to.as_str());
        self.check_own_field(collection, from, &format!("{pointer}/name"))?;
        let at = format!("{pointer}/to");
        self.check_field_name(to, &at);
        if from != to && self.entry(collection)?.collection.field(to).is_some() {
            self.error(at, "duplicate", format!("There is a field `{to}` already"));
        }
        self.no_errors()?;
        if from == to {
            return Ok(());
        }
        self.rewrite_rules(|rule, scope| rule.rename_field(scope, collection, from, to));
        let (old, new) = (Identifier::quote(from), Identifier::quote(to));
        let sql =
            statements::alter_table(&self.entry(collection)?.table(), &Alteration::RenameColumn(&old, &new));
        self.step(sql, Lock::Brief);
        for entry in self.after.entries.values_mut() {
            let own = entry.collection.name == collection;
            for field in &mut entry.collection.fields {
                if own && field.name == from {
                    to.clone_into(&mut field.name);
                    field.hidden |= entry.lost.iter().any(|lost| lost == to);
                }
                if field.collection.as_deref() == Some(collection)
                    && field.references.as_deref() == Some(from)
                {
                    field.references = Some(to.to_owned());
                }
            }
        }
        let entry = self.after.entries.get_mut(collection).expect("it was looked up");
        entry.lost.retain(|lost| lost != to);
        let named_key = entry.origin.named_key.iter_mut().flatten();
        let keys = entry.collection.primary_key.iter_mut().chain(named_key);
        let constraints = entry.constraints.iter_mut().flat_map(|constraint| &mut constraint.fields);
        keys.chain(constraints).filter(|name| *name == from).for_each(|name| to.clone_into(name));
        for name in entry.collection.indexes.iter_mut().flat_map(|index| &mut index.fields) {
            if name == from {
                to.clone_into(name);
            } else if name.strip_prefix('-') == Some(from) {
                *name = format!("-{to}");
            }
        }
        Ok(())
    }

    /// Drops a field.
    pub(super) fn drop_field(&mut self, collection: &str, name: &str, pointer: &str) -> Result<()> {
        self.check_own_field(collection, name, &format!("{pointer}/name"))?;
        let entry = self.entry(collection)?;
        if entry.collection.primary_key.iter().any(|key| key == name) {
            let detail = format!("`{name}` is part of the key, by which records are found");
            self.error(format!("{pointer}/name"), "not_allowed", detail);
        }
        self.no_errors()?;
        let table = self.entry(collection)?.table();
        let managed = self.entry(collection)?.origin.managed;
        let entry = self.after.entries.get_mut(collection).expect("it was looked up");
        let place = entry.collection.fields.iter().position(|field| field.name == name);
        let field = entry.collection.fields.remove(place.expect("it was looked up"));
        let uses = |fields: &[String]| fields.iter().any(|used| used.trim_start_matches('-') == name);
        let lost: Vec<String> = entry
            .collection
            .indexes
            .iter()
            .filter(|index| uses(&index.fields))
            .map(|index| format!("the index `{}`", index.name))
            .collect();
        entry.collection.indexes.retain(|index| !uses(&index.fields));
        entry.constraints.retain(|constraint| !uses(&constraint.fields));
        let values = self.survey.values.get(&(collection.to_owned(), name.to_owned()));
        let values = values.filter(|values| !values.is_zero());
        let mut loses: Vec<String> =
            values.map(|values| format!("{} of `{name}`", values.of("value"))).into_iter().collect();
        loses.extend(lost);
        let column = Identifier::quote(name);
        let sql = statements::alter_table(&table, &Alteration::DropColumn(&column));
        if loses.is_empty() {
            self.step(sql, Lock::Brief);
        } else {
            self.losing_step(sql, Lock::Brief, loses.join(", "));
        }
        if managed && field.values.is_some() {
            self.drop_enum(&field.native_type);
        }
        Ok(())
    }

    /// Adds an index.
    pub(super) fn add_index(&mut self, collection: &str, spec: &IndexSpec, pointer: &str) -> Result<()> {
        self.plan_index(collection, spec, pointer);
        self.no_errors()
    }

    /// Drops an index, or the constraint that it belongs to.
    pub(super) fn drop_index(&mut self, collection: &str, drop: &DropIndex, pointer: &str) -> Result<()> {
        let name = drop.name.as_str();
        let entry = self.entry(collection)?;
        let Some(index) = entry.collection.indexes.iter().find(|index| index.name == name) else {
            let near = nearest(name, entry.collection.indexes.iter().map(|index| index.name.as_str()));
            let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            let detail = format!("`{collection}` has no index `{name}`{near}");
            return Err(invalid(format!("{pointer}/name"), "unknown_index", detail));
        };
        let fields = index.fields.clone();
        let table = entry.table();
        let is_constraint = entry.constraints.iter().any(|constraint| {
            constraint.name == name && matches!(constraint.demand, Demand::Unique | Demand::Exclusion)
        });
        let sql = if is_constraint {
            statements::alter_table(&table, &Alteration::DropConstraint(&Identifier::quote(name)))
        } else {
            statements::drop_index(&entry.beside(name))
        };
        self.step(sql, Lock::Brief);
        let entry = self.after.entries.get_mut(collection).expect("it was looked up");
        entry.collection.indexes.retain(|index| index.name != name);
        entry.constraints.retain(|constraint| constraint.name != name);
        self.settle_unique(collection, fields.first().map(String::as_str).unwrap_or_default());
        Ok(())
    }

    /// Says anew whether a field is unique by itself.
    pub(super) fn settle_unique(&mut self, collection: &str, field: &str) {
        let entry = self.after.entries.get_mut(collection).expect("it was looked up");
        let name = field.trim_start_matches('-');
        let unique = entry.is_unique(name);
        if let Some(field) = entry.collection.fields.iter_mut().find(|field| field.name == name) {
            field.unique = unique;
        }
    }

    /// Fails where there is no such field, or it is one that comes by itself.
    pub(super) fn check_own_field(&self, collection: &str, name: &str, pointer: &str) -> Result<()> {
        let entry = self.entry(collection)?;
        let Some(field) = entry.collection.field(name) else {
            let near = nearest(name, entry.collection.fields.iter().map(|field| field.name.as_str()));
            let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            let detail = format!("`{collection}` has no field `{name}`{near}");
            return Err(invalid(pointer, "unknown_field", detail));
        };
        if field.system {
            let detail = format!("`{name}` comes by itself and stays as it is");
            return Err(
                conflict(detail.clone()).with_errors(vec![FieldError::new(pointer, "reserved", detail)])
            );
        }
        Ok(())
    }
}

/// A hidden field of that name was lost: its values may go by another name, which nobody hides if the name is taken.
fn lost(collection: &str, name: &str, pointer: &str) -> Problem {
    let detail =
        format!("`{collection}` had a hidden field `{name}`, whose column is gone or has another name");
    let error = FieldError::new(pointer, "lost", detail.clone());
    conflict(detail).with_errors(vec![error]).with_hint(format!(
        "Hide the field that it became, if any, and let go of the name: `alter_field` with `name` `{name}` and `hidden` false"
    ))
}

fn invalid(pointer: impl Into<String>, code: &str, detail: impl Into<String>) -> Problem {
    Problem::validation(vec![FieldError::new(pointer, code, detail)])
}
