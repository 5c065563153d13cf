//! The value of a field where none is given: JSON of the field's type, checked here, so that a wrong one is a
//! sentence about the field and not an error of a statement.

use annex_openapi::collections::FieldType;
use serde_json::Value;
use time::format_description::well_known::{Iso8601, Rfc3339};
use uuid::Uuid;

use super::literal::{quote, quote_array};

/// The default as SQL.
///
/// # Errors
/// In a sentence, what it must be.
pub(in crate::collections) fn default_sql(
    value: &Value,
    type_: FieldType,
    array: bool,
    values: Option<&[String]>,
    type_sql: &str,
) -> Result<String, String> {
    if array || type_ == FieldType::Files {
        let element = if type_ == FieldType::Files { FieldType::File } else { type_ };
        let Value::Array(elements) = value else { return Err("The default must be a list".to_owned()) };
        let texts: Vec<Option<String>> = elements
            .iter()
            .map(|value| scalar(value, element, values).map(Some))
            .collect::<Result<_, _>>()?;
        return Ok(format!("{}::{type_sql}", quote_array(&texts)));
    }
    match (type_, value.as_str()) {
        (FieldType::Timestamp, Some("@now")) => Ok("now()".to_owned()),
        (FieldType::Date, Some("@now")) => Ok("(now() at time zone 'UTC')::date".to_owned()),
        (FieldType::Uuid, Some("@uuid")) => Ok("annex.uuid_v7()".to_owned()),
        _ => Ok(format!("{}::{type_sql}", quote(&scalar(value, type_, values)?))),
    }
}

/// One value, in Postgres's spelling.
fn scalar(value: &Value, type_: FieldType, values: Option<&[String]>) -> Result<String, String> {
    let found = match type_ {
        FieldType::Text => value.as_str().map(str::to_owned),
        FieldType::Email => value.as_str().filter(|text| is_email(text)).map(str::to_owned),
        FieldType::Url => value.as_str().filter(|text| is_url(text)).map(str::to_owned),
        FieldType::Bool => value.as_bool().map(|value| value.to_string()),
        FieldType::Int => {
            value.as_i64().and_then(|value| i32::try_from(value).ok()).map(|value| value.to_string())
        }
        FieldType::Bigint => whole(value).map(|value| value.to_string()),
        FieldType::Float => value.as_f64().map(|_| value.to_string()),
        FieldType::Numeric => decimal(value),
        FieldType::Date => value.as_str().filter(|text| is_date(text)).map(str::to_owned),
        FieldType::Timestamp => value
            .as_str()
            .filter(|text| time::OffsetDateTime::parse(text, &Rfc3339).is_ok())
            .map(str::to_owned),
        FieldType::Uuid | FieldType::File | FieldType::Files => {
            value.as_str().and_then(|text| text.parse::<Uuid>().ok()).map(|id| id.to_string())
        }
        FieldType::Json => (!value.is_null()).then(|| value.to_string()),
        FieldType::Enum => value
            .as_str()
            .filter(|text| values.is_some_and(|values| values.iter().any(|value| value == text)))
            .map(str::to_owned),
        FieldType::Relation => None,
    };
    let found =
        found.filter(|text| !(text.contains('\0') || type_ == FieldType::Json && text.contains("\\u0000")));
    found.ok_or_else(|| format!("The default must be {}", what(type_)))
}

fn what(type_: FieldType) -> &'static str {
    match type_ {
        FieldType::Text => "a string",
        FieldType::Email => "a string that is an e-mail address",
        FieldType::Url => "a string that is an absolute URL",
        FieldType::Bool => "true or false",
        FieldType::Int => "a whole number from -2147483648 to 2147483647",
        FieldType::Bigint => "a whole number of 64 bits, as a string",
        FieldType::Float => "a number",
        FieldType::Numeric => "a decimal number, as a string",
        FieldType::Date => "a date, such as \"2026-01-31\", or \"@now\"",
        FieldType::Timestamp => "a timestamp with a zone, such as \"2026-01-31T12:00:00Z\", or \"@now\"",
        FieldType::Uuid => "a UUID, or \"@uuid\"",
        FieldType::Json => "any JSON but null",
        FieldType::Enum => "one of the field's `values`",
        FieldType::Relation => "left out: a relation has no default",
        FieldType::File | FieldType::Files => "the id of a file",
    }
}

