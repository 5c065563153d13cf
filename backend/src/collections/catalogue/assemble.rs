//! Makes the catalogue from what Postgres and `annex.collections` say.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use annex_openapi::collections::Rules as RuleTexts;
use annex_openapi::collections::{
    Collection, CollectionKind, Field, FieldType, IncomingRelation, Index, IndexKind, OnDelete, RuleClasses,
};
use sqlx::postgres::types::Oid;

use super::channels;
use super::introspect::{Attribute, ConstraintRow, Facts, IndexRow, Relation};
use super::model::{
    Column, Constraint, Demand, Filled, Fragment, Identifier, Incoming, Origin, Rule, Rules, Search, Table,
    Unserved, Wire,
};
use super::subscribers::Subscriber;
use super::types::{Resolved, Types};
use super::{Snapshot, rules};
use crate::hooks::HttpHook;

/// The columns of `annex.users` that relations, expressions and `expand` may know of.
const USER_FIELDS: [&str; 5] = ["id", "email", "display_name", "verified", "created_at"];

/// The fields that come by themselves with a collection that Annex made.
pub(in crate::collections) const SYSTEM_FIELDS: [&str; 3] = ["id", "created_at", "updated_at"];

/// A table on its way, with what is only needed until it is done.
struct Draft {
    relation: Relation,
    table: Table,
    /// The number that Postgres gives each column of `table.columns`.
    numbers: Vec<i16>,
    /// Why nobody but admins may be let in, whatever the rules say.
    closed: Option<String>,
}

impl Draft {
    /// The index of the column of that number.
    fn column(&self, number: i16) -> Option<usize> {
        self.numbers.iter().position(|candidate| *candidate == number)
    }

    fn field_names(&self, columns: &[usize]) -> Vec<String> {
        columns.iter().map(|&column| self.table.collection.fields[column].name.clone()).collect()
    }
}

/// Makes the catalogue.
pub(super) fn assemble(facts: Facts) -> Snapshot {
    let (hooks, channels, subscribers) = (facts.hooks, facts.channels, facts.subscribers);
    let types = Types::new(facts.types);
    let mut columns: HashMap<Oid, Vec<Attribute>> = HashMap::new();
    for column in facts.columns {
        columns.entry(column.table_oid).or_default().push(column);
    }
    let mut drafts: Vec<Draft> = facts
        .relations
        .into_iter()
        .map(|relation| {
            let columns = relation.oid.and_then(|oid| columns.remove(&oid)).unwrap_or_default();
            draft(relation, columns, &types)
        })
        .collect();
    let by_oid: HashMap<Oid, usize> =
        drafts.iter().enumerate().filter_map(|(place, draft)| Some((draft.relation.oid?, place))).collect();
    for index in &facts.indexes {
        if let Some(&place) = by_oid.get(&index.table_oid) {
            add_index(&mut drafts[place], index);
        }
    }
    drafts.iter_mut().for_each(settle_key);
    for constraint in &facts.constraints {
        add_constraint(&mut drafts, &by_oid, constraint);
    }
    add_incoming(&mut drafts);
    finish(drafts, hooks, channels, subscribers)
}

