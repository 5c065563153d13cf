//! Deleting collections.

use annex_openapi::collections::Lock;

use super::{Planner, conflict};
use crate::collections::catalogue::{Demand, Identifier};
use crate::collections::ddl::statements::{self, Alteration};
use crate::problem::{Code, Problem, Result};

/// How far a deletion goes.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::collections) struct Reach {
    /// Whether relations of other collections to this one are dropped with it; their values stay.
    pub(in crate::collections) cascade: bool,
    /// Whether the table of an adopted collection is dropped too.
    pub(in crate::collections) drop: bool,
}

impl Planner {
    /// Deletes collections together: those that point at each other are no obstacle.
    ///
    /// # Errors
    /// Other collections point at one, or there is no such collection.
    pub(in crate::collections) fn delete(&mut self, names: &[String], reach: Reach) -> Result<()> {
        for name in names {
            if self.entry(name)?.built_in() {
                return Err(Problem::new(Code::Forbidden, "`users` is Annex's own and cannot be deleted"));
            }
        }
        let pointing: Vec<(String, String, String)> = self
            .after
            .entries
            .values()
            .flat_map(|entry| entry.collection.fields.iter().map(move |field| (entry, field)))
            .filter_map(|(entry, field)| {
                let target = field.collection.as_ref().filter(|target| names.contains(target))?;
                let own = entry.collection.name == *target;
                (!own).then(|| (entry.collection.name.clone(), field.name.clone(), target.clone()))
            })
            .collect();
        let others = pointing.iter().filter(|(from, ..)| !names.contains(from));
        let others: Vec<String> = others.map(|(from, field, _)| format!("`{from}.{field}`")).collect();
        // A table that stays keeps its relations, whether Annex knows of them or not.
        let dropped = |name: &str| self.after.entries[name].origin.managed || reach.drop;
        if !others.is_empty() && !reach.cascade && names.iter().any(|name| dropped(name)) {
            let detail = format!("{} would point at nothing", others.join(", "));
            return Err(Problem::new(Code::StillReferenced, detail).with_hint(
                "Drop those fields first, or delete with `?cascade=true`: then they stay, as plain fields",
            ));
        }
        let cut: Vec<(String, String)> = pointing
            .into_iter()
            .filter(|(.., target)| dropped(target))
            .map(|(from, field, _)| (from, field))
            .collect();
        for (from, field) in cut {
            self.drop_relation(&from, &field);
        }
        for name in names {
            self.delete_one(name, reach)?;
        }
        Ok(())
    }

    fn delete_one(&mut self, name: &str, reach: Reach) -> Result<()> {
        let entry = self.after.entries.remove(name).expect("it was looked up");
        if !entry.origin.managed && !reach.drop {
            if entry.collection.realtime {
                self.step(statements::set_realtime(&entry.table(), false), Lock::Brief);
            }
            return Ok(());
        }
        let kind = match self.survey.kinds.get(name).map(String::as_str) {
            Some("r" | "p") => "table",
            Some("v") => "view",
            Some("m") => "materialized view",
            Some("f") => "foreign table",
            // The table is gone already: only the settings are left to delete.
            _ => return Ok(()),
        };
        let rows = self.survey.rows.get(name).filter(|rows| !rows.is_zero() && kind != "view");
        let loses = rows.map(|rows| format!("`{name}` with {}", rows.of("row")));
        let sql = statements::drop_relation(kind, &entry.table());
        match loses {
            Some(loses) => self.losing_step(sql, Lock::Brief, loses),
            None => self.step(sql, Lock::Brief),
        }
        if entry.origin.managed {
            for field in entry.collection.fields.iter().filter(|field| field.values.is_some()) {
                self.drop_enum(&field.native_type);
            }
        }
        Ok(())
    }

    /// Drops the type of an enum that no field of a collection has any more.
    pub(super) fn drop_enum(&mut self, native_type: &str) {
        let type_sql = native_type.trim_end_matches("[]");
        let sql = statements::drop_type(type_sql);
        if !self.after.has_type(type_sql) && !self.steps.iter().any(|step| step.sql == sql) {
            self.step(sql, Lock::None);
        }
    }

    /// Makes a relation a plain field.
    pub(super) fn drop_relation(&mut self, collection: &str, field: &str) {
        let entry = self.after.entries.get_mut(collection).expect("it was looked up");
        let table = entry.table();
        let (gone, stay) = std::mem::take(&mut entry.constraints)
            .into_iter()
            .partition(|constraint| constraint.demand == Demand::ForeignKey && constraint.fields == [field]);
        entry.constraints = stay;
        if let Some(field) = entry.collection.fields.iter_mut().find(|candidate| candidate.name == field) {
            field.type_ = field.value_type();
            field.key_type = None;
            field.collection = None;
            field.references = None;
            field.on_delete = None;
        }
        let gone: Vec<super::state::Named> = gone;
        for constraint in gone {
            let name = Identifier::quote(&constraint.name);
            let sql = statements::alter_table(&table, &Alteration::DropConstraint(&name));
            let loses = format!("that `{collection}.{field}` points at rows that are there; its values stay");
            self.losing_step(sql, Lock::Brief, loses);
        }
    }

    /// Refuses a change of what Annex cannot change.
    pub(super) fn check_changeable(&self, collection: &str) -> Result<()> {
        let entry = self.entry(collection)?;
        if entry.built_in() {
            return Err(Problem::new(Code::Forbidden, "`users` is Annex's own and cannot be changed"));
        }
        if entry.is_view() {
            return Err(conflict(format!("`{collection}` is a view: it changes with its definition")));
        }
        Ok(())
    }
}
