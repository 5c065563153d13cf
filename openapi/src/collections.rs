//! Collections: what a Postgres table looks like through the API.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::expression::RuleKind;

/// What a field holds. `bigint` and `numeric` are JSON strings, so that no digit is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FieldType {
    /// A string.
    Text,
    /// A string that is an e-mail address.
    Email,
    /// A string that is an absolute URL.
    Url,
    /// `true` or `false`.
    Bool,
    /// A whole number of 32 bits.
    Int,
    /// A whole number of 64 bits, as a JSON string.
    Bigint,
    /// A double-precision number.
    Float,
    /// An exact decimal number, as a JSON string.
    Numeric,
    /// A day, `2026-01-31`.
    Date,
    /// An instant, RFC 3339 in UTC.
    Timestamp,
    /// A UUID.
    Uuid,
    /// Any JSON.
    Json,
    /// One of the field's `values`.
    Enum,
    /// The key of a row of another collection, or of a user.
    Relation,
    /// The id of a file.
    File,
    /// The ids of files, in order.
    Files,
}

impl FieldType {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Text,
        Self::Email,
        Self::Url,
        Self::Bool,
        Self::Int,
        Self::Bigint,
        Self::Float,
        Self::Numeric,
        Self::Date,
        Self::Timestamp,
        Self::Uuid,
        Self::Json,
        Self::Enum,
        Self::Relation,
        Self::File,
        Self::Files,
    ];

    /// As it stands in `type`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Email => "email",
            Self::Url => "url",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Bigint => "bigint",
            Self::Float => "float",
            Self::Numeric => "numeric",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
            Self::Uuid => "uuid",
            Self::Json => "json",
            Self::Enum => "enum",
            Self::Relation => "relation",
            Self::File => "file",
            Self::Files => "files",
        }
    }

    /// The Postgres type that a new field gets, unless an enum's values or a relation's target say otherwise; of an array, its
    /// elements'.
    pub fn native(self) -> &'static str {
        match self {
            Self::Text | Self::Enum => "text",
            Self::Email => "annex.email",
            Self::Url => "annex.url",
            Self::Bool => "boolean",
            Self::Int => "integer",
            Self::Bigint => "bigint",
            Self::Float => "double precision",
            Self::Numeric => "numeric",
            Self::Date => "date",
            Self::Timestamp => "timestamp with time zone",
            Self::Uuid | Self::Relation => "uuid",
            Self::Json => "jsonb",
            Self::File => "annex.file",
            Self::Files => "annex.files",
        }
    }
}

/// What happens to a row when the row that it points at is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnDelete {
    /// The delete is refused.
    Restrict,
    /// The row is deleted too.
    Cascade,
    /// The field becomes null.
    SetNull,
}

/// A field to create.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldSpec {
    /// The field's name, which is the column's too.
    #[schema(pattern = "^[a-z][a-z0-9_]{0,62}$", example = "title")]
    pub name: String,
    /// What it holds.
    #[serde(rename = "type")]
    pub type_: FieldType,
    /// Whether it holds a list of them.
    #[serde(default, skip_serializing_if = "is_false")]
    pub array: bool,
    /// Whether it must have a value (NOT NULL).
    #[serde(default, skip_serializing_if = "is_false")]
    pub required: bool,
    /// Whether no two rows may have the same value.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unique: bool,
    /// The value where none is given: a literal of the field's type, or `"@now"` (date, timestamp) or `"@uuid"` (uuid).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// The values of an enum, in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = json!(["draft", "published"]))]
    pub values: Option<Vec<String>>,
    /// The collection that a relation points at; `users` for accounts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collection: Option<String>,
    /// For a relation; `restrict` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_delete: Option<OnDelete>,
    /// Whether only admins may read, filter by or write it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub hidden: bool,
}

