//! A default as people write it, and as JSON has it.

use annex_openapi::collections::FieldType;
use serde_json::Value;

/// The default that a text means; nothing where there is none. What does not fit its type goes to the server as it is, which
/// says what is wrong with it.
pub fn default_value(text: &str, type_: FieldType, array: bool) -> Option<Value> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let is_json = array
        || matches!(
            type_,
            FieldType::Bool | FieldType::Int | FieldType::Float | FieldType::Json | FieldType::Files
        );
    let parsed = is_json.then(|| serde_json::from_str(text).ok()).flatten();
    Some(parsed.unwrap_or_else(|| Value::String(text.to_owned())))
}

/// The default of a column as a text to edit, where its SQL is a plain literal.
pub fn default_text(sql: &str, type_: FieldType, array: bool) -> Option<String> {
    match (sql, type_) {
        ("now()", FieldType::Timestamp) => return Some("@now".to_owned()),
        ("(now() AT TIME ZONE 'UTC'::text)::date", FieldType::Date) => return Some("@now".to_owned()),
        ("annex.uuid_v7()" | "gen_random_uuid()", FieldType::Uuid) => return Some("@uuid".to_owned()),
        _ if array => return None,
        _ => {}
    }
    let plain = |text: &str| text.parse::<f64>().is_ok() || matches!(text, "true" | "false");
    if plain(sql) {
        return Some(sql.to_owned());
    }
    let literal = sql.strip_prefix('\'')?;
    let (content, cast) = literal.rsplit_once('\'')?;
    let is_whole = !content.replace("''", "").contains('\'') && !content.contains('\\');
    (is_whole && (cast.is_empty() || cast.starts_with("::"))).then(|| content.replace("''", "'"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_text_becomes_a_default_of_its_type() {
        use FieldType::*;
        for (text, type_, array, value) in [
            ("", Text, false, None),
            (" draft ", Enum, false, Some(json!("draft"))),
            ("5", Text, false, Some(json!("5"))),
            ("5", Int, false, Some(json!(5))),
            ("five", Int, false, Some(json!("five"))),
            ("5", Bigint, false, Some(json!("5"))),
            ("true", Bool, false, Some(json!(true))),
            ("@now", Timestamp, false, Some(json!("@now"))),
            ("{\"a\": 1}", Json, false, Some(json!({"a": 1}))),
            ("[\"a\"]", Text, true, Some(json!(["a"]))),
        ] {
            assert_eq!(default_value(text, type_, array), value, "{text} {type_:?}");
        }
    }

    #[test]
    fn a_plain_default_can_be_edited() {
        use FieldType::*;
        for (sql, type_, text) in [
            ("'draft'::public.posts_status", Enum, Some("draft")),
            ("'it''s'::text", Text, Some("it's")),
            ("'-5'::integer", Int, Some("-5")),
            ("0", Int, Some("0")),
            ("true", Bool, Some("true")),
            ("now()", Timestamp, Some("@now")),
            ("annex.uuid_v7()", Uuid, Some("@uuid")),
            ("nextval('a'::regclass)", Int, None),
            ("'a' || 'b'", Text, None),
            ("(1 + 2)", Int, None),
        ] {
            assert_eq!(default_text(sql, type_, false).as_deref(), text, "{sql}");
        }
    }
}