fn is_email(text: &str) -> bool {
    let (name, host) = text.split_once('@').unwrap_or_default();
    let plain = |part: &str| !part.is_empty() && !part.contains(|c: char| c == '@' || c.is_whitespace());
    plain(name) && plain(host) && text.chars().count() <= 254
}

fn is_url(text: &str) -> bool {
    let (scheme, rest) = text.split_once("://").unwrap_or_default();
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+.-".contains(c))
        && !rest.is_empty()
        && !rest.contains(char::is_whitespace)
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && time::Date::parse(text, &Iso8601::DATE).is_ok()
}

fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

fn decimal(value: &Value) -> Option<String> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        _ => return None,
    };
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((&text, "0"));
    let digits = mantissa.strip_prefix('-').unwrap_or(mantissa);
    let (before, after) = digits.split_once('.').unwrap_or((digits, "0"));
    let numeric =
        |part: &str| !part.is_empty() && part.len() <= 1_000 && part.bytes().all(|b| b.is_ascii_digit());
    let fits = numeric(before) && numeric(after) && exponent.parse::<i16>().is_ok_and(|e| e.abs() <= 1_000);
    fits.then_some(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_default_is_a_literal_of_its_type() {
        use FieldType::*;
        for (value, type_, type_sql, sql) in [
            (json!("it's"), Text, "text", "'it''s'::text"),
            (json!(-5), Int, "integer", "'-5'::integer"),
            (json!("9007199254740993"), Bigint, "bigint", "'9007199254740993'::bigint"),
            (json!("-0.10"), Numeric, "numeric", "'-0.10'::numeric"),
            (json!(1.5), Float, "double precision", "'1.5'::double precision"),
            (json!(true), Bool, "boolean", "'true'::boolean"),
            (json!("2026-01-31"), Date, "date", "'2026-01-31'::date"),
            (json!("@now"), Date, "date", "(now() at time zone 'UTC')::date"),
            (json!("@now"), Timestamp, "timestamp with time zone", "now()"),
            (json!("@uuid"), Uuid, "uuid", "annex.uuid_v7()"),
            (json!({"a": "b'c"}), Json, "jsonb", "'{\"a\":\"b''c\"}'::jsonb"),
            (json!("draft"), Enum, "public.\"x y\"", "'draft'::public.\"x y\""),
        ] {
            let values = ["draft".to_owned()];
            assert_eq!(default_sql(&value, type_, false, Some(&values), type_sql).as_deref(), Ok(sql));
        }
        let list = default_sql(&json!(["a", "b\"c"]), Text, true, None, "text[]");
        assert_eq!(list.as_deref(), Ok(r#"E'{"a","b\\"c"}'::text[]"#));
    }

    #[test]
    fn a_default_of_another_type_is_told() {
        use FieldType::*;
        for (value, type_) in [
            (json!(1), Text),
            (json!("a\0b"), Text),
            (json!("ada"), Email),
            (json!("example.com"), Url),
            (json!("true"), Bool),
            (json!(2_147_483_648_i64), Int),
            (json!(1.5), Int),
            (json!("1.5"), Bigint),
            (json!("12x"), Numeric),
            (json!("NaN"), Numeric),
            (json!("2026-02-30"), Date),
            (json!("2026-01-31T12:00:00"), Timestamp),
            (json!("@uuid"), Text),
            (json!("@uuid"), File),
            (json!("0190"), Uuid),
            (json!(null), Json),
            (json!({"a": "b\0"}), Json),
            (json!("other"), Enum),
            (json!("0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f"), Relation),
        ] {
            let values = ["draft".to_owned()];
            let refused = default_sql(&value, type_, false, Some(&values), "x");
            let only_text = value == json!("@uuid") && type_ == Text;
            assert_eq!(refused.is_err(), !only_text, "{value} {type_:?}: {refused:?}");
        }
        assert!(default_sql(&json!("a"), Text, true, None, "text[]").is_err());
        assert!(default_sql(&json!([null]), Text, true, None, "text[]").is_err());
    }
}
