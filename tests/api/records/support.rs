//! Collections over tables that SQL made, and requests for their records.

use std::collections::BTreeMap;

use annex_tests::{Answer, TestApp};
use serde_json::Value;
use serde_json::value::RawValue;
use sqlx::PgConnection;

/// What a collection says about its table.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// `list`, `view`, `create`, `update`, `delete`; what is missing is for admins alone.
    pub rules: BTreeMap<&'static str, String>,
    /// The hidden fields.
    pub hidden: &'static [&'static str],
    /// The key, where the database does not say.
    pub key: Option<&'static [&'static str]>,
}

impl Settings {
    /// Everyone may do everything.
    pub fn open() -> Self {
        let all = ["list", "view", "create", "update", "delete"];
        Self { rules: all.map(|kind| (kind, String::new())).into(), ..Self::default() }
    }

    /// With another rule of that kind.
    pub fn rule(mut self, kind: &'static str, rule: impl Into<String>) -> Self {
        self.rules.insert(kind, rule.into());
        self
    }

    /// With the same rule for reading.
    pub fn reading(self, rule: &str) -> Self {
        self.rule("list", rule).rule("view", rule)
    }

    /// With hidden fields.
    pub fn hiding(self, hidden: &'static [&'static str]) -> Self {
        Self { hidden, ..self }
    }

    /// With that key.
    pub fn keyed(self, key: &'static [&'static str]) -> Self {
        Self { key: Some(key), ..self }
    }
}

/// Runs `ddl`, adopts the table `public.<name>` as the collection of that name, and waits until the server serves it.
pub async fn adopt(app: &TestApp, name: &str, ddl: &str, settings: Settings) {
    adopt_table(app, name, name, ddl, settings).await;
}

/// The same for a table with another name than its collection's.
pub async fn adopt_table(app: &TestApp, name: &str, table: &str, ddl: &str, settings: Settings) {
    app.sql(ddl).await;
    let mut connection = app.database.connect().await;
    let rule = |kind| settings.rules.get(kind);
    sqlx::query(
        "insert into annex.collections
             (name, schema_name, table_name, managed, primary_key, hidden_fields,
              list_rule, view_rule, create_rule, update_rule, delete_rule)
         values ($1, 'public', $2, false, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(name)
    .bind(table)
    .bind(settings.key)
    .bind(settings.hidden)
    .bind(rule("list"))
    .bind(rule("view"))
    .bind(rule("create"))
    .bind(rule("update"))
    .bind(rule("delete"))
    .execute(&mut connection)
    .await
    .unwrap_or_else(|error| panic!("{name}: {error}"));
    app.schema_seen(|snapshot| snapshot.served(name).is_some()).await;
    let snapshot = app.inside().catalogue.snapshot();
    let problems = &snapshot.table(name).expect("it is served").collection.problems;
    assert!(problems.is_empty(), "{name}: {problems:?}");
}

/// Gives the collection another rule, and waits until the server has it.
pub async fn set_rule(app: &TestApp, name: &str, kind: &'static str, rule: Option<&str>) {
    set(app, name, &[(kind, rule)]).await;
}

/// Gives the collection other rules, and waits until the server has them.
pub async fn set_rules(app: &TestApp, name: &str, rules: &[(&'static str, String)]) {
    let rules: Vec<_> = rules.iter().map(|(kind, rule)| (*kind, Some(rule.as_str()))).collect();
    set(app, name, &rules).await;
}

async fn set(app: &TestApp, name: &str, rules: &[(&'static str, Option<&str>)]) {
    let mut connection = app.database.connect().await;
    let columns: Vec<String> =
        rules.iter().enumerate().map(|(at, (kind, _))| format!("{kind}_rule = ${}", at + 2)).collect();
    let statement = format!("update annex.collections set {} where name = $1", columns.join(", "));
    let update = sqlx::query(sqlx::AssertSqlSafe(statement)).bind(name);
    rules
        .iter()
        .fold(update, |update, (_, rule)| update.bind(*rule))
        .execute(&mut connection)
        .await
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    app.schema_seen(|snapshot| {
        let now = &snapshot.table(name).expect("it is there").collection.rules;
        rules.iter().all(|(kind, rule)| {
            let now = match *kind {
                "list" => &now.list,
                "view" => &now.view,
                "create" => &now.create,
                "update" => &now.update,
                _ => &now.delete,
            };
            now.as_deref() == *rule
        })
    })
    .await;
}

/// Has a connection run statements, such as those that begin and end a transaction.
pub async fn run(connection: &mut PgConnection, statements: &str) {
    sqlx::raw_sql(sqlx::AssertSqlSafe(statements.to_owned()))
        .execute(connection)
        .await
        .unwrap_or_else(|error| panic!("{statements}: {error}"));
}

/// The server's statements that wait for a lock, in a query to be continued.
pub const WAITING: &str = "from pg_stat_activity
    where datname = current_database() and application_name = 'annex records' and wait_event_type = 'Lock'";

/// Waits until a statement of the server waits for a lock.
pub async fn one_waits(app: &TestApp) {
    app.eventually("a statement waits for a lock", async || {
        app.sql_value(&format!("select count(*) {WAITING}")).await.as_deref() == Some("1")
    })
    .await;
}

/// The path of a collection's records, with query parameters.
pub fn records(collection: &str, parameters: &[(&str, &str)]) -> String {
    with_parameters(&format!("/v1/records/{collection}"), parameters)
}

/// A path with query parameters.
pub fn with_parameters(path: &str, parameters: &[(&str, &str)]) -> String {
    if parameters.is_empty() {
        return path.to_owned();
    }
    let url = reqwest::Url::parse_with_params("http://annex.test", parameters).expect("they can be encoded");
    format!("{path}?{}", url.query().unwrap_or_default())
}

/// The members of a record, each as the text that the server wrote.
#[track_caller]
pub fn members(answer: &Answer) -> BTreeMap<String, Box<RawValue>> {
    answer.json_as()
}

/// The values that the rows have for a field.
pub fn column(rows: &[Value], field: &str) -> Vec<Value> {
    rows.iter().map(|row| row[field].clone()).collect()
}

/// The names that the rows have in a field of text, sorted.
#[track_caller]
pub fn names(rows: &[Value], field: &str) -> Vec<String> {
    let mut names: Vec<String> =
        rows.iter().map(|row| row[field].as_str().unwrap_or_else(|| panic!("{row}")).to_owned()).collect();
    names.sort();
    names
}
