//! What holds for every input: canonical text says the same, and nothing panics.

use proptest::prelude::*;

use super::fixture::*;
use crate::expression::syntax::*;
use crate::expression::*;

fn value(kind: ValueKind) -> Value {
    Value { kind, span: 0..0 }
}

fn condition(kind: ConditionKind) -> Condition {
    Condition { kind, span: 0..0 }
}

fn segment(kind: SegmentKind) -> Segment {
    Segment { kind, span: 0..0 }
}

/// Text without NUL, which no text holds.
fn text() -> impl Strategy<Value = String> {
    any::<String>().prop_map(|text| text.replace('\0', ""))
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-zA-Z_][a-zA-Z0-9_]{0,8}",
        1 => prop::sample::select(vec!["and", "not", "in", "null", "NULL", "true", "exists", "length"]).prop_map(str::to_owned),
        1 => text().prop_filter("a name is not empty", |name| !name.is_empty()),
    ]
}

fn path() -> impl Strategy<Value = ValueKind> {
    let step = prop_oneof![
        3 => name().prop_map(SegmentKind::Name),
        1 => text().prop_map(SegmentKind::Key),
        1 => (0..=i32::MAX as u32).prop_map(SegmentKind::Index),
    ];
    let root = prop::sample::select(vec![Root::Row, Root::Outer, Root::New, Root::User]);
    (root, name(), prop::collection::vec(step, 0..4)).prop_map(|(root, first, steps)| {
        let steps = std::iter::once(SegmentKind::Name(first)).chain(steps);
        ValueKind::Path(Path { root, segments: steps.map(segment).collect() })
    })
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(ValueKind::Null),
        any::<bool>().prop_map(ValueKind::Bool),
        "-?[0-9]{1,30}(\\.[0-9]{1,9})?([eE][+-]?[0-9]{1,3})?".prop_map(ValueKind::Number),
        text().prop_map(ValueKind::Text),
        (-31_622_400_000i64..31_622_400_000).prop_map(ValueKind::Now),
        (-31_622_400_000i64..31_622_400_000).prop_map(ValueKind::Today),
        path(),
    ]
    .prop_map(value);
    leaf.prop_recursive(2, 6, 2, |inner| {
        let function = "[a-z]{2,8}".prop_filter("a function's name", |name| {
            !["and", "or", "not", "in", "like", "null", "true", "false", "ilike", "exists", "contains"]
                .contains(&name.as_str())
        });
        (function, prop::collection::vec(inner, 0..3)).prop_map(|(text, arguments)| {
            value(ValueKind::Call { function: Name { text, span: 0..0 }, arguments })
        })
    })
}

fn operators() -> impl Strategy<Value = CompareOp> {
    use CompareOp::*;
    prop::sample::select(vec![Eq, Ne, Lt, Le, Gt, Ge])
}

fn terms() -> impl Strategy<Value = Condition> {
    let list = prop_oneof![
        prop::collection::vec(values(), 0..4).prop_map(|values| List::Values { values, span: 0..0 }),
        values().prop_map(List::Value),
    ];
    prop_oneof![
        (operators(), values(), values()).prop_map(|(op, left, right)| ConditionKind::Compare {
            op,
            left,
            right
        }),
        (values(), list, any::<bool>()).prop_map(|(value, list, negated)| ConditionKind::In {
            value,
            list,
            negated
        }),
        (values(), values(), any::<bool>(), any::<bool>()).prop_map(
            |(value, pattern, case_insensitive, negated)| ConditionKind::Like {
                value,
                pattern,
                case_insensitive,
                negated
            }
        ),
        (values(), values(), any::<bool>()).prop_map(|(container, element, negated)| {
            ConditionKind::Contains { container, element, negated }
        }),
        values().prop_map(ConditionKind::Test),
    ]
    .prop_map(condition)
}

fn conditions() -> impl Strategy<Value = Condition> {
    terms().prop_recursive(4, 16, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(ConditionKind::And),
            prop::collection::vec(inner.clone(), 2..4).prop_map(ConditionKind::Or),
            inner.clone().prop_map(|inner| ConditionKind::Not(Box::new(inner))),
            (name(), inner).prop_map(|(text, inner)| ConditionKind::Exists {
                collection: Name { text, span: 0..0 },
                condition: Box::new(inner)
            }),
        ]
        .prop_map(condition)
    })
}

