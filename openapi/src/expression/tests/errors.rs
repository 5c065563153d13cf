//! What is said to someone who got it wrong.

use super::fixture::*;
use crate::expression::*;

fn complaints(name: &str, sources: &[&str]) {
    let complaints: Vec<String> = sources.iter().map(|source| refused(source).to_string()).collect();
    snapshot(name, &complaints.join("\n\n"));
}

#[test]
fn syntax() {
    complaints(
        "syntax",
        &[
            "",
            " \n ",
            "title =",
            "title = \"x",
            "title == \"x\"",
            "title <> \"x\"",
            "title = \"x\" && score > 1",
            "title = \"x\" || score > 1",
            "!published",
            "title ~ \"x\"",
            "title = \"x\" AND score > 1",
            "title IS NULL",
            "deleted_at is null",
            "deleted_at = NULL",
            "score between 1 and 2",
            "1 < score < 3",
            "(score) = 1",
            "score = (1)",
            "(score = 1",
            "score = 1)",
            "score in (1, 2)",
            "score in [1, 2",
            "score = .5",
            "score = 5.",
            "score = 1_000",
            "score = - x",
            "score + 1 = 2",
            "in = 1",
            "score not 1",
            "@nwo > created_at",
            "created_at > @now - 7",
            "created_at > @now - 7y",
            "created_at > @now - 99999999w",
            "created_at > @today - 1h",
            "title = \"\\q\"",
            "title = \"\\ud800\"",
            "title = \"\\u0000\"",
            "meta.0 = 1",
            "meta[x] = 1",
            "meta[-1] = 1",
            "title = `x",
            "@user = 1",
            "exists(members)",
            "exists(true, true)",
            "title = exists(rooms, true)",
            "title = “x”",
            "größe = 1",
            "first-name = 1",
            "first line\n  = title % 2",
        ],
    );
}

#[test]
fn names() {
    complaints(
        "names",
        &[
            "titel = \"x\"",
            "Title = \"x\"",
            "nothing_like_it = 1",
            "author.rool = \"x\"",
            "title.length > 1",
            "comments.author = @user.id",
            "audits.id = null",
            "editors.role = \"x\"",
            "author.manager.manager.manager.role = \"x\"",
            "meta.a[0].b = 1 and author[0] = 1",
            "author.\"role\" = \"x\"",
            "$.title = \"x\"",
            "@new.title = \"x\"",
            "@user.rolse contains \"x\"",
            "@user.id.x = 1",
            "lenght(title) > 1",
            "length(title, title) > 1",
            "exists(member, true)",
            "status = published",
            "title = hello",
        ],
    );
}

#[test]
fn types() {
    complaints(
        "types",
        &[
            "title",
            "1 = 1",
            "null = null",
            "title = 5",
            "score = \"5\"",
            "score = title",
            "score = true",
            "published = 1",
            "published < true",
            "status = \"publisehd\"",
            "status in [\"draft\", \"gone\"]",
            "status > \"draft\"",
            "id = \"123\"",
            "id = 123",
            "day = \"31.1.2026\"",
            "day = \"2026-02-30\"",
            "created_at > \"2026-01-31 12:00\"",
            "created_at > \"2026-01-31T12:00:00.1234567Z\"",
            "created_at > 5",
            "rating < 1e400",
            "price < 1e401",
            "tags = \"rust\"",
            "tags = title",
            "tags contains 5",
            "tags contains null",
            "scores contains views",
            "score contains 5",
            "title contains 5",
            "title in \"abc\"",
            "title in title",
            "title in [null]",
            "null in [title]",
            "score > null",
            "score like \"5%\"",
            "title like contact",
            "title like \"50\\\\\"",
            "\"x\" like title",
            "meta.a > meta.b",
            "meta.a > true",
            "meta.a = day",
            "meta.a = id",
            "meta.a in [1, \"x\"]",
            "length(score) > 1",
            "lower(5) = \"x\"",
            "score = published",
            "author = title",
        ],
    );
}

/// A caller who may not know of a field learns nothing by asking for it.
#[test]
fn hidden_fields_do_not_exist() {
    for (hidden, unknown) in [
        ("secret", "qqqqqq"),
        ("author.password_hash", "author.qqqqqqqqqqqqq"),
        ("exists(users, password_hash", "exists(users, qqqqqqqqqqqqq"),
    ] {
        let end = if hidden.starts_with("exists") { ")" } else { "" };
        for use_ in
            [" = \"x\"", " = null", " in [\"x\"]", " like \"x\"", " contains \"x\"", "", ".x = 1", "[0] = 1"]
        {
            let with = |name: &str| {
                let error = refused(&format!("{name}{use_}{end}"));
                let name = name.rsplit(['.', ' ']).next().unwrap_or(name);
                (error.code, error.span.clone(), error.to_string().replace(name, "NAME"))
            };
            assert_eq!(with(hidden), with(unknown), "{hidden}{use_}");
        }
    }
    let near = refused("secre = 1").to_string();
    assert!(!near.contains("secret"), "{near}");
}

#[test]
fn positions_count_lines_and_characters() {
    let error = refused("title = \"ä\" and\n  titel = \"x\"");
    assert_eq!(error.position(), Position { line: 2, column: 3 });
    assert_eq!(&error.source[error.span.clone()], "titel");
    let error = refused("title = \"ä\" and titel = 1");
    assert_eq!(error.position(), Position { line: 1, column: 17 });
}

#[test]
fn at_new_is_for_writes_alone() {
    for kind in [RuleKind::List, RuleKind::View, RuleKind::Delete] {
        let error = check_as("@new.title = \"x\"", Purpose::Rule(kind)).expect_err("there is no new row");
        assert_eq!(error.code, ErrorCode::NotAllowed);
    }
}
