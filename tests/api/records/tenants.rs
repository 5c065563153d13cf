//! Two tenants in one table: neither can tell what the other has.

use annex_tests::{Answer, TestApp};
use serde_json::json;

use super::support::{Settings, adopt, records};

const OURS: &str = "0190a1b2-c3d4-7e5f-8a9b-000000000001";
const THEIRS: &str = "0190a1b2-c3d4-7e5f-8a9b-000000000002";
const NOBODYS: &str = "0190a1b2-c3d4-7e5f-8a9b-000000000003";

/// All of an answer but what belongs to the request alone.
fn shape(answer: &Answer, id: &str) -> String {
    let mut problem = answer.problem();
    problem.request_id.clear();
    let headers: Vec<String> = answer
        .headers
        .iter()
        .filter(|(name, _)| !["x-request-id", "date"].contains(&name.as_str()))
        .map(|(name, value)| format!("{name}: {value:?}"))
        .collect();
    format!("{} {headers:?} {}", answer.status, serde_json::json!(problem)).replace(id, "<id>")
}

#[tokio::test]
async fn the_rows_of_others_are_as_if_they_were_not() {
    let app = TestApp::start().await;
    let owned = "owner = @user.id";
    let settings = Settings::open()
        .reading(owned)
        .rule("create", "owner = @user.id")
        .rule("update", "owner = @user.id and @new.owner = owner")
        .rule("delete", owned);
    let ddl = "create table docs (id uuid primary key, owner uuid references annex.users, title text, parent uuid references docs)";
    adopt(&app, "docs", ddl, settings).await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    app.sql(&format!(
        "insert into docs values ('{OURS}', '{}', 'ours', '{THEIRS}'), ('{THEIRS}', '{}', 'theirs', null)",
        ada.id(),
        bob.id()
    ))
    .await;
    let tag = bob.get(&format!("/v1/records/docs/{THEIRS}")).await.header("etag").expect("a tag").to_owned();
    let answers = async |id: &str| {
        let path = format!("/v1/records/docs/{id}");
        let mut answers = vec![
            ada.get(&path).await,
            ada.get(&format!("{path}?expand=parent,docs")).await,
            ada.get(&format!("{path}?fields=id")).await,
            ada.get(&path).header("if-none-match", "*").await,
            ada.get(&path).header("if-none-match", &tag).await,
            ada.patch(&path, json!({"title": "x"})).await,
            ada.patch(&path, json!({"owner": ada.id()})).await,
            ada.patch(&path, json!({})).await,
            ada.patch(&path, json!({"title": "x"})).header("if-match", &tag).await,
            ada.patch(&path, json!({"title": "x"})).header("if-match", "\"1\"").await,
            ada.patch(&path, json!({"title": "x"})).header("if-match", "*").await,
            ada.patch(&path, json!({"title": 5})).await,
            ada.patch(&path, json!({"parent": NOBODYS})).await,
            ada.put(&path, json!({"title": "x"})).header("if-match", &tag).await,
            ada.put(&path, json!({"title": "x", "owner": bob.id()})).await,
            ada.delete(&path).await,
            ada.delete(&path).header("if-match", &tag).await,
            ada.delete(&path).header("if-match", "*").await,
        ];
        for client in [app.anonymous(), app.anonymous().with_token("x")] {
            answers.push(client.get(&path).await);
            answers.push(client.patch(&path, json!({"title": "x"})).await);
            answers.push(client.delete(&path).await);
        }
        answers
    };
    let (theirs, nobodys) = (answers(THEIRS).await, answers(NOBODYS).await);
    for (theirs, nobodys) in theirs.iter().zip(&nobodys) {
        assert_eq!(shape(theirs, THEIRS), shape(nobodys, NOBODYS), "{}", theirs.request);
        assert!(theirs.status >= 400, "{theirs}");
        theirs.clone().expect_unsaid(&["theirs", bob.id()]);
    }
    // Lists, filters, relations and counts.
    let list = ada
        .get(&records("docs", &[("expand", "parent"), ("sort", "title")]))
        .header("prefer", "count=exact")
        .await;
    assert_eq!(list.json()["count"], 1);
    assert_eq!(list.items()[0]["expand"]["parent"], json!(null));
    for filter in [
        format!("id = '{THEIRS}'"),
        "title = 'theirs'".to_owned(),
        "parent.title = 'theirs'".to_owned(),
        "parent.id != null".to_owned(),
        "exists(docs, title = 'theirs')".to_owned(),
        "title != 'ours'".to_owned(),
    ] {
        let none = ada.get(&records("docs", &[("filter", &filter)])).header("prefer", "count=exact").await;
        assert_eq!(none.json()["count"], 0, "{filter}");
        assert_eq!(none.items().len(), 0, "{filter}");
    }
    // A row of one's own cannot be given away, nor made for another.
    ada.patch(&format!("/v1/records/docs/{OURS}"), json!({"owner": bob.id()}))
        .await
        .expect_problem("not_found");
    ada.post("/v1/records/docs", json!({"id": NOBODYS, "owner": bob.id()})).await.expect_problem("forbidden");
    ada.put(&format!("/v1/records/docs/{NOBODYS}"), json!({"owner": bob.id()}))
        .await
        .expect_problem("forbidden");
    let untouched = app.sql_value("select string_agg(title || owner, ',' order by title) from docs").await;
    assert_eq!(untouched, Some(format!("ours{},theirs{}", ada.id(), bob.id())));
}
