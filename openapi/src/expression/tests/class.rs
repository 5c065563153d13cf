//! Where conditions can be decided, and what is declared of operators.

use super::fixture::*;
use crate::collections::FieldType;
use crate::expression::*;

#[test]
fn conditions_have_the_class_of_their_furthest_part() {
    let membership = |names: &[&str]| {
        RuleClass::Membership(Membership {
            collections: names.iter().map(|name| (*name).to_owned()).collect(),
        })
    };
    let sql = |reasons: &[&str]| {
        RuleClass::Sql(DatabaseAlone { reasons: reasons.iter().map(|reason| (*reason).to_owned()).collect() })
    };
    let order = "`<`: the order of text is that of the database's collation";
    let case = |name: &str| format!("`{name}`: letter case is that of the database's locale");
    let collections = catalogue();
    for (source, class) in [
        ("status = \"draft\" or author = @user.id", RuleClass::RowLocal(RowLocal {})),
        (
            "title like \"a%\" and meta.a[0] > 5 and tags contains \"x\" and @now > created_at",
            RuleClass::RowLocal(RowLocal {}),
        ),
        ("length(title) > 5 and score < views", RuleClass::RowLocal(RowLocal {})),
        ("author.role = \"editor\"", membership(&["users"])),
        (
            "exists(members, room = $.room and user.role = \"x\") and score > 1",
            membership(&["members", "users"]),
        ),
        ("title < \"m\" and contact >= title", sql(&[order])),
        ("exists(members, lower(role) = \"x\") or title ilike \"x\"", sql(&[&case("lower"), &case("ilike")])),
        ("length(upper(title)) = 1", sql(&[&case("upper")])),
    ] {
        assert_eq!(filter(source).class(&collections[0], &collections), class, "{source}");
    }
}

#[test]
fn operators_take_what_the_checker_lets_through() {
    let fields = [
        "title",
        "contact",
        "status",
        "score",
        "price",
        "published",
        "day",
        "created_at",
        "id",
        "tags",
        "scores",
        "meta",
    ];
    for field in fields {
        let collections = catalogue();
        let type_ = ValueType::of(collections[0].field(field).expect("it is in the fixture"));
        let holds = |source: String| match check_as(&source, FILTER) {
            Ok(predicate) => predicate.operator().is_some(),
            Err(_) => false,
        };
        assert_eq!(holds(format!("{field} = {field}")), Operator::Equal.takes(type_), "{field}");
        assert_eq!(holds(format!("length({field}) = 1")), Operator::Length.takes(type_), "{field}");
        // JSON takes the type that is expected of it.
        if type_.type_ != FieldType::Json {
            assert_eq!(holds(format!("{field} < {field}")), Operator::Order.takes(type_), "{field}");
            assert_eq!(holds(format!("{field} like \"x\"")), Operator::Like.takes(type_), "{field}");
            assert_eq!(holds(format!("lower({field}) = \"x\"")), Operator::Lower.takes(type_), "{field}");
        }
    }
}