/// The condition without its places.
fn placeless(mut all: Condition) -> Condition {
    fn strip_value(value: &mut Value) {
        value.span = 0..0;
        match &mut value.kind {
            ValueKind::Path(path) => path.segments.iter_mut().for_each(|segment| segment.span = 0..0),
            ValueKind::Call { function, arguments } => {
                function.span = 0..0;
                arguments.iter_mut().for_each(strip_value);
            }
            _ => {}
        }
    }
    fn strip(condition: &mut Condition) {
        condition.span = 0..0;
        match &mut condition.kind {
            ConditionKind::And(parts) | ConditionKind::Or(parts) => parts.iter_mut().for_each(strip),
            ConditionKind::Not(inner) => strip(inner),
            ConditionKind::Compare { left: a, right: b, .. }
            | ConditionKind::Like { value: a, pattern: b, .. }
            | ConditionKind::Contains { container: a, element: b, .. } => {
                strip_value(a);
                strip_value(b);
            }
            ConditionKind::In { value, list, .. } => {
                strip_value(value);
                match list {
                    List::Values { values, span } => {
                        *span = 0..0;
                        values.iter_mut().for_each(strip_value);
                    }
                    List::Value(value) => strip_value(value),
                }
            }
            ConditionKind::Exists { collection, condition } => {
                collection.span = 0..0;
                strip(condition);
            }
            ConditionKind::Test(value) => strip_value(value),
        }
    }
    strip(&mut all);
    all
}

/// Words of the language and of the catalogue, to be thrown together.
const WORDS: [&str; 62] = [
    "and",
    "or",
    "not",
    "in",
    "like",
    "ilike",
    "contains",
    "true",
    "false",
    "null",
    "exists(",
    "length(",
    "lower(",
    "(",
    ")",
    "[",
    "]",
    ",",
    ".",
    "=",
    "!=",
    "<",
    ">=",
    "-",
    "+",
    "$",
    "$.id",
    "@now",
    "@today",
    "@user.id",
    "@user.roles",
    "@user.claims.x",
    "@new.title",
    "7d",
    "1h30m",
    "5",
    "-1.5",
    "1e400",
    "99999999999999999999",
    "\"x\"",
    "'published'",
    "\"2026-01-31\"",
    "\"0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f\"",
    "title",
    "status",
    "score",
    "views",
    "rating",
    "price",
    "published",
    "day",
    "created_at",
    "meta",
    "meta.a[0]",
    "tags",
    "scores",
    "author",
    "author.role",
    "editors",
    "members",
    "comments",
    "`in`",
];

/// Parses and checks for every purpose; errors must be drawable.
fn try_everything(source: &str) {
    use RuleKind::*;
    let purposes = [List, View, Create, Update, Delete].map(Purpose::Rule);
    for purpose in purposes.into_iter().chain([FILTER, Purpose::Filter { hidden: true }]) {
        match check_as(source, purpose) {
            Ok(predicate) => {
                predicate.uses();
            }
            Err(error) => {
                assert!(error.span.start <= error.span.end);
                assert!(error.source.get(error.span.clone()).is_some(), "{source:?} {error:?}");
                assert!(!error.to_string().is_empty());
                assert!(error.position().line > 0);
            }
        }
    }
}

proptest! {
    #[test]
    fn canonical_text_is_read_as_the_same(written in conditions()) {
        let text = written.to_string();
        prop_assume!(text.len() <= MAX_LENGTH);
        match parse(&text) {
            Ok(read) => prop_assert_eq!(placeless(read.condition), written, "{}", text),
            Err(error) => prop_assert!(
                matches!(error.code, ErrorCode::TooDeep | ErrorCode::TooManyTerms),
                "{}",
                error
            ),
        }
    }

    #[test]
    fn no_text_panics(source in any::<String>()) {
        try_everything(&source);
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        try_everything(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn no_words_panic(words in prop::collection::vec(prop::sample::select(WORDS.to_vec()), 0..24)) {
        try_everything(&words.join(" "));
    }

    #[test]
    fn no_mutation_panics(
        at in 0usize..400,
        length in 0usize..8,
        put in prop_oneof![any::<char>().prop_map(|c| c.to_string()), prop::sample::select(WORDS.to_vec()).prop_map(str::to_owned)],
    ) {
        let valid = "status = \"published\" and created_at >= @now - 7d or author.role in [\"editor\", 'admin'] \
            or tags contains \"rust\" and title like \"%p\\u00e4%\" and meta.\"odd key\"[0].price > 1.0e1 and not (score < -5) \
            and exists(members, room = $.room and user = @user.id) and lower(`Odd ``Name```) = \"x\"";
        let mut characters: Vec<char> = valid.chars().collect();
        let start = at.min(characters.len());
        let end = (start + length).min(characters.len());
        characters.splice(start..end, put.chars());
        try_everything(&characters.into_iter().collect::<String>());
    }
}