/// A field of a collection, as the database has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Field {
    /// The field's name, which is the column's too.
    #[schema(example = "title")]
    pub name: String,
    /// What it holds.
    #[serde(rename = "type")]
    pub type_: FieldType,
    /// Whether it holds a list of them.
    pub array: bool,
    /// Whether it always has a value (NOT NULL).
    pub required: bool,
    /// Whether it is unique by itself.
    pub unique: bool,
    /// Whether it is (part of) the key.
    pub primary_key: bool,
    /// Whether nobody can write it: the database makes its value.
    pub read_only: bool,
    /// Whether it came by itself with the collection (`id`, `created_at`, `updated_at`): only admins may write it.
    pub system: bool,
    /// Whether only admins may read, filter by or write it.
    pub hidden: bool,
    /// The SQL expression of the value where none is given.
    pub default: Option<String>,
    /// The values of an enum, in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<String>>,
    /// The collection that a relation points at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collection: Option<String>,
    /// The field of that collection that a relation's value equals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub references: Option<String>,
    /// What a relation's value is: the type of the field it references.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_type: Option<FieldType>,
    /// What happens to the row when the row that a relation points at is deleted; null where the
    /// database has a rule that Annex does not name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_delete: Option<OnDelete>,
    /// The Postgres type.
    #[schema(example = "character varying(200)")]
    pub native_type: String,
}

impl Field {
    /// The type of the field's value: for a relation, that of the key that it holds.
    pub fn value_type(&self) -> FieldType {
        self.key_type.unwrap_or(self.type_)
    }
}

/// How an index is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum IndexKind {
    /// An ordered index (btree).
    #[default]
    Plain,
    /// An ordered index that refuses a second equal row.
    Unique,
    /// A full-text index; `search=` uses it.
    FullText,
}

/// An index over one or more fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IndexSpec {
    /// The index's name; made from the fields where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The fields, in order; `-` in front for descending.
    #[schema(example = json!(["author", "-created_at"]))]
    pub fields: Vec<String>,
    /// How it is made.
    #[serde(default)]
    pub kind: IndexKind,
}

/// Who may do what with the rows of a collection: each an expression, `""` for everyone, or null
/// for admins alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Which rows a list may return.
    #[serde(default)]
    #[schema(example = "status = \"published\" or author = @user.id")]
    pub list: Option<String>,
    /// Which rows may be read by key, and be reached through filters and `expand`.
    #[serde(default)]
    #[schema(example = "status = \"published\" or author = @user.id")]
    pub view: Option<String>,
    /// Which rows may be created; the row as it would be written is `@new`, and the bare fields mean it too.
    #[serde(default)]
    #[schema(example = "author = @user.id")]
    pub create: Option<String>,
    /// Which rows may be changed; the row as it would be written is `@new`.
    #[serde(default)]
    #[schema(example = "author = @user.id and @new.author = author")]
    pub update: Option<String>,
    /// Which rows may be deleted.
    #[serde(default)]
    #[schema(example = "author = @user.id")]
    pub delete: Option<String>,
}

impl Rules {
    /// The rule of that kind.
    pub fn of(&self, kind: RuleKind) -> &Option<String> {
        match kind {
            RuleKind::List => &self.list,
            RuleKind::View => &self.view,
            RuleKind::Create => &self.create,
            RuleKind::Update => &self.update,
            RuleKind::Delete => &self.delete,
        }
    }

    /// The rule of that kind, to be changed.
    pub fn of_mut(&mut self, kind: RuleKind) -> &mut Option<String> {
        match kind {
            RuleKind::List => &mut self.list,
            RuleKind::View => &mut self.view,
            RuleKind::Create => &mut self.create,
            RuleKind::Update => &mut self.update,
            RuleKind::Delete => &mut self.delete,
        }
    }
}

/// A change of some rules: a rule that is left out stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RulesPatch {
    /// See [`Rules::list`].
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub list: Option<Option<String>>,
    /// See [`Rules::view`].
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub view: Option<Option<String>>,
    /// See [`Rules::create`].
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub create: Option<Option<String>>,
    /// See [`Rules::update`].
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub update: Option<Option<String>>,
    /// See [`Rules::delete`].
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub delete: Option<Option<String>>,
}

