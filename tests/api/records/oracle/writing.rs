//! What can be written: single rows, batches, all rows that match, imports.

use std::collections::BTreeSet;

use annex_openapi::problem::FieldError;
use annex_openapi::transfer::ImportReport;
use annex_tests::Answer;
use serde_json::{Value, json};

use super::super::support::records;
use super::condition::{generate, written};
use super::model::{Body, Write};
use super::{Case, Random, Row};

impl Case<'_> {
    /// Writes in every way; each write finds what the one before has left.
    pub async fn writes(&mut self, random: &mut Random) {
        for _ in 0..3 {
            self.write(random).await;
            self.write(random).await;
            self.write_matching(random).await;
            self.batch(random).await;
            self.import(random).await;
        }
    }

    /// The rows that there are now must be those.
    async fn becomes(&mut self, rows: Vec<Row>, label: &str) {
        let query = "select coalesce(jsonb_agg(to_jsonb(docs) order by id), '[]') from docs";
        let found = self.app.sql_value(query).await.expect("there is an array");
        let found: Value = serde_json::from_str(&found).expect("it is JSON");
        assert_eq!(found, Value::from_iter(rows.iter().map(Row::json)), "{label}");
        self.rows = rows;
    }

    async fn write(&mut self, random: &mut Random) {
        let write = Write::generate(random, self);
        let label = format!("{self}\n{write:?}");
        let verdict = self.verdict(&write);
        let path = format!("/v1/records/docs/{}", write.id());
        let answer = match &write {
            Write::Create(id, body) => self.client.post("/v1/records/docs", with_id(*id, body)).await,
            Write::Update(_, body) => self.client.patch(&path, body.json().into()).await,
            Write::Replace(_, body) => self.client.put(&path, body.json().into()).await,
            Write::Delete(_) => self.client.delete(&path).await,
        };
        assert_eq!(answer.status, verdict.status, "{label}\n{answer}");
        if answer.status < 300 {
            let record = (!answer.body.is_empty()).then(|| answer.json());
            assert_eq!(record, verdict.record.as_ref().map(Row::json), "{label}\n{answer}");
        }
        self.becomes(verdict.after, &label).await;
    }

    /// Several writes in one transaction. All are done, or none where one is refused; of these one is named, a later one only
    /// where the caller may not do such a thing to any row.
    async fn batch(&mut self, random: &mut Random) {
        let before = self.rows.clone();
        let (mut operations, mut done, mut refused) = (Vec::new(), Vec::new(), Vec::new());
        for index in 0..3 + random.next(4) {
            let write = Write::generate(random, self);
            operations.push(operation(&write));
            let verdict = self.verdict(&write);
            if verdict.status >= 400 {
                refused.push((format!("/operations/{index}"), verdict.status));
            } else if refused.is_empty() {
                self.rows = verdict.after;
            }
            done.push((verdict.status, verdict.record.as_ref().map(Row::json)));
        }
        let after = std::mem::replace(&mut self.rows, before.clone());
        let operations = json!({"operations": operations});
        let label = format!("{self}\nbatch: {operations}");
        let answer = self.client.post("/v1/batch", operations).await;
        if refused.is_empty() {
            assert_eq!(answer.status, 200, "{label}\n{answer}");
            let results = answer.json()["results"].as_array().cloned().unwrap_or_default();
            let told = |result: &Value| (result["status"].clone(), result["record"].clone());
            let told: Vec<_> = results.iter().map(told).collect();
            let done: Vec<_> = done.into_iter().map(|(status, row)| (status.into(), row.into())).collect();
            assert_eq!(told, done, "{label}\n{answer}");
            return self.becomes(after, &label).await;
        }
        let (mut named, status) = (answer.problem().errors[0].pointer.clone(), answer.status);
        let end = named.match_indices('/').nth(2).map_or(named.len(), |(at, _)| at);
        named.truncate(end);
        let named = (named, status);
        assert!(refused.contains(&named), "{refused:?} and not {named:?}: {label}\n{answer}");
        let of_any_row = [401, 403, 404].contains(&status);
        assert!(named == refused[0] || of_any_row, "{refused:?} and not {named:?}: {label}\n{answer}");
        self.becomes(before, &label).await;
    }

    /// All rows that match: one change of them, or their end.
    async fn write_matching(&mut self, random: &mut Random) {
        let filter = generate(random, 2);
        let text = written(&filter);
        let matching = self.matching(&filter);
        let dry_run = random.next(3) == 0;
        let path = records("docs", &[("filter", &text), ("dry_run", if dry_run { "true" } else { "false" })]);
        if random.next(3) == 0 {
            let label = format!("{self}\ndelete all that match {text}");
            let deletable = self.passing(&self.rules.delete);
            let gone: BTreeSet<i64> = matching.intersection(&deletable).copied().collect();
            let answer = self.client.delete(&path).await;
            expect_count(&answer, gone.len(), &label);
            let after = if dry_run { self.rows.clone() } else { self.without(&gone) };
            return self.becomes(after, &label).await;
        }
        let body = Body::generate(random, self);
        let label = format!("{self}\nchange all that match {text}: {body:?}");
        let (mut changed, mut is_refused) = (Vec::new(), false);
        for row in self.rows.iter().filter(|row| matching.contains(&row.id)) {
            let new = body.over(row);
            let (stays, becomes) = (self.updatable(row, row), self.updatable(row, &new));
            is_refused |= stays && !becomes;
            if becomes {
                changed.push(new);
            }
        }
        let answer = self.client.patch(&path, body.json().into()).await;
        if is_refused {
            assert_eq!(answer.status, self.denied(), "{label}\n{answer}");
            return self.becomes(self.rows.clone(), &label).await;
        }
        expect_count(&answer, changed.len(), &label);
        let after = if dry_run { self.rows.clone() } else { self.with(changed) };
        self.becomes(after, &label).await;
    }

    /// Rows of a file, new and known ones.
    async fn import(&mut self, random: &mut Random) {
        let upsert = random.next(2) == 0;
        let csv = random.next(2) == 0;
        let skip_bad = random.next(2) == 0;
        let dry_run = random.next(4) == 0;
        let first = 1 + random.next(14) as i64;
        let bodies: Vec<(i64, Body)> = (0..4 + random.next(4) as i64)
            .map(|index| {
                (
                    first + 2 * index,
                    if csv { Body::whole(random, self) } else { Body::generate(random, self) },
                )
            })
            .collect();
        let lines = if csv { csv_lines(&bodies) } else { ndjson_lines(&bodies) };
        let mut asked = vec![("mode", if skip_bad { "skip_bad" } else { "all_or_nothing" })];
        asked.extend(upsert.then_some(("upsert", "id")));
        asked.extend(dry_run.then_some(("dry_run", "true")));
        let label = format!("{self}\nimport {asked:?}\n{lines}");

        let (mut taken, mut inserted, mut updated, mut refused) = (Vec::new(), 0, 0, Vec::new());
        for (at, (id, body)) in bodies.iter().enumerate() {
            let line = at as u64 + if csv { 2 } else { 1 };
            match self.row(*id) {
                Some(row) if upsert => {
                    let new = body.over(row);
                    if self.updatable(row, &new) {
                        updated += 1;
                        taken.push(new);
                    } else {
                        refused.push((line, "forbidden"));
                    }
                }
                known => {
                    let new = body.made(*id);
                    if !self.creatable(&new) {
                        refused.push((line, "forbidden"));
                    } else if known.is_some() {
                        refused.push((line, "not_unique"));
                    } else {
                        inserted += 1;
                        taken.push(new);
                    }
                }
            }
        }
        let url = reqwest::Url::parse_with_params("http://annex.test/v1/records/docs/import", &asked)
            .expect("they can be encoded");
        let path = format!("{}?{}", url.path(), url.query().unwrap_or_default());
        let media_type = if csv { "text/csv" } else { "application/x-ndjson" };
        let answer = self.client.request("POST", &path).body(media_type, lines).await;
        if answer.status == self.denied() {
            assert!(
                taken.is_empty(),
                "whom the rules let do nothing is told before any row is read: {label}\n{answer}"
            );
            return self.becomes(self.rows.clone(), &label).await;
        }
        if !refused.is_empty() && !skip_bad {
            assert_eq!(answer.status, 422, "{label}\n{answer}");
            assert_eq!(faults(&answer.problem().errors), refused, "{label}\n{answer}");
            return self.becomes(self.rows.clone(), &label).await;
        }
        assert_eq!(answer.status, 200, "{label}\n{answer}");
        let report: ImportReport = answer.json_as();
        assert_eq!(faults(&report.errors), refused, "{label}\n{answer}");
        let counted = (report.rows, report.inserted, report.updated, report.skipped);
        assert_eq!(
            counted,
            (bodies.len() as u64, inserted, updated, refused.len() as u64),
            "{label}\n{answer}"
        );
        let after = if dry_run { self.rows.clone() } else { self.with(taken) };
        self.becomes(after, &label).await;
    }
}

