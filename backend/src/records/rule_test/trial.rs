//! What is tried: the row and the values of a request, and the statement that the operation would be.

use annex_openapi::collections::{RuleOperation, RuleTest};
use serde_json::Value;
use serde_json::value::to_raw_value;

use super::wrong;
use crate::collections::catalogue::Table;
use crate::extract::Caller;
use crate::problem::{Code, Problem, Result};
use crate::records::body::{self, Write};
use crate::records::etag::Demand;
use crate::records::key;
use crate::records::operation::{Operation, Target, Verb};
use crate::records::request::View;
use crate::records::sql::probe::Subject;
use crate::records::sql::select::{self, List, Matching, SortKey};
use crate::records::sql::write::Assignment;
use crate::records::sql::{Bind, Sql};
use crate::records::store::Failure;

/// What is tried, with its values read.
pub(super) struct Trial {
    key: Option<Vec<Bind>>,
    row: Vec<Assignment>,
    pub(super) values: Vec<Assignment>,
    /// The values as they came.
    written: Value,
}

impl Trial {
    pub(super) fn read(view: View<'_>, table: &Table, test: &RuleTest) -> Result<Self> {
        let create = test.operation == RuleOperation::Create;
        let writes = create || test.operation == RuleOperation::Update;
        match (create, &test.id, &test.row) {
            (true, Some(_), _) => {
                return Err(wrong("/id", "not_allowed", "A row that is created is in `values`"));
            }
            (true, _, Some(_)) => {
                return Err(wrong("/row", "not_allowed", "A row that is created is in `values`"));
            }
            (false, Some(_), Some(_)) => {
                return Err(wrong("/row", "not_allowed", "Give `id` or `row`, not both"));
            }
            (false, None, None) => {
                return Err(wrong("/id", "required", "Give `id`, or `row` for a row that is not there"));
            }
            _ => {}
        }
        if !writes && test.values.is_some() {
            return Err(wrong("/values", "not_allowed", "Only `create` and `update` write values"));
        }
        let key = match &test.id {
            Some(id) => Some(key::parse_json(table, &to_raw_value(id).map_err(Problem::internal)?)?),
            None => None,
        };
        let written = test.values.clone().unwrap_or_else(|| Value::Object(serde_json::Map::new()));
        let kind = if create { Write::Create } else { Write::Update };
        let values = match writes {
            true => assignments(view, table, &view.request.caller, kind, &written, "/values")?,
            false => Vec::new(),
        };
        let row = match &test.row {
            // Whatever a row may hold, whoever may write it.
            Some(row) => assignments(view, table, &Caller::server(), Write::Update, row, "/row")?,
            None => Vec::new(),
        };
        Ok(Self { key, row, values, written })
    }

    pub(super) fn subject(&self, create: bool) -> Subject<'_> {
        match (&self.key, create) {
            (Some(key), _) => Subject::Stored(key),
            (None, true) => Subject::Sample(&self.values),
            (None, false) => Subject::Sample(&self.row),
        }
    }
}

fn assignments(
    view: View<'_>,
    table: &Table,
    caller: &Caller,
    write: Write,
    value: &Value,
    pointer: &str,
) -> Result<Vec<Assignment>> {
    let bytes = serde_json::to_vec(value).map_err(Problem::internal)?;
    let within = |mut problem: Problem| {
        for error in &mut problem.errors {
            error.pointer.insert_str(0, pointer);
        }
        problem
    };
    let members = body::members(&bytes).map_err(within)?;
    body::assignments(table, caller, &view.request.app.clock, write, &members).map_err(within)
}

/// The statement that the operation is, and whether it is about a row that is there; none where it is refused without one.
pub(super) fn statement(
    view: View<'_>,
    table: &Table,
    test: &RuleTest,
    trial: &Trial,
) -> Result<Option<(Sql, bool)>, Failure> {
    let context = view.context();
    let key = trial.key.clone();
    let target = |key| Target { key, demand: Demand::None };
    let (operation, key) = match (test.operation, key) {
        (RuleOperation::List, _) => {
            let by_key = |&column: &usize| SortKey { column, descending: false };
            let sort: Vec<SortKey> = table.key.iter().map(by_key).collect();
            let matching = Matching { filter: None, search: None };
            let list =
                List { columns: &table.key, matching, sort: &sort, after: None, offset: 0, limit: Some(20) };
            return Ok(select::list(&context, table, &list)?.map(|sql| (sql, false)));
        }
        (RuleOperation::View, key) => {
            let there = key.is_some();
            let key = key.unwrap_or_else(|| vec![Bind(None); table.key.len()]);
            return Ok(select::get(&context, table, &[], &key)?.map(|sql| (sql, there)));
        }
        (RuleOperation::Create, _) => (Verb::Create, true),
        (RuleOperation::Update, key) => {
            let there = key.is_some();
            (Verb::Update(target(key.unwrap_or_else(|| vec![Bind(None); table.key.len()]))), there)
        }
        (RuleOperation::Delete, key) => {
            let there = key.is_some();
            (Verb::Delete(target(key.unwrap_or_else(|| vec![Bind(None); table.key.len()]))), there)
        }
    };
    let bytes = serde_json::to_vec(&trial.written).map_err(Problem::internal)?;
    let members = body::members(&bytes)?;
    match Operation::prepare(view, table, operation, &members, None) {
        Ok(operation) => Ok(operation.statement.map(|statement| (Sql::clone(&statement), key))),
        // The rule denies without looking.
        Err(Failure::Problem(problem)) if matches!(problem.code, Code::Forbidden | Code::Unauthenticated) => {
            Ok(None)
        }
        Err(failure) => Err(failure),
    }
}