fn draft(relation: Relation, attributes: Vec<Attribute>, types: &Types) -> Draft {
    let built_in = relation.schema_name == "annex";
    let kind = relation.kind.as_deref().unwrap_or("r");
    let writable = matches!(kind, "r" | "p") && !built_in;
    let mut problems = Vec::new();
    if relation.oid.is_none() {
        problems.push(format!(
            "The table {}.{} is not there any more",
            relation.schema_name, relation.table_name
        ));
    }
    let closed = relation.oid.and_then(|_| without_column(&relation, &attributes));
    let (mut fields, mut columns, mut numbers, mut unserved) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for attribute in attributes {
        if built_in && !USER_FIELDS.contains(&attribute.name.as_str()) {
            continue;
        }
        let Some(resolved) = types.resolve(attribute.type_oid) else {
            problems.push(format!(
                "The column `{}` has the type {}, which cannot be served: it is left out",
                attribute.name, attribute.native_type
            ));
            unserved.push(Unserved { column: attribute.name, native_type: attribute.native_type });
            continue;
        };
        let filled = filled(&attribute);
        numbers.push(attribute.number);
        fields.push(Field {
            type_: resolved.type_,
            array: resolved.array,
            required: attribute.not_null || resolved.not_null,
            unique: false,
            primary_key: false,
            read_only: !writable || matches!(filled, Filled::AlwaysIdentity | Filled::Generated(_)),
            system: relation.managed && SYSTEM_FIELDS.contains(&attribute.name.as_str()),
            hidden: relation.hidden_fields.contains(&attribute.name),
            default: match &filled {
                Filled::Default(default) => Some(default.as_sql().to_owned()),
                _ => None,
            },
            values: resolved.values.clone(),
            collection: None,
            references: None,
            key_type: None,
            on_delete: None,
            database_alone: database_alone(&attribute, &resolved, &filled),
            native_type: attribute.native_type,
            name: attribute.name.clone(),
        });
        columns.push(column(&attribute.name, resolved, filled));
    }
    let is_lost = |name: &&String| !fields.iter().any(|field: &Field| field.name == **name);
    let lost = relation.hidden_fields.iter().filter(is_lost).cloned().collect();
    let collection = Collection {
        name: relation.name.clone(),
        table: format!("{}.{}", relation.schema_name, relation.table_name),
        kind: if matches!(kind, "r" | "p") { CollectionKind::Table } else { CollectionKind::View },
        primary_key: Vec::new(),
        fields,
        indexes: Vec::new(),
        incoming: Vec::new(),
        rule_classes: RuleClasses::default(),
        rules: RuleTexts {
            list: relation.list_rule.clone(),
            view: relation.view_rule.clone(),
            create: relation.create_rule.clone(),
            update: relation.update_rule.clone(),
            delete: relation.delete_rule.clone(),
        },
        realtime: relation.realtime,
        problems,
    };
    let table = Table {
        collection,
        name: Identifier::qualified(&relation.schema_name, &relation.table_name),
        origin: Origin {
            oid: relation.oid.map(|oid| oid.0),
            schema: relation.schema_name.clone(),
            table: relation.table_name.clone(),
            managed: relation.managed,
            named_key: relation.primary_key.clone(),
        },
        constraints: Vec::new(),
        references: vec![None; columns.len()],
        columns,
        unserved,
        lost,
        key: Vec::new(),
        incoming: Vec::new(),
        search: None,
        rules: Rules {
            list: Rule::Admins,
            view: Rule::Admins,
            create: Rule::Admins,
            update: Rule::Admins,
            delete: Rule::Admins,
        },
        // Rows of a partitioned table have no `xmin` in the RETURNING of an INSERT.
        versioned: kind == "r",
        writable,
        // A partition may have triggers of its own.
        inserts_plainly: kind == "r" && !relation.inserts_fire,
        served: !built_in && relation.oid.is_some(),
    };
    Draft { relation, table, numbers, closed }
}

/// A column to hide that is not there may go by another name now, under which everybody would see it.
fn without_column(relation: &Relation, attributes: &[Attribute]) -> Option<String> {
    let is_lost = |name: &&String| !attributes.iter().any(|attribute| attribute.name == **name);
    let lost: Vec<&str> = relation.hidden_fields.iter().filter(is_lost).map(String::as_str).collect();
    if lost.is_empty() {
        return None;
    }
    Some(format!("The hidden field `{}` has no column any more, or one of another name", lost.join("`, `")))
}

fn filled(attribute: &Attribute) -> Filled {
    let expression = || Fragment::from_postgres(attribute.default_sql.clone().unwrap_or_default());
    match (attribute.identity.as_str(), attribute.generated.as_str()) {
        ("a", _) => Filled::AlwaysIdentity,
        ("d", _) => Filled::Identity,
        (_, "") if attribute.default_sql.is_none() => Filled::Null,
        (_, "") => Filled::Default(expression()),
        _ => Filled::Generated(expression()),
    }
}

/// Why the database alone can compare the column's values.
fn database_alone(attribute: &Attribute, resolved: &Resolved, filled: &Filled) -> Option<String> {
    let native = &attribute.native_type;
    if matches!(filled, Filled::Generated(_)) {
        return Some("is generated: the database's log does not carry it".to_owned());
    }
    match resolved.wire {
        Wire::Json => Some(format!("is {native}: only jsonb has one way to be written")),
        Wire::Other => Some(format!("is {native}, which the database compares by rules of its own")),
        _ if !resolved.bytewise => {
            Some(format!("is {native}, which the database compares by rules of its own"))
        }
        _ if !attribute.deterministic => {
            Some("has a collation that takes different texts for equal".to_owned())
        }
        _ => None,
    }
}

fn column(name: &str, resolved: Resolved, filled: Filled) -> Column {
    Column {
        name: Identifier::quote(name),
        type_: resolved.sql,
        json_key: json_key(name),
        wire: resolved.wire,
        array: resolved.wire_array,
        filled,
    }
}

fn json_key(name: &str) -> Box<[u8]> {
    let mut key = serde_json::to_vec(name).unwrap_or_default();
    key.push(b':');
    key.into()
}

