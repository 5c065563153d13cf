//! What depends on what, and what renaming does to the text.

use super::fixture::*;
use crate::expression::*;

const RULE: &str = r#"title = "title" and (author . role = "x" or parent.`title` != null)  and
    exists(members, role = "title" and room = $.room and user.role = $.author.role and meta = null)"#;

fn rename(source: &str, collection: &str, from: &str, to: &str) -> String {
    let collections = catalogue();
    let scope = Scope {
        collection: &collections[0],
        collections: &collections,
        purpose: Purpose::Rule(RuleKind::View),
    };
    parse(source).expect(source).rename_field(&scope, collection, from, to).expect(source)
}

#[test]
fn renaming_changes_the_names_of_that_field_alone() {
    let rule = RULE.replace(" and meta = null", "");
    assert_eq!(
        rename(&rule, "posts", "title", "headline"),
        rule.replace("title = \"title\" and (", "headline = \"title\" and (").replace("`title`", "headline")
    );
    assert_eq!(
        rename(&rule, "users", "role", "the kind"),
        rule.replace("author . role", "author . `the kind`")
            .replace("user.role = $.author.role", "user.`the kind` = $.author.`the kind`")
    );
    assert_eq!(rename(&rule, "members", "role", "in"), rule.replace("(members, role", "(members, `in`"));
    assert_eq!(rename(&rule, "posts", "role", "x"), rule);
    assert_eq!(
        rename("meta.title = 1 and meta.meta = 2", "posts", "meta", "m"),
        "m.title = 1 and m.meta = 2"
    );
}

#[test]
fn renaming_what_does_not_fit_is_an_error() {
    let collections = catalogue();
    let scope = Scope { collection: &collections[0], collections: &collections, purpose: FILTER };
    let expression = parse(RULE).expect(RULE);
    let error = expression.rename_field(&scope, "posts", "title", "x").expect_err("members have no meta");
    assert_eq!(error.code, ErrorCode::UnknownField);
}

#[test]
fn collections_are_renamed_in_exists() {
    let expression = parse("exists( members, exists(`members`, members = 1))").expect("an expression");
    assert_eq!(
        expression.rename_collection("members", "Room members"),
        "exists( `Room members`, exists(`Room members`, members = 1))"
    );
}

#[test]
fn uses_name_every_field_and_key() {
    let uses = filter(
        "author.manager.role = \"x\" and meta.a = 1 and score in [] and length(title) > 1 and exists(members, user = $.parent)",
    )
    .uses();
    let fields: Vec<String> =
        uses.fields.iter().map(|(collection, field)| format!("{collection}.{field}")).collect();
    assert_eq!(
        fields,
        [
            "members.user",
            "posts.author",
            "posts.meta",
            "posts.parent",
            "posts.score",
            "posts.title",
            "users.id",
            "users.manager",
            "users.role"
        ]
    );
    assert_eq!(uses.collections.into_iter().collect::<Vec<_>>(), ["members", "users"]);
}

#[test]
fn the_caller_and_the_clock_are_seen_anywhere() {
    for source in [
        "author = @user.id",
        "not exists(members, user = @user.id)",
        "@user.verified",
        "title in @user.roles",
    ] {
        assert!(filter(source).uses_caller(), "{source}");
        assert!(!filter(source).uses_clock(), "{source}");
    }
    assert!(!filter("title = \"@user.id\"").uses_caller());
    assert!(filter("created_at > @today").uses_clock());
}

#[test]
fn the_new_row_is_seen_anywhere() {
    let update = |source| check_as(source, Purpose::Rule(RuleKind::Update)).expect(source).uses_new();
    assert!(update("exists(members, room = @new.room)"));
    assert!(update("@new.author = author"));
    assert!(!update("exists(members, room = $.room)"));
}
