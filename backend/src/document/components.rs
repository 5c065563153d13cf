//! What the operations on rows have in common, which the document says once.

use serde_json::{Map, Value, json};

/// What the general operations speak of.
pub(super) fn schemas() -> Map<String, Value> {
    let row = |description: &str| json!({"type": "object", "description": description, "additionalProperties": true});
    let page = json!({
        "type": "object",
        "description": "A page of rows.",
        "properties": {
            "items": {"type": "array", "items": reference("schemas", "Record"), "description": "The rows of this page, in order."},
            "next_cursor": {"type": ["string", "null"], "description": "Give it back as `cursor` for the next page; null on the last one."},
            "count": {"type": "integer", "format": "int64", "minimum": 0, "description": "How many rows there are in all; only where `Prefer` asked for it."},
        },
        "required": ["items", "next_cursor"],
    });
    let schemas = [
        ("Record", row("A row: its members are the fields of its collection.")),
        ("RecordCreate", row("A new row.")),
        ("RecordUpdate", row("A change of a row: what is left out stays as it is.")),
        ("RecordReplace", row("A whole row: what is left out gets its default.")),
        ("RecordPage", page),
    ];
    schemas.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}

/// Parameters that many operations share.
pub(super) fn parameters() -> Value {
    let query = |name: &str, description: &str, schema: Value| json!({"name": name, "in": "query", "description": description, "schema": schema});
    let header = |name: &str, description: &str| json!({"name": name, "in": "header", "description": description, "schema": {"type": "string"}});
    json!({
        "Filter": query("filter", "One expression that the rows fulfil, such as `status = \"published\" and created_at >= @now - 7d`.",
            json!({"type": "string"})),
        "Search": query("search", "Words that the rows have, in the fields of the full-text index.", json!({"type": "string"})),
        "Cursor": query("cursor", "The `next_cursor` of the page before, with the same filter and sort.", json!({"type": "string"})),
        "Offset": query("offset", "How many rows to skip, from the beginning or from `cursor`, to jump into a long list. They are \
            counted anew each time, so the further, the longer it takes: quickly by an index on all that is sorted by, slowly \
            without one. To go on from there give `next_cursor` back without it.",
            json!({"type": "integer", "format": "int32", "minimum": 0, "maximum": 10_000_000, "default": 0})),
        "Limit": query("limit", "The most rows of the page.",
            json!({"type": "integer", "format": "int32", "minimum": 1, "maximum": 1000, "default": 20})),
        "PreferCount": header("Prefer", "`count=exact` or `count=estimated` adds `count`."),
        "PreferReturn": header("Prefer", "`return=minimal` leaves the row out of the answer."),
        "PreferAsync": header("Prefer", "`respond-async`: a caller who is signed in gets a job (202) that does it in the background, with \
            the caller's rights at that time, and may read that job."),
        "ImportMode": query("mode", "What becomes of an import with bad rows: `all_or_nothing` writes nothing, `skip_bad` the others.",
            json!({"allOf": [reference("schemas", "ImportMode")], "default": "all_or_nothing"})),
        "DryRun": query("dry_run", "Whether everything is tried and nothing is kept.", json!({"type": "boolean", "default": false})),
        "CountOnly": query("dry_run", "Whether the rows are only counted. The rules are asked; what the database itself demands is not tried.",
            json!({"type": "boolean", "default": false})),
        "Upsert": query("upsert", "The fields of the key or of a unique index, with commas between them: a row that is there changes, in \
            the fields that the import names.", json!({"type": "string", "minLength": 1})),
        "Null": query("null", "CSV alone: the text of null where it is not in quotes. The empty text is `\"\"`.",
            json!({"type": "string", "default": ""})),
        "Delimiter": query("delimiter", "CSV alone: the character between cells, a tab or ASCII punctuation.",
            json!({"type": "string", "pattern": "^[\\t!#-/:-@\\[-`{-~]$", "default": ","})),
        "IdempotencyKey": {
            "name": "Idempotency-Key", "in": "header",
            "description": "Names this request, such as with a random UUID: sent again within 24 hours it has no further effect.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
        },
        "IfMatch": header("If-Match", "The `ETag` that the row must still have, or `*` for any."),
        "IfNoRow": {
            "name": "If-None-Match", "in": "header", "description": "`*`: only where there is no such row yet.",
            "schema": {"type": "string", "const": "*"},
        },
        "IfNoneMatch": header("If-None-Match", "The `ETag` that the caller has."),
    })
}

/// Headers that many answers share.
pub(super) fn headers() -> Value {
    let header = |description: &str| json!({"description": description, "schema": {"type": "string"}});
    json!({
        "RequestId": header("The request's id, as the server's log has it."),
        "ETag": header("Names this version of the row, for `If-Match` and `If-None-Match`."),
        "Location": header("Where the row is."),
        "JobLocation": header("Where the job is."),
        "PreferenceApplied": header("The preference that was followed."),
        "ContentDisposition": header("What a browser names the file."),
        "IdempotencyReplayed": {
            "description": "There where the answer is that of an earlier request with the same `Idempotency-Key`.",
            "schema": {"type": "string", "const": "true"},
        },
    })
}

/// A reference to what the document says of it once.
pub(super) fn reference(kind: &str, name: &str) -> Value {
    json!({"$ref": format!("#/components/{kind}/{name}")})
}