fn add_index(draft: &mut Draft, row: &IndexRow) {
    let columns: Option<Vec<usize>> = row.columns.iter().map(|&number| draft.column(number)).collect();
    if row.unique {
        let columns = columns.clone().unwrap_or_default();
        let index = Constraint { name: row.name.clone(), demand: Demand::UniqueIndex, columns };
        draft.table.constraints.push(index);
    }
    if let Some(columns) = columns.as_ref().filter(|_| row.unique && !row.partial) {
        if let [column] = columns[..] {
            draft.table.collection.fields[column].unique = true;
        }
        if row.primary {
            draft.table.key.clone_from(columns);
            return;
        }
    }
    let search = search(draft, row);
    let (kind, fields) = match (columns, &search) {
        (_, Some(search)) => (Some(IndexKind::FullText), draft.field_names(&search.columns)),
        (Some(columns), None) if row.method == "btree" && !row.partial => {
            let kind = if row.unique { IndexKind::Unique } else { IndexKind::Plain };
            let names = draft.field_names(&columns).into_iter().zip(&row.descending);
            let directed =
                names.map(|(name, &descending)| if descending { format!("-{name}") } else { name });
            (Some(kind), directed.collect())
        }
        (Some(columns), None) => (None, draft.field_names(&columns)),
        (None, None) => (None, Vec::new()),
    };
    if draft.table.search.is_none() {
        draft.table.search = search;
    }
    let definition = row.definition.clone();
    draft.table.collection.indexes.push(Index { name: row.name.clone(), kind, fields, definition });
}

/// What an index makes searchable: one over nothing but `to_tsvector('configuration', …)`.
fn search(draft: &Draft, row: &IndexRow) -> Option<Search> {
    let vector = row.expression.as_deref().filter(|_| row.method == "gin" && !row.partial)?;
    let (configuration, _) = vector.strip_prefix("to_tsvector(")?.split_once("::regconfig, ")?;
    if row.columns != [0] || !vector.ends_with(')') {
        return None;
    }
    let mut columns: Vec<usize> =
        row.used_columns.iter().map(|&number| draft.column(number)).collect::<Option<_>>()?;
    let place = |column: &usize| {
        let name = &draft.table.collection.fields[*column].name;
        let quoted = draft.table.columns[*column].name.as_sql();
        first_use(vector, name).or_else(|| vector.find(quoted)).unwrap_or(usize::MAX)
    };
    columns.sort_by_key(place);
    Some(Search {
        columns,
        configuration: Fragment::from_postgres(configuration),
        vector: Fragment::from_postgres(vector),
    })
}

/// Where `name` stands in the text as a whole word.
fn first_use(text: &str, name: &str) -> Option<usize> {
    let word = |character: char| character.is_alphanumeric() || character == '_' || character == '"';
    text.match_indices(name).map(|(place, _)| place).find(|&place| {
        let before = text[..place].chars().next_back();
        let after = text[place + name.len()..].chars().next();
        !before.is_some_and(word) && !after.is_some_and(word)
    })
}

/// A table's own primary key counts, else the columns that were named when it was adopted.
fn settle_key(draft: &mut Draft) {
    if draft.table.key.is_empty() {
        let named = draft.relation.primary_key.as_deref().unwrap_or_default();
        let columns: Option<Vec<usize>> = named.iter().map(|name| draft.table.column(name)).collect();
        draft.table.key = columns.unwrap_or_default();
    }
    if draft.table.key.is_empty() && draft.table.served {
        draft.table.served = false;
        let problem = "Its key is gone: its records cannot be served until it has a primary key again";
        draft.table.collection.problems.push(problem.to_owned());
    }
    for &column in &draft.table.key {
        let field = &mut draft.table.collection.fields[column];
        field.primary_key = true;
        // Keys stand in paths and in cursors.
        let unfit = match (draft.table.columns[column].array, field.hidden) {
            (true, _) => "is a list, which cannot stand in a path",
            (_, true) => "is hidden, but records are called by their key",
            _ => continue,
        };
        let problem = format!("`{}` of its key {unfit}: its records cannot be served", field.name);
        draft.table.served = false;
        draft.table.collection.problems.push(problem);
    }
    draft.table.collection.primary_key = draft.field_names(&draft.table.key);
}

fn add_constraint(drafts: &mut [Draft], by_oid: &HashMap<Oid, usize>, row: &ConstraintRow) {
    let Some(&place) = by_oid.get(&row.table_oid) else { return };
    let draft = &mut drafts[place];
    let columns: Option<Vec<usize>> = row.columns.iter().map(|&number| draft.column(number)).collect();
    let demand = match row.kind.as_str() {
        "p" | "u" => Demand::Unique,
        "f" => Demand::ForeignKey,
        "c" => Demand::Check,
        _ => Demand::Exclusion,
    };
    let constraint = Constraint { name: row.name.clone(), demand, columns: columns.unwrap_or_default() };
    let constraints = &mut draft.table.constraints;
    // A constraint is enforced by an index of the same name.
    constraints.retain(|index| index.name != constraint.name);
    constraints.push(constraint);
    if demand == Demand::ForeignKey {
        add_relation(drafts, by_oid, row);
    }
}

