//! Changing what a field holds or demands.

use annex_openapi::collections::{AlterField, Field, FieldType, Index, IndexKind, Lock, OnDelete};

use super::state::Named;
use super::{Planner, Waiting, conflict};
use crate::collections::catalogue::{Demand, Identifier};
use crate::collections::ddl::names;
use crate::collections::ddl::statements::{self, Alteration, Reference};
use crate::problem::{FieldError, Problem, Result};

impl Planner {
    /// Changes a field.
    pub(super) fn alter_field(&mut self, collection: &str, alter: &AlterField, pointer: &str) -> Result<()> {
        let only_hidden = AlterField { hidden: None, ..alter.clone() } == unchanged(&alter.name);
        if !only_hidden {
            self.check_own_field(collection, &alter.name, &format!("{pointer}/name"))?;
        }
        if only_hidden && alter.hidden == Some(false) && self.let_go(collection, &alter.name) {
            return Ok(());
        }
        let entry = self.entry(collection)?;
        let Some(was) = entry.collection.field(&alter.name).cloned() else {
            return self.check_own_field(collection, &alter.name, &format!("{pointer}/name"));
        };
        if was.read_only && !only_hidden {
            let detail =
                format!("The database makes the value of `{}`: it changes with its definition", was.name);
            let error = FieldError::new(format!("{pointer}/name"), "not_allowed", detail.clone());
            return Err(conflict(detail).with_errors(vec![error]));
        }
        let is = self.wanted(&was, alter, pointer);
        self.no_errors()?;
        let relation_changes =
            (&is.collection, is.on_delete) != (&was.collection, was.on_delete) && was.collection.is_some();
        if relation_changes {
            self.drop_relation(collection, &was.name);
        }
        self.change_type(collection, &was, &is, alter, pointer)?;
        if is.type_ == FieldType::Relation && (relation_changes || was.type_ != FieldType::Relation) {
            self.make_relation(collection, &is, pointer)?;
        }
        self.change_demands(collection, &was, &is);
        let entry = self.after.entries.get_mut(collection).expect("it was looked up");
        if let Some(field) = entry.collection.fields.iter_mut().find(|field| field.name == was.name) {
            field.hidden = is.hidden;
            field.required = is.required;
        }
        self.settle_unique(collection, &was.name);
        Ok(())
    }

    /// Hides nothing of that name any more, where a hidden field of that name was lost.
    fn let_go(&mut self, collection: &str, name: &str) -> bool {
        let lost = self.after.entries.get_mut(collection).map(|entry| &mut entry.lost);
        let place = lost.as_ref().and_then(|lost| lost.iter().position(|lost| lost == name));
        lost.zip(place).map(|(lost, place)| lost.remove(place)).is_some()
    }

    /// The field as it is asked for, as far as that can be said without the database.
    fn wanted(&mut self, was: &Field, alter: &AlterField, pointer: &str) -> Field {
        let type_ = alter.type_.unwrap_or(was.type_);
        let relation = type_ == FieldType::Relation;
        let mut is = Field {
            type_,
            array: alter.array.unwrap_or(was.array && type_ != FieldType::Relation),
            required: alter.required.unwrap_or(was.required),
            unique: alter.unique.unwrap_or(was.unique),
            hidden: alter.hidden.unwrap_or(was.hidden),
            values: if type_ == FieldType::Enum {
                alter.values.clone().or_else(|| was.values.clone())
            } else {
                None
            },
            collection: if relation {
                alter.collection.clone().or_else(|| was.collection.clone())
            } else {
                None
            },
            on_delete: if relation { alter.on_delete.or(was.on_delete) } else { None },
            ..was.clone()
        };
        if relation && was.type_ != FieldType::Relation {
            is.on_delete = Some(alter.on_delete.unwrap_or(OnDelete::Restrict));
        }
        if type_ == FieldType::Enum {
            self.check_values(is.values.as_deref(), pointer);
        } else if alter.values.is_some() {
            self.error(format!("{pointer}/values"), "not_allowed", "Only an enum has `values`");
        }
        if relation && is.collection.is_none() {
            let detail = "A relation needs the `collection` that it points at";
            self.error(format!("{pointer}/collection"), "required", detail);
        }
        for (given, member) in
            [(alter.collection.is_some(), "collection"), (alter.on_delete.is_some(), "on_delete")]
        {
            if given && !relation {
                self.error(
                    format!("{pointer}/{member}"),
                    "not_allowed",
                    format!("Only a relation has `{member}`"),
                );
            }
        }
        if relation && matches!(alter.default, Some(Some(_))) {
            self.error(format!("{pointer}/default"), "not_allowed", "A relation has no default");
        }
        if is.required && is.on_delete == Some(OnDelete::SetNull) {
            let detail = "A required relation cannot become null: choose `restrict` or `cascade`";
            self.error(format!("{pointer}/on_delete"), "invalid", detail);
        }
        self.check_array(type_, is.array, pointer);
        if was.primary_key && is.hidden {
            let detail = format!("`{}` is part of the key, which every record shows", was.name);
            self.error(format!("{pointer}/hidden"), "not_allowed", detail);
        }
        if was.primary_key
            && (type_ != was.type_ || is.array != was.array || !is.required || !is.unique && was.unique)
        {
            let detail = format!("`{}` is part of the key, by which records are found", was.name);
            self.error(format!("{pointer}/name"), "not_allowed", detail);
        }
        is
    }