/// A collection to create. `id` (UUIDv7), `created_at` and `updated_at` come by themselves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CollectionSpec {
    /// The collection's name, which is the table's too.
    #[schema(pattern = "^[a-z][a-z0-9_]{0,62}$", example = "posts")]
    pub name: String,
    /// The fields, in order.
    pub fields: Vec<FieldSpec>,
    /// Indexes beyond the key and the unique fields.
    #[serde(default)]
    pub indexes: Vec<IndexSpec>,
    /// Who may do what; for admins alone where nothing is said.
    #[serde(default)]
    pub rules: Rules,
}

/// What stands behind a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CollectionKind {
    /// A table, also a partitioned one.
    Table,
    /// A view: it can be read only.
    View,
}

/// An index, as the database has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Index {
    /// The index's name.
    pub name: String,
    /// How it is made; null for an index that Annex has no name for.
    pub kind: Option<IndexKind>,
    /// The fields, in order; `-` in front for descending. Empty where it is over expressions.
    pub fields: Vec<String>,
    /// The statement that makes it.
    pub definition: String,
}

/// Rows of another collection that point at this one, as `expand` and expressions name them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IncomingRelation {
    /// The name: the collection's own where only one of its fields points here, and always `<collection>_via_<field>`.
    #[schema(example = "comments")]
    pub name: String,
    /// The collection that points here.
    pub collection: String,
    /// Its field that does.
    pub field: String,
}

/// A collection, as the database has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Collection {
    /// The name in URLs, expressions and the document.
    pub name: String,
    /// The schema-qualified table.
    #[schema(example = "public.posts")]
    pub table: String,
    /// What stands behind it.
    pub kind: CollectionKind,
    /// The fields of the key, in order.
    pub primary_key: Vec<String>,
    /// The fields, in order.
    pub fields: Vec<Field>,
    /// The indexes.
    pub indexes: Vec<Index>,
    /// Rows of other collections that point here.
    pub incoming: Vec<IncomingRelation>,
    /// Who may do what.
    pub rules: Rules,
    /// What is wrong with it, where something is: a rule that no longer fits the table, for example. Such a
    /// rule denies.
    pub problems: Vec<String>,
}

impl Collection {
    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

/// The collections.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CollectionPage {
    /// All of them, by name.
    pub items: Vec<Collection>,
    /// Always null: there is one page.
    pub next_cursor: Option<String>,
}

/// A change of a collection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CollectionPatch {
    /// Changes of the table, made in this order in one transaction.
    #[serde(default)]
    pub changes: Vec<Change>,
    /// Changes of the rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<RulesPatch>,
}

/// One change of a collection's table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Change {
    /// Gives the collection (and its table) another name.
    Rename(Rename),
    /// Adds a field.
    AddField(AddField),
    /// Gives a field another name; rules that use it follow.
    RenameField(RenameField),
    /// Changes what a field holds or demands.
    AlterField(AlterField),
    /// Drops a field and its values.
    DropField(DropField),
    /// Adds an index.
    AddIndex(AddIndex),
    /// Drops an index.
    DropIndex(DropIndex),
}

/// Gives the collection (and its table) another name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rename {
    /// The new name.
    #[schema(pattern = "^[a-z][a-z0-9_]{0,62}$")]
    pub name: String,
}

/// Adds a field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddField {
    /// The field.
    pub field: FieldSpec,
}

/// Gives a field another name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RenameField {
    /// The name now.
    pub name: String,
    /// The new name.
    #[schema(pattern = "^[a-z][a-z0-9_]{0,62}$")]
    pub to: String,
}

