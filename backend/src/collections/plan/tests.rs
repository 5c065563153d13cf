//! The statements that changes come to, as they would be run.

use annex_openapi::collections::{ApplyRequest, Change, CollectionSpec, PlanStep};
use serde_json::{Value, json};

use super::{Difference, Planner, Reach, State};
use crate::collections::ddl::survey::{Count, Survey};

fn spec(spec: Value) -> CollectionSpec {
    serde_json::from_value(spec).expect("it is a collection")
}

fn planner(state: State) -> Planner {
    let mut survey = Survey::default();
    for name in state.entries.keys() {
        survey.rows.insert(name.clone(), Count::Exact(3));
        survey.kinds.insert(name.clone(), "r".to_owned());
    }
    Planner::new(state.clone(), state, survey)
}

fn posts() -> State {
    let mut planner = planner(State::default());
    let authors = spec(json!({"name": "authors", "fields": [{"name": "name", "type": "text"}]}));
    planner.create(&authors, "").expect("it can be made");
    let posts = spec(json!({
        "name": "posts",
        "fields": [
            {"name": "title", "type": "text", "required": true, "unique": true},
            {"name": "status", "type": "enum", "values": ["draft", "it's"], "default": "draft"},
            {"name": "author", "type": "relation", "collection": "authors", "on_delete": "cascade"},
            {"name": "tags", "type": "text", "array": true, "default": ["a\"b"]},
            {"name": "score", "type": "int", "default": 5}
        ],
        "indexes": [
            {"fields": ["status", "-created_at"]},
            {"fields": ["title"], "kind": "full_text"}
        ],
        "rules": {"list": "status = \"it's\""}
    }));
    planner.create(&posts, "").expect("it can be made");
    planner.finish().expect("it can be made").after
}

fn statements(steps: &[PlanStep]) -> String {
    let lines = steps.iter().map(|step| {
        let loses = step.loses.as_ref().map(|loses| format!(" loses {loses}")).unwrap_or_default();
        format!("[{:?}{loses}] {}", step.lock, step.sql)
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn change(changes: Value) -> String {
    let changes: Vec<Change> = serde_json::from_value(changes).expect("they are changes");
    let mut planner = planner(posts());
    planner.survey.values.insert(("posts".to_owned(), "score".to_owned()), Count::About(123_456));
    match planner.change("posts", &changes).and_then(|_| planner.finish()) {
        Ok(planned) => statements(&planned.steps),
        Err(problem) => format!("{problem}; {:?}", problem.hint),
    }
}

#[test]
fn a_collection_is_a_table() {
    let mut planner = planner(State::default());
    let authors = spec(
        json!({"name": "authors", "fields": [{"name": "best", "type": "relation", "collection": "authors"}]}),
    );
    planner.create(&authors, "").expect("it can be made");
    insta::assert_snapshot!(statements(&planner.steps));
}

#[test]
fn every_kind_of_field_and_index_has_its_statement() {
    let mut planner = planner(posts());
    let spec = spec(json!({
        "name": "things",
        "fields": [
            {"name": "a", "type": "email", "required": true},
            {"name": "b", "type": "url"},
            {"name": "c", "type": "numeric", "default": "0.10"},
            {"name": "d", "type": "enum", "values": ["x", "'; drop table posts; --", "\\"], "array": true},
            {"name": "e", "type": "timestamp", "default": "@now"},
            {"name": "f", "type": "relation", "collection": "posts", "unique": true},
            {"name": "g", "type": "files"},
            {"name": "h", "type": "json", "default": {"k": "it's"}}
        ],
        "indexes": [{"fields": ["a", "-e"], "kind": "unique"}, {"fields": ["a", "b"], "kind": "full_text", "name": "words"}]
    }));
    planner.create(&spec, "").expect("it can be made");
    insta::assert_snapshot!(statements(&planner.steps));
}

#[test]
fn fields_are_added_renamed_and_dropped() {
    insta::assert_snapshot!(change(json!([
        {"action": "add_field", "field": {"name": "editor", "type": "relation", "collection": "authors"}},
        {"action": "add_field", "field": {"name": "code", "type": "uuid", "default": "@uuid", "required": true}},
        {"action": "rename_field", "name": "title", "to": "headline"},
        {"action": "drop_field", "name": "score"},
        {"action": "rename", "name": "articles"}
    ])));
}

#[test]
fn types_are_changed_with_their_defaults() {
    insta::assert_snapshot!(change(json!([
        {"action": "alter_field", "name": "score", "type": "bigint"},
        {"action": "alter_field", "name": "score", "type": "text", "array": true},
        {"action": "alter_field", "name": "status", "values": ["new", "draft", "it's", "old"]},
        {"action": "alter_field", "name": "status", "values": ["it's", "draft"]},
        {"action": "alter_field", "name": "title", "type": "url", "required": false, "unique": false}
    ])));
}

#[test]
fn relations_are_turned() {
    insta::assert_snapshot!(change(json!([
        {"action": "alter_field", "name": "author", "collection": "posts", "on_delete": "set_null"},
        {"action": "alter_field", "name": "author", "type": "uuid"}
    ])));
}

#[test]
fn indexes_are_changed() {
    insta::assert_snapshot!(change(json!([
        {"action": "add_index", "index": {"fields": ["score"], "kind": "unique"}},
        {"action": "drop_index", "name": "posts_title_key"},
        {"action": "drop_index", "name": "posts_title_search"}
    ])));
}

#[test]
fn what_cannot_be_is_told() {
    let told: Vec<String> = [
        json!([{"action": "add_field", "field": {"name": "code", "type": "int", "required": true}}]),
        json!([{"action": "drop_field", "name": "status"}]),
        json!([{"action": "drop_field", "name": "id"}]),
        json!([{"action": "alter_field", "name": "score", "type": "date"}]),
        json!([{"action": "alter_field", "name": "tags", "array": false}]),
        json!([{"action": "rename_field", "name": "titel", "to": "x"}]),
        json!([{"action": "rename", "name": "authors"}]),
        json!([{"action": "drop_index", "name": "posts_titel_key"}]),
    ]
    .into_iter()
    .map(change)
    .collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn a_deletion_says_what_is_lost() {
    let mut planner = planner(posts());
    let refused = planner.delete(&["authors".to_owned()], Reach::default()).expect_err("posts point at it");
    planner.delete(&["authors".to_owned(), "posts".to_owned()], Reach::default()).expect("nobody else does");
    insta::assert_snapshot!(format!("{refused}\n{}", statements(&planner.steps)));
}

#[test]
fn collections_of_a_file_may_point_at_each_other() {
    let file: ApplyRequest = serde_json::from_value(json!({"collections": [
        {"name": "a", "fields": [{"name": "b", "type": "relation", "collection": "b"}], "rules": {"list": "exists(b, a = $.id)"}},
        {"name": "b", "fields": [{"name": "a", "type": "relation", "collection": "a", "required": true}]}
    ]}))
    .expect("it is a file");
    let mut planner = planner(State::default());
    planner
        .apply(&Difference::new(&State::default(), &file, &[], &Default::default()))
        .expect("it can be made");
    let planned = planner.finish().expect("the rules fit");
    insta::assert_snapshot!(format!("{}\n{}", statements(&planned.steps), planned.settings.join("\n")));
}