fn with_id(id: i64, body: &Body) -> Value {
    let mut members = body.json();
    members.insert("id".to_owned(), id.into());
    members.into()
}

fn operation(write: &Write) -> Value {
    let of = |method: &str, body: &Body| json!({"method": method, "collection": "docs", "id": write.id(), "body": body.json()});
    match write {
        Write::Create(id, body) => {
            json!({"method": "create", "collection": "docs", "body": with_id(*id, body)})
        }
        Write::Update(_, body) => of("update", body),
        Write::Replace(_, body) => of("replace", body),
        Write::Delete(id) => json!({"method": "delete", "collection": "docs", "id": id}),
    }
}

fn ndjson_lines(bodies: &[(i64, Body)]) -> String {
    bodies.iter().map(|(id, body)| format!("{}\n", with_id(*id, body))).collect()
}

/// All bodies leave out nothing.
fn csv_lines(bodies: &[(i64, Body)]) -> String {
    let mut lines = "id,owner,n,flag,parent\n".to_owned();
    for (id, body) in bodies {
        let members = body.json();
        let cell = |name: &str| match &members[name] {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let cells = ["owner", "n", "flag", "parent"].map(cell).join(",");
        lines.push_str(&format!("{id},{cells}\n"));
    }
    lines
}

fn faults(errors: &[FieldError]) -> Vec<(u64, &str)> {
    errors.iter().map(|error| (error.line.unwrap_or(0), error.code.as_str())).collect()
}

#[track_caller]
fn expect_count(answer: &Answer, count: usize, label: &str) {
    assert_eq!(answer.status, 200, "{label}\n{answer}");
    assert_eq!(answer.json(), json!({"count": count}), "{label}\n{answer}");
}