    /// Makes a field point at a collection.
    fn make_relation(&mut self, collection: &str, is: &Field, pointer: &str) -> Result<()> {
        let target = is.collection.as_deref().unwrap_or_default();
        let found = self.find_target(collection, target).map_err(|detail| {
            let error = FieldError::new(format!("{pointer}/collection"), "unknown_collection", detail);
            Problem::validation(vec![error])
        })?;
        let entry = self.entry(collection)?;
        let (table, origin) = (entry.table(), entry.origin.clone());
        let taken = |name: &str| entry.constraints.iter().any(|constraint| constraint.name == name);
        let name = names::make(&[&origin.table, &is.name], "fkey", taken);
        let reference = Reference {
            constraint: Identifier::quote(&name),
            table: found.table,
            column: Identifier::quote(&found.key),
            on_delete: is.on_delete.unwrap_or(OnDelete::Restrict),
        };
        let column = Identifier::quote(&is.name);
        if found.expected {
            self.waiting.push(Waiting { table, column, reference });
        } else {
            self.step(
                statements::alter_table(&table, &Alteration::AddForeignKey(&column, &reference)),
                Lock::Writes,
            );
        }
        let entry = self.after.entries.get_mut(collection).expect("it was looked up");
        entry.constraints.push(Named { name, demand: Demand::ForeignKey, fields: vec![is.name.clone()] });
        if let Some(field) = entry.collection.fields.iter_mut().find(|field| field.name == is.name) {
            field.type_ = FieldType::Relation;
            field.key_type = Some(found.key_type);
            field.collection.clone_from(&is.collection);
            field.references = Some(found.key);
            field.on_delete = Some(is.on_delete.unwrap_or(OnDelete::Restrict));
        }
        self.index_relation(collection, &is.name);
        Ok(())
    }

    /// Changes whether the field must have a value, and whether it is unique.
    fn change_demands(&mut self, collection: &str, was: &Field, is: &Field) {
        let entry = &self.after.entries[collection];
        let (table, origin) = (entry.table(), entry.origin.clone());
        let column = Identifier::quote(&was.name);
        if is.required && !was.required {
            self.step(statements::alter_table(&table, &Alteration::SetNotNull(&column)), Lock::Rewrite);
        } else if !is.required && was.required {
            self.step(statements::alter_table(&table, &Alteration::DropNotNull(&column)), Lock::Brief);
        }
        if is.unique && !was.unique {
            let name = names::make(&[&origin.table, &was.name], "key", |name| self.after.has_relation(name));
            let quoted = Identifier::quote(&name);
            let sql = statements::alter_table(&table, &Alteration::AddUnique(&quoted, &column));
            self.step(sql, Lock::Rewrite);
            let entry = self.after.entries.get_mut(collection).expect("it was looked up");
            let fields = vec![was.name.clone()];
            entry.collection.indexes.push(Index {
                name: name.clone(),
                kind: Some(IndexKind::Unique),
                fields: fields.clone(),
                definition: String::new(),
            });
            entry.constraints.push(Named { name, demand: Demand::Unique, fields });
        } else if !is.unique && was.unique {
            self.drop_unique(collection, &was.name);
        }
    }

    fn drop_unique(&mut self, collection: &str, field: &str) {
        let entry = self.after.entries.get_mut(collection).expect("it was looked up");
        let (gone, stay): (Vec<Named>, Vec<Named>) =
            std::mem::take(&mut entry.constraints).into_iter().partition(|constraint| {
                matches!(constraint.demand, Demand::Unique | Demand::UniqueIndex)
                    && constraint.fields == [field]
            });
        entry.constraints = stay;
        entry.collection.indexes.retain(|index| !gone.iter().any(|constraint| constraint.name == index.name));
        let table = entry.table();
        let schema = entry.origin.schema.clone();
        for constraint in gone {
            let sql = if constraint.demand == Demand::Unique {
                statements::alter_table(
                    &table,
                    &Alteration::DropConstraint(&Identifier::quote(&constraint.name)),
                )
            } else {
                statements::drop_index(&Identifier::qualified(&schema, &constraint.name))
            };
            self.step(sql, Lock::Brief);
        }
    }
}

/// A change of nothing.
pub(super) fn unchanged(name: &str) -> AlterField {
    AlterField {
        name: name.to_owned(),
        type_: None,
        array: None,
        required: None,
        unique: None,
        default: None,
        values: None,
        collection: None,
        on_delete: None,
        hidden: None,
    }
}
