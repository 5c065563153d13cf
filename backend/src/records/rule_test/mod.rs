//! `POST /v1/collections/{name}/rules/test`: what a rule says of one row and one account, part by part, before anybody meets it.

mod advice;
mod parts;
mod trial;

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use annex_openapi::collections::{RuleGround, RuleOperation, RuleTest, RuleTested};
use annex_openapi::expression::{self, Purpose, RuleKind, Scope};
use annex_openapi::problem::Problem as ProblemBody;
use tokio_postgres::Row;

use super::request::{Request, View, no_such_record};
use super::sql::Sql;
use super::sql::probe::{self, Becoming};
use super::store::{self, Failure, GRACE, raw};
use crate::collections::catalogue::{Rule, Rules, Table, Trust};
use crate::db::lanes::{Place, Transaction};
use crate::evaluator::{self, Image, Mirror, Mirrors, Program};
use crate::extract::{Admin, Caller, Json, NoParameters, Query};
use crate::problem::{FieldError, Problem, Result};
use trial::{Trial, statement};

/// How many rows of another collection are brought along for the server's own executor.
const MOST_MIRRORED: usize = 10_000;

/// Try a rule. For admins.
///
/// Does what a list, a read, a creation, a change or a deletion by an account would do, in a transaction that is rolled back: says
/// whether the rule allows it, what each part of the rule says in the database and in the server and which of them decide, and
/// how Postgres goes about it. `row` is tried without being there; `rule` in place of the collection's own. Hooks are not asked.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `validation_failed` also for an account that is not there or may not sign in,
/// `not_found` where there is no such collection or row
#[utoipa::path(
    post, path = "/v1/collections/{name}/rules/test", operation_id = "collections_test_rule", tag = "collections",
    params(("name" = String, Path, description = "The collection's name", example = "posts")),
    request_body(content = RuleTest, example = json!({"operation": "list", "row": {}})),
    responses(
        (status = 200, description = "What the rule says", body = RuleTested),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn test(
    _: Admin,
    request: Request,
    _: Query<NoParameters>,
    Json(test): Json<RuleTest>,
) -> Result<HttpResponse> {
    let caller = caller(&request, &test).await?;
    let request = request.by(caller);
    let tested = request.attempt(async |view| try_rule(view, &test).await).await?;
    Ok(HttpResponse::Ok().json(tested))
}

/// Who does it.
async fn caller(request: &Request, test: &RuleTest) -> Result<Caller> {
    let Some(user) = test.user else { return Ok(Caller::ANONYMOUS) };
    request
        .app
        .auth
        .on_behalf_of(user, None)
        .await?
        .ok_or_else(|| wrong("/user", "no_such_row", "There is no such account, or it may not sign in"))
}

fn wrong(pointer: &str, code: &str, detail: impl Into<String>) -> Problem {
    Problem::validation(vec![FieldError::new(pointer, code, detail)])
}

fn rule_of(rules: &mut Rules, kind: RuleKind) -> &mut Rule {
    match kind {
        RuleKind::List => &mut rules.list,
        RuleKind::View => &mut rules.view,
        RuleKind::Create => &mut rules.create,
        RuleKind::Update => &mut rules.update,
        RuleKind::Delete => &mut rules.delete,
    }
}

/// The table with the rule that is tried in place, and its text.
fn with_rule(view: View<'_>, test: &RuleTest) -> Result<(Table, Option<String>)> {
    let mut table = Table::clone(view.table()?);
    let kind = RuleKind::from(test.operation);
    if let Some(text) = &test.rule {
        let rule = match text.trim().is_empty() {
            true => Rule::Everyone,
            false => {
                let scope = scope(view, &table, kind);
                let checked = expression::parse(text).and_then(|parsed| expression::check(&parsed, &scope));
                Rule::When(checked.map_err(|error| {
                    let detail = format!("At character {}: {}", error.position().column, error.summary());
                    wrong("/rule", error.code.as_str(), detail)
                })?)
            }
        };
        *rule_of(&mut table.rules, kind) = rule;
        *table.collection.rules.of_mut(kind) = Some(text.clone());
    }
    let text = table.collection.rules.of(kind).clone();
    Ok((table, text))
}

fn scope<'a>(view: View<'a>, table: &'a Table, kind: RuleKind) -> Scope<'a> {
    Scope { collection: &table.collection, collections: view.snapshot, purpose: Purpose::Rule(kind) }
}

async fn try_rule(view: View<'_>, test: &RuleTest) -> Result<RuleTested, Failure> {
    let (table, text) = with_rule(view, test)?;
    let trial = Trial::read(view, &table, test)?;
    let statement = statement(view, &table, test, &trial)?;
    let lane = &view.request.lanes.transactions;
    let _share = view.request.scan_share().await?;
    let transaction = lane.transaction().await?;
    let limit = lane.statement_timeout() + GRACE;
    let tried = run(&transaction, view, &table, test, &trial, text, statement);
    let tried = tokio::time::timeout(limit, tried).await;
    transaction.rollback().await;
    tried.map_err(Problem::database_unavailable)?
}

async fn run(
    transaction: &Transaction,
    view: View<'_>,
    table: &Table,
    test: &RuleTest,
    trial: &Trial,
    text: Option<String>,
    statement: Option<(Sql, bool)>,
) -> Result<RuleTested, Failure> {
    let kind = RuleKind::from(test.operation);
    let place = transaction.place();
    transaction.begin().await.map_err(|error| store::failure(table, error))?;
    let rule = rule_of(&mut table.rules.clone(), kind).clone();
    let parts = match (&rule, &text) {
        (Rule::When(_), Some(text)) => {
            let parts =
                expression::parse(text).and_then(|parsed| parts::of(&parsed, &scope(view, table, kind)));
            parts.map_err(|error| Failure::Stale(error.summary()))?
        }
        _ => Vec::new(),
    };
    let becoming = match test.operation {
        RuleOperation::Create => Becoming::Itself,
        RuleOperation::Update => Becoming::Changed(&trial.values),
        _ => Becoming::Nothing,
    };
    let predicates: Vec<_> = parts.iter().map(|part| &part.predicate).collect();
    let subject = trial.subject(test.operation == RuleOperation::Create);
    let probe = probe::ask(&view.context(), table, subject, becoming, &predicates)?;
    let rows = query(place, table, &probe).await?;
    let row = rows.first().ok_or_else(|| no_such_record(table))?;
    let columns = table.columns.len();
    let (this, new) = match becoming {
        Becoming::Nothing => (image(row, 0, columns), None),
        Becoming::Itself => (image(row, 0, columns), Some(image(row, 0, columns))),
        Becoming::Changed(_) => (image(row, 0, columns), Some(image(row, columns, columns))),
    };
    let first = if matches!(becoming, Becoming::Changed(_)) { columns * 2 } else { columns };
    let database: Vec<Option<bool>> = (0..parts.len()).map(|at| row.get(first + at)).collect();
    let mut mirrors = Mirrors::default();
    let mut server = Vec::with_capacity(parts.len());
    for part in &parts {
        let program = Program::compile_over(&part.predicate, table, view.snapshot, Trust::Rule).ok();
        server.push(match program {
            Some(program) if mirror(place, &program, &mut mirrors).await? => {
                let context =
                    evaluator::Context::new(&view.request.caller, view.request.now).with_mirrors(&mirrors);
                Some(program.holds(&context, &this, new.as_ref()))
            }
            _ => None,
        });
    }
    let (ground, mut allowed) = match &rule {
        _ if view.request.caller.is_admin() => (RuleGround::Admin, true),
        Rule::Admins => (RuleGround::AdminsOnly, false),
        Rule::Everyone => (RuleGround::Everyone, true),
        Rule::Broken(_) => (RuleGround::Broken, false),
        Rule::When(_) => (RuleGround::Expression, database.first() == Some(&Some(true))),
    };
    let mut failure = match &rule {
        Rule::Broken(reason) => Some(reason.clone()),
        _ => None,
    };
    let (mut plan, mut warnings) = (Vec::new(), Vec::new());
    if let Some((statement, _)) = &statement {
        let lines = query(place, table, &probe::explain(statement)).await?;
        plan = lines.iter().map(|line| line.get(0)).collect();
        if let Rule::When(predicate) = &rule {
            warnings = advise(place, view, table, predicate, &plan).await?;
        }
    }
    // The statement itself comes last: a constraint that it violates ends the transaction.
    if let Some((statement, true)) = &statement {
        match query(place, table, statement).await {
            Ok(rows) => allowed = !rows.is_empty(),
            Err(Failure::Problem(problem)) => {
                failure = Some(problem.errors.first().map_or(problem.detail, |error| error.detail.clone()));
            }
            Err(stale) => return Err(stale),
        }
    }
    let class = match &rule {
        Rule::When(predicate) => Some(predicate.class(&table.collection, view.snapshot)),
        _ => None,
    };
    let (sql, binds) = match statement {
        Some((statement, _)) => {
            (Some(statement.text), statement.binds.into_iter().map(|bind| bind.0).collect())
        }
        None => (None, Vec::new()),
    };
    let parts = parts::told(&parts, &database, &server);
    Ok(RuleTested { allowed, ground, rule: text, class, parts, sql, binds, plan, failure, warnings })
}

async fn query(place: &Place, table: &Table, sql: &Sql) -> Result<Vec<Row>, Failure> {
    let statement = store::prepare(place, table, sql).await?;
    store::query(place.client(), &statement, &sql.binds).await.map_err(|error| store::failure(table, error))
}

/// The columns of a row that was read as text, from the one of that index on.
fn image(row: &Row, from: usize, columns: usize) -> Image {
    (from..from + columns).map(|at| raw(row, at).and_then(|bytes| std::str::from_utf8(bytes).ok())).collect()
}

/// Brings along the rows that the program needs; false where they are too many.
async fn mirror(place: &Place, program: &Program, mirrors: &mut Mirrors) -> Result<bool, Failure> {
    for need in program.needs() {
        if mirrors.get(need.collection()).is_some_and(|mirror| mirror.covers(need)) {
            continue;
        }
        let mut need = need.clone();
        if let Some(mirror) = mirrors.get(need.collection()) {
            need.add(mirror.need());
        }
        let rows = query(place, &need.table, &probe::rows(&need.table, MOST_MIRRORED + 1)).await?;
        if rows.len() > MOST_MIRRORED {
            return Ok(false);
        }
        let columns = need.table.columns.len();
        let mut mirror = Mirror::new(need);
        for row in &rows {
            mirror.apply(None, Some(&image(row, 0, columns)));
        }
        mirrors.insert(mirror);
    }
    Ok(true)
}

/// What to mend of the tables that the plan reads whole.
async fn advise(
    place: &Place,
    view: View<'_>,
    table: &Table,
    predicate: &expression::Predicate,
    plan: &[String],
) -> Result<Vec<String>, Failure> {
    let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (collection, field) in advice::equalities(predicate) {
        fields.entry(collection).or_default().push(field);
    }
    let mut warnings = Vec::new();
    for (collection, fields) in fields {
        let other = match collection == table.collection.name {
            true => table,
            false => match view.snapshot.table(&collection) {
                Some(other) => other,
                None => continue,
            },
        };
        let rows = query(place, other, &probe::estimate(other)).await?;
        let rows = rows.first().map_or(0, |row| row.get::<_, i64>(0));
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        warnings.extend(advice::missing_index(other, &fields, rows, plan));
    }
    Ok(warnings)
}
