//! What an editor offers, and how it colours.

use super::fixture::*;
use crate::expression::*;

fn complete_as(source: &str, purpose: Purpose) -> Completions {
    let at = source.find('|').expect("the place is marked");
    let collections = catalogue();
    let scope = Scope { collection: &collections[0], collections: &collections, purpose };
    complete(&source.replace('|', ""), at, &scope)
}

/// The labels that begin with what is written already.
fn offered(source: &str) -> Vec<String> {
    let completions = complete_as(source, FILTER);
    let written = &source[completions.from..source.find('|').expect("the place is marked")];
    let labels = completions.suggestions.into_iter().map(|suggestion| suggestion.label);
    labels.filter(|label| label.starts_with(written)).collect()
}

#[test]
fn fields_are_offered_where_a_condition_begins() {
    for source in ["ti|", "score > 1 and ti|", "not ti|", "(ti|", "exists(comments, post = $.id) or ti|"] {
        assert_eq!(offered(source), ["title"], "{source}");
    }
    assert_eq!(offered("exists(comments, bo|"), ["body"]);
    assert_eq!(offered("exists(comments, body = \"x\") and exists(members, ro|"), ["room", "role"]);
    assert_eq!(offered("created_at > @now - 7d and ti|"), ["title"]);
    assert_eq!(offered("meta.a[0].b = 1 and ti|"), ["title"]);
    assert!(offered("sec|").is_empty(), "a hidden field is not known");
    assert_eq!(
        complete_as("sec|", Purpose::Rule(RuleKind::View))
            .suggestions
            .iter()
            .filter(|s| s.label == "secret")
            .count(),
        1
    );
}

#[test]
fn a_dot_leads_over_relations_and_into_the_caller() {
    assert_eq!(offered("author.|"), ["id", "email", "role", "manager"]);
    assert_eq!(offered("author.manager.ro|"), ["role"]);
    assert_eq!(offered("parent.author.em|"), ["email"]);
    assert_eq!(offered("exists(comments, $.parent.ti|"), ["title"]);
    assert_eq!(offered("author = @user.|"), ["id", "email", "verified", "roles", "orgs", "claims"]);
    assert!(offered("title.|").is_empty());
    assert!(offered("editors.|").is_empty(), "a list of relations leads to no one row");
}

#[test]
fn values_follow_the_type_of_the_other_side() {
    assert_eq!(offered("status = |")[..3], ["\"draft\"", "\"published\"", "\"archived\""]);
    assert_eq!(offered("status in [\"draft\", \"pu|"), ["\"published\""]);
    assert_eq!(offered("published = |")[..2], ["true", "false"]);
    assert_eq!(offered("author = |")[0], "@user.id");
    assert_eq!(offered("created_at >= @n|"), ["@now", "@now - 7d"]);
    assert!(offered("title = \"dr|").is_empty(), "a text is its author's");
    assert!(offered("score > 1|").is_empty(), "and so is a number");
    assert!(!offered("score > |").contains(&"title".to_owned()), "text is no number");
}

#[test]
fn a_chosen_text_takes_the_closing_quote_with_it() {
    let completions = complete_as("status = \"dr|\" and score > 1", FILTER);
    assert_eq!((completions.from, completions.to), (9, 13));
    let completions = complete_as("sta|tus = 1", FILTER);
    assert_eq!((completions.from, completions.to), (0, 6));
}

#[test]
fn operators_and_connectives_follow_values() {
    assert_eq!(offered("tags |"), ["contains", "not contains", "=", "!="]);
    assert!(offered("status |").contains(&"in".to_owned()));
    assert_eq!(offered("score > 1 a|"), ["and"]);
    assert_eq!(offered("lower(title) = \"a\" o|"), ["or"]);
    assert_eq!(offered("title = lower(contact) |"), ["and", "or"]);
    assert_eq!(offered("created_at < @now - 7d |"), ["and", "or"]);
    assert_eq!(offered("status in [\"draft\"] |"), ["and", "or"]);
    assert_eq!(offered("title not |"), ["in", "like", "ilike", "contains"]);
    assert!(offered("lower(title |").is_empty());
}