/// Changes what a field holds or demands; what is left out stays as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AlterField {
    /// The field.
    pub name: String,
    /// Another type; values are converted where Postgres can.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub type_: Option<FieldType>,
    /// Whether it holds a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub array: Option<bool>,
    /// Whether it must have a value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required: Option<bool>,
    /// Whether no two rows may have the same value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unique: Option<bool>,
    /// The value where none is given; null takes it away.
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>)]
    pub default: Option<Option<Value>>,
    /// The values of an enum, in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<String>>,
    /// For a relation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collection: Option<String>,
    /// For a relation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_delete: Option<OnDelete>,
    /// Whether only admins may read, filter by or write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden: Option<bool>,
}

/// Drops a field and its values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DropField {
    /// The field.
    pub name: String,
}

/// Adds an index.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddIndex {
    /// The index.
    pub index: IndexSpec,
}

/// Drops an index.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DropIndex {
    /// The index's name.
    pub name: String,
}

/// Takes an existing table or view in as a collection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdoptRequest {
    /// The table or view, schema-qualified where it is not in `public`, as Postgres spells it.
    #[schema(example = "public.Orders")]
    pub table: String,
    /// The collection's name; made from the table's where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[a-z][a-z0-9_]{0,62}$")]
    pub name: Option<String>,
    /// The columns that tell rows apart, for a view or a table without a primary key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary_key: Option<Vec<String>>,
    /// The columns that only admins may use.
    #[serde(default)]
    pub hidden: Vec<String>,
    /// Who may do what.
    #[serde(default)]
    pub rules: Rules,
}

/// What a statement locks while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Lock {
    /// Nothing that reads or writes wait for.
    None,
    /// Writes wait; reads go on.
    Writes,
    /// Reads and writes wait, for a moment.
    Brief,
    /// Reads and writes wait while every row is checked or written again.
    Rewrite,
}

/// One statement of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlanStep {
    /// The statement.
    pub sql: String,
    /// What it locks while it runs.
    pub lock: Lock,
    /// What it loses, in a sentence, where it loses something.
    pub loses: Option<String>,
}

/// What would be done, or was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Plan {
    /// Whether it was done.
    pub applied: bool,
    /// The statements, in order; empty where there is nothing to do.
    pub steps: Vec<PlanStep>,
    /// Changes of rules and settings, a line each.
    pub settings: Vec<String>,
    /// The collections afterwards (as planned, on a dry run without their indexes' final names).
    pub collections: Vec<Collection>,
}

/// A collection that was changed, or on a dry run what would be done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum CollectionChanged {
    /// The collection as it is now.
    Collection(Box<Collection>),
    /// On a dry run: what would be done.
    Plan(Plan),
}

/// The collections that there should be, as kept in a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplyRequest {
    /// The collections, in any order.
    #[serde(default)]
    pub collections: Vec<CollectionSpec>,
    /// Tables to adopt.
    #[serde(default)]
    pub adopt: Vec<AdoptRequest>,
    /// Whether collections and fields that the file does not have are dropped.
    #[serde(default)]
    pub prune: bool,
}

fn is_false(value: &bool) -> bool {
    !value
}

/// Tells a member that is null from one that is not there.
mod given {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<T: Serialize, S: Serializer>(
        value: &Option<Option<T>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.as_ref().and_then(Option::as_ref).serialize(serializer)
    }

    pub fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Option<T>>, D::Error> {
        Option::<T>::deserialize(deserializer).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_called_as_in_json() {
        for type_ in FieldType::ALL {
            assert_eq!(serde_json::to_value(type_).expect("it has a name"), type_.as_str());
        }
    }

    #[test]
    fn a_rule_is_called_as_in_json() {
        for kind in RuleKind::ALL {
            let mut rules = Rules::default();
            *rules.of_mut(kind) = Some(kind.as_str().to_owned());
            let json = serde_json::to_value(&rules).expect("it has a JSON form");
            assert_eq!(
                (&json[kind.as_str()], rules.of(kind).as_deref()),
                (&kind.as_str().into(), Some(kind.as_str()))
            );
        }
    }
}