fn add_relation(drafts: &mut [Draft], by_oid: &HashMap<Oid, usize>, foreign_key: &ConstraintRow) {
    let (&[column], &[target]) = (&foreign_key.columns[..], &foreign_key.target_columns[..]) else { return };
    let (Some(&from), Some(&to)) = (by_oid.get(&foreign_key.table_oid), by_oid.get(&foreign_key.target_oid))
    else {
        return;
    };
    let (Some(column), Some(target)) = (drafts[from].column(column), drafts[to].column(target)) else {
        return;
    };
    if drafts[from].table.references[column].is_some() {
        return;
    }
    let referenced = drafts[to].table.collection.fields[target].name.clone();
    let collection = drafts[to].table.collection.name.clone();
    let table = &mut drafts[from].table;
    table.references[column] = Some(target);
    let field = &mut table.collection.fields[column];
    field.key_type = Some(field.type_);
    field.type_ = FieldType::Relation;
    field.collection = Some(collection);
    field.references = Some(referenced);
    field.on_delete = match foreign_key.on_delete.as_str() {
        "a" | "r" => Some(OnDelete::Restrict),
        "c" => Some(OnDelete::Cascade),
        "n" => Some(OnDelete::SetNull),
        _ => None,
    };
}

/// Who points at a collection: under the collection's own name where only one of its fields does and no
/// field here has that name, and always as `<collection>_via_<field>`.
pub(in crate::collections) fn incoming<'a>(
    target: &Collection,
    collections: impl Iterator<Item = &'a Collection>,
) -> Vec<IncomingRelation> {
    let mut incoming = Vec::new();
    for collection in collections {
        let pointing: Vec<&Field> = collection
            .fields
            .iter()
            .filter(|field| field.collection.as_deref() == Some(target.name.as_str()))
            .collect();
        let relation = |name: String, field: &Field| IncomingRelation {
            name,
            collection: collection.name.clone(),
            field: field.name.clone(),
        };
        if let [only] = pointing[..] {
            incoming.push(relation(collection.name.clone(), only));
        }
        for field in pointing {
            incoming.push(relation(format!("{}_via_{}", collection.name, field.name), field));
        }
    }
    incoming.retain(|relation| target.field(&relation.name).is_none());
    incoming
}

fn add_incoming(drafts: &mut [Draft]) {
    let all: Vec<Vec<IncomingRelation>> = drafts
        .iter()
        .map(|draft| incoming(&draft.table.collection, drafts.iter().map(|other| &other.table.collection)))
        .collect();
    let places: HashMap<String, usize> = drafts
        .iter()
        .enumerate()
        .map(|(place, draft)| (draft.table.collection.name.clone(), place))
        .collect();
    for (place, relations) in all.into_iter().enumerate() {
        let resolve = |relation: &IncomingRelation| {
            let other = &drafts[*places.get(&relation.collection)?].table;
            let column = other.column(&relation.field)?;
            let (name, collection) = (relation.name.clone(), relation.collection.clone());
            Some(Incoming { name, collection, column, target: other.references[column]? })
        };
        drafts[place].table.incoming = relations.iter().filter_map(resolve).collect();
        drafts[place].table.collection.incoming = relations;
    }
}

fn finish(
    drafts: Vec<Draft>,
    hooks: Vec<HttpHook>,
    channels: Vec<channels::Row>,
    subscribers: Vec<Subscriber>,
) -> Snapshot {
    let collections: BTreeMap<String, Collection> = drafts
        .iter()
        .map(|draft| (draft.table.collection.name.clone(), draft.table.collection.clone()))
        .collect();
    let tables: BTreeMap<String, Arc<Table>> = drafts
        .into_iter()
        .map(|Draft { mut table, closed, .. }| {
            let (checked, problems) = rules::check_all(&table.collection, &collections);
            table.rules = checked;
            table.collection.rule_classes = RuleClasses::of_rules(&table.collection, &collections);
            table.collection.problems.extend(problems);
            if let Some(reason) = closed {
                table.collection.problems.push(format!(
                    "{reason}: every rule denies, until an admin hides what must be hidden and lets go of the old name, with \
                     `alter_field` and `hidden` false"
                ));
                table.rules = Rules::broken(&reason);
                table.collection.rule_classes = RuleClasses::default();
            }
            (table.collection.name.clone(), Arc::new(table))
        })
        .collect();
    let all = format!("{tables:?}{hooks:?}{channels:?}{subscribers:?}");
    let version = format!("{:032x}", xxhash_rust::xxh3::xxh3_128(all.as_bytes()));
    Snapshot { version, tables, hooks, channels, subscribers }
}