#[test]
fn rows_that_point_here_are_offered_as_exists() {
    let completions = complete_as("comm|", FILTER);
    let rows = completions.suggestions.iter().find(|suggestion| suggestion.label == "comments");
    assert_eq!(rows.map(|rows| rows.text.as_str()), Some("exists(comments, post = $.id and )"));
    assert!(offered("aud|").is_empty(), "not over a hidden field");
    assert_eq!(offered("exists(mem|"), ["members"]);
    assert_eq!(offered("exists(members, |").last().map(String::as_str), Some("false"));
}

#[test]
fn the_new_row_is_offered_where_it_has_a_meaning() {
    let has_new =
        |purpose| complete_as("@|", purpose).suggestions.iter().any(|suggestion| suggestion.label == "@new");
    assert!(has_new(Purpose::Rule(RuleKind::Create)) && has_new(Purpose::Rule(RuleKind::Update)));
    assert!(!has_new(Purpose::Rule(RuleKind::View)) && !has_new(FILTER));
    let stepped = complete_as("@new.sta|", Purpose::Rule(RuleKind::Update));
    assert!(stepped.suggestions.iter().any(|suggestion| suggestion.label == "status"));
}

#[test]
fn suggestions_help_unasked_where_something_is_missing() {
    for (source, eager) in [
        ("|", false),
        ("t|", true),
        ("author.|", true),
        ("status = |", true),
        ("status |", true),
        ("published |", false),
        ("status = \"draft\" |", false),
        ("title = |", false),
    ] {
        assert_eq!(complete_as(source, FILTER).eager, eager, "{source}");
    }
}

#[test]
fn every_suggestion_of_a_name_is_one() {
    let odd = complete_as("|", FILTER);
    let texts: Vec<&str> = odd.suggestions.iter().map(|suggestion| suggestion.text.as_str()).collect();
    assert!(texts.contains(&"`Odd ``Name```") && texts.contains(&"`in`"), "{texts:?}");
}

#[test]
fn nothing_that_is_written_breaks_the_editor() {
    let source =
        "exists(members, room = $.room and `x` in [1, \"é\", lower(a.b[0].\"c\")] or @now - 7d > not \"\\q";
    let collections = catalogue();
    let scope = Scope { collection: &collections[0], collections: &collections, purpose: FILTER };
    for at in 0..=source.len() {
        let completions = complete(source, at, &scope);
        if source.is_char_boundary(at) {
            assert!(completions.from <= at && at <= completions.to && completions.to <= source.len(), "{at}");
            tokens(&source[..at]);
            tokens(&source[at..]);
        }
    }
    let long = "(".repeat(MAX_LENGTH + 1);
    assert!(complete(&long, 1, &scope).suggestions.is_empty());
}

#[test]
fn tokens_are_told_apart_where_the_whole_is_no_expression() {
    use TokenKind::*;
    let source = "lower(title) = \"a\" and & @user.id in [1, 7d] $.x = 'open";
    let found: Vec<(TokenKind, &str)> =
        tokens(source).into_iter().map(|(kind, span)| (kind, &source[span])).collect();
    assert_eq!(
        found,
        [
            (Function, "lower"),
            (Name, "title"),
            (Operator, "="),
            (Text, "\"a\""),
            (Keyword, "and"),
            (Special, "@user"),
            (Name, "id"),
            (Keyword, "in"),
            (Number, "1"),
            (Number, "7d"),
            (Special, "$"),
            (Name, "x"),
            (Operator, "="),
            (Text, "'open"),
        ]
    );
}

#[test]
fn what_was_probably_meant_can_be_put_in_place() {
    for (source, corrected) in [
        ("titel = \"x\"", "title = \"x\""),
        ("status = \"drft\"", "status = \"draft\""),
        ("status = draft", "status = \"draft\""),
        ("title == \"x\"", "title = \"x\""),
        ("@usr.id = author", "@user.id = author"),
        ("author = @user.idd", "author = @user.id"),
        ("lenght(title) > 1", "length(title) > 1"),
    ] {
        let error = refused(source);
        let correction = error.correction.unwrap_or_else(|| panic!("{source} has a correction"));
        let mended = format!("{}{correction}{}", &source[..error.span.start], &source[error.span.end..]);
        assert_eq!(mended, corrected);
        filter(&mended);
    }
}
