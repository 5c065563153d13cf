//! What expressions mean: the typed form of each part of the language.

use super::fixture::*;
use crate::expression::*;

fn meanings(name: &str, purpose: Purpose, sources: &[&str]) {
    let meaning = |source: &&str| match check_as(source, purpose) {
        Ok(predicate) => format!("{source}\n    {predicate:?}\n"),
        Err(error) => panic!("{source}: {error}"),
    };
    snapshot(name, &sources.iter().map(meaning).collect::<String>());
}

#[test]
fn comparisons() {
    meanings(
        "comparisons",
        FILTER,
        &[
            r#"title = "Hello""#,
            r#"'it\'s' = title"#,
            r#"contact != title"#,
            r#"status = "published""#,
            r#"views > 9007199254740993"#,
            r#"10 < score"#,
            r#"score < views"#,
            r#"rating >= 0.1"#,
            r#"price = 1.10"#,
            r#"price > rating"#,
            r#"published = true"#,
            r#"day = "2026-01-31""#,
            r#"created_at >= "2026-01-31""#,
            r#"created_at = "2026-01-31T12:00:00.5+02:00""#,
            r#"day < created_at"#,
            r#"day < @now"#,
            r#"created_at > @today - 1w"#,
            r#"created_at >= @now - 1h30m"#,
            r#"created_at <= @now+7d"#,
            r#"id = "0190F5B6-8D3A-7C1E-9A52-3B1F0C6D7E8F""#,
            r#"cover = id"#,
            r#"`Odd ``Name``` = "x" and `in` = 1"#,
        ],
    );
}

#[test]
fn numbers_that_the_type_does_not_have() {
    let same = |a: &str, b: &str| assert_eq!(filter(a), filter(b), "{a} is {b}");
    same("score = 1.5", "score != score");
    same("score != 1.5", "score = score");
    same("score < 1.5", "score <= 1");
    same("score <= 1.5", "score <= 1");
    same("score > 1.5", "score > 1");
    same("score >= 1.5", "score > 1");
    same("score > -1.5", "score > -2");
    same("1.5 < score", "score > 1");
    same("score = 1.0", "score = 1");
    same("score = 1e2", "score = 100");
    same("score = 99999999999", "score != score");
    same("score < 99999999999", "score = score");
    same("score > 99999999999", "score != score");
    same("score >= -99999999999", "score = score");
    same("score <= -99999999999", "score != score");
    same("score < -2147483648.5", "score != score");
    same("score > -2147483648.5", "score = score");
    same("score > 2147483647.5", "score > 2147483647");
    same("views < 1e300", "views = views");
    same("views > 170141183460469231731687303715884105728", "views != views");
    same("score in [1, 1.5, 99999999999]", "score in [1]");
    same("score in [1.5, 99999999999]", "score != score");
    same("score not in [1.5]", "not (score != score)");
    same("length(title) < 1e10", "length(title) = length(title)");
    same("scores contains 1.5", "scores != scores");
}

#[test]
fn null_lists_and_text() {
    meanings(
        "null_lists_and_text",
        FILTER,
        &[
            r#"deleted_at = null and not (score < 0)"#,
            r#"null != deleted_at"#,
            r#"meta.a = null"#,
            r#"status in ["draft", "published"]"#,
            r#"status not in ["draft"]"#,
            r#"score in []"#,
            r#"@user.id in [author, parent.author]"#,
            r#"author in [@user.id, "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f"]"#,
            r#"tags contains "rust" and title like "%postgres%""#,
            r#""rust" in tags"#,
            r#"scores contains 3"#,
            r#"title in tags"#,
            r#"editors contains @user.id"#,
            r#"title contains "part""#,
            r#"title not contains contact"#,
            r#"title not ilike "a\\_b%""#,
            r#"status like "pub%""#,
            r#"lower(title) = "x" and length(tags) > 2"#,
            r#"tags = tags"#,
        ],
    );
}

#[test]
fn relations_json_and_the_caller() {
    meanings(
        "relations_json_and_the_caller",
        FILTER,
        &[
            r#"author = @user.id"#,
            r#"author.role in ["editor", "admin"] or author = @user.id"#,
            r#"parent.parent.author.manager = null"#,
            r#"parent.meta.price > 10"#,
            r#"meta.price > 10"#,
            r#"meta.tags[0] = "x""#,
            r#"meta."odd key".in = true"#,
            r#"meta.active"#,
            r#"meta.price > price"#,
            r#"meta.owner = @user.id"#,
            r#"meta.a = meta.b"#,
            r#"meta.tags contains "rust""#,
            r#"5 in meta.numbers"#,
            r#"length(meta.tags) = 2"#,
            r#"lower(meta.name) like "a%""#,
            r#""admin" in @user.roles"#,
            r#"title in @user.roles"#,
            r#"room in @user.orgs"#,
            r#"title in @user.orgs"#,
            r#"@user.verified and @user.email = contact"#,
            r#"title = @user.id"#,
            r#"room = @user.claims.room"#,
            r#"@user.claims.level >= 3"#,
            r#"@user.claims."https://x/y"[0] = "z""#,
            r#"@user.id = null"#,
            r#"true or published"#,
        ],
    );
}

#[test]
fn rows_of_other_collections() {
    let nested = "exists(members, room = $.room and user = @user.id and exists(comments, author = $.user))";
    meanings(
        "rows_of_other_collections",
        FILTER,
        &["exists(comments, post = $.id)", nested, "exists(rooms, true)"],
    );
}

#[test]
fn a_create_rule_has_the_new_row_alone() {
    let create = Purpose::Rule(RuleKind::Create);
    let check = |source| check_as(source, create).expect(source);
    assert_eq!(check(r#"status = "draft""#), check(r#"@new.status = "draft""#));
    assert_eq!(
        check("exists(members, room = $.room and user = @user.id)"),
        check("exists(members, room = @new.room and user = @user.id)")
    );
    meanings(
        "a_create_rule_has_the_new_row_alone",
        create,
        &["exists(members, room = $.room and exists(rooms, id = $.room))"],
    );
}

#[test]
fn an_update_rule_has_both_rows() {
    let update = Purpose::Rule(RuleKind::Update);
    meanings(
        "an_update_rule_has_both_rows",
        update,
        &["@new.author = author", "exists(members, room = @new.room and user = $.author)", "secret = \"x\""],
    );
}

#[test]
fn admins_may_filter_by_hidden_fields() {
    let admin = Purpose::Filter { hidden: true };
    assert!(check_as(r#"secret = "x" and author.password_hash != null"#, admin).is_ok());
}

#[test]
fn the_examples_of_the_documentation_hold() {
    let documentation = include_str!("../../../../docs/EXPRESSIONS.md");
    let mut blocks = documentation.split("```annex\n").skip(1).peekable();
    assert!(blocks.peek().is_some());
    for example in blocks.filter_map(|block| block.split("\n```").next()).flat_map(str::lines) {
        let purpose = if example.contains("@new") { Purpose::Rule(RuleKind::Update) } else { FILTER };
        if let Err(error) = check_as(example, purpose) {
            panic!("{error}");
        }
    }
}
