//! Values of every type: the odd ones, few enough that two are often equal.

use super::random::Random;

/// As Postgres reads them.
pub fn of(random: &mut Random, type_: &str) -> String {
    match type_ {
        "bool" => random.one(&["t", "f"]).to_string(),
        "int2" => random.one(&["0", "1", "-1", "7", "32767", "-32768"]).to_string(),
        "int4" => random.one(&["0", "1", "-1", "7", "40000", "2147483647", "-2147483648"]).to_string(),
        "int8" => random
            .one(&[
                "0",
                "1",
                "7",
                "-1",
                "9007199254740992",
                "9007199254740993",
                "9223372036854775807",
                "-9223372036854775808",
            ])
            .to_string(),
        "float4" => random
            .one(&[
                "0",
                "-0",
                "1",
                "7",
                "0.1",
                "-1.5",
                "16777216",
                "3.4028235e38",
                "1e-45",
                "NaN",
                "Infinity",
                "-Infinity",
            ])
            .to_string(),
        "float8" => random
            .one(&[
                "0",
                "-0",
                "1",
                "7",
                "0.1",
                "0.10000000149011612",
                "-1.5",
                "9007199254740992",
                "1e300",
                "1.7976931348623157e308",
                "5e-324",
                "NaN",
                "Infinity",
                "-Infinity",
            ])
            .to_string(),
        "numeric" => random
            .one(&[
                "0",
                "0.00",
                "1",
                "1.0",
                "7",
                "0.1",
                "0.10",
                "-1.5",
                "9007199254740993",
                "1e300",
                "1e400",
                "-1e400",
                "1e-400",
                "1e-330",
                "1.7976931348623158e308",
                "1.7976931348623159e308",
                "2.5e-324",
                "2.4e-324",
                "0.10000000000000000000000000000000000001",
                "99999999999999999999999999999999999999.5",
                "NaN",
                "Infinity",
                "-Infinity",
            ])
            .to_string(),
        "numeric(10,2)" => random.one(&["0", "1", "1.5", "-1.5", "0.10", "99999999.99", "NaN"]).to_string(),
        "varchar(20)" | "text" | "citext" | "text collate loose" | "name" => random.one(&TEXTS).to_string(),
        "char(5)" => random.one(&["", "a", "A", "a b", "é"]).to_string(),
        "annex.email" => random.one(&EMAILS).to_string(),
        "annex.url" => {
            random.one(&["https://example.com", "https://example.com/ü?a=%", "ftp://x_y"]).to_string()
        }
        "mood" => random.one(&MOODS).to_string(),
        "colour" => random.one(&["red", "happy", "blue"]).to_string(),
        "uuid" | "annex.file" => uuid(random),
        "date" => random.one(&DATES).to_string(),
        "timestamptz" | "timestamp" => random.one(&INSTANTS).to_string(),
        "jsonb" | "json" => json(random, 3),
        "inet" => random.one(&["10.0.0.1", "10.0.0.0/8", "::1"]).to_string(),
        "interval" => random.one(&["1 day", "24:00:00", "1 mon"]).to_string(),
        other => panic!("there are no values of {other}"),
    }
}

pub const TEXTS: [&str; 19] = [
    "",
    "a",
    "A",
    "a b",
    " a",
    "b",
    "ab",
    "red",
    "happy",
    "é",
    "e\u{301}",
    "ß",
    "ﬁ",
    "a%b",
    "a_b\\",
    "\"q'",
    "😀",
    "line\nbreak\u{1}",
    "null",
];

pub const EMAILS: [&str; 4] = ["ada@example.com", "Ada@example.com", "bob@example.com", "ü@x"];

pub const MOODS: [&str; 4] = ["happy", "sad", "a b", "ü'\""];

pub const DATES: [&str; 12] = [
    "2000-01-01",
    "2026-01-31",
    "2026-11-23",
    "2024-02-29",
    "1999-12-31",
    "0001-01-01",
    "0001-12-31 BC",
    "4714-11-24 BC",
    "294276-12-31",
    "294277-01-01",
    "5874897-12-31",
    "infinity",
];

pub const INSTANTS: [&str; 14] = [
    "2000-01-01 00:00:00",
    "2026-01-31 00:00:00",
    "2026-01-31 12:00:00.5",
    "2026-11-23 12:00:00",
    "2026-11-23 12:00:00.000001",
    "2026-11-22 12:00:00",
    "1999-12-31 23:59:59.999999",
    "0001-01-01 00:00:00",
    "0001-12-31 23:59:59 BC",
    "4714-11-24 00:00:00 BC",
    "294276-12-31 23:59:59.999999",
    "294276-12-31 00:00:00",
    "infinity",
    "-infinity",
];

/// One of few.
pub fn uuid(random: &mut Random) -> String {
    format!("0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e{:02x}", random.below(4))
}

/// Names of members, also odd ones.
pub const KEYS: [&str; 5] = ["a", "b", "é", "odd \"key\"\n", ""];

fn json(random: &mut Random, depth: usize) -> String {
    let nested = depth > 0 && random.percent(70);
    if !nested {
        return random
            .one(&[
                "null",
                "true",
                "false",
                "0",
                "1",
                "1.0",
                "7",
                "0.1",
                "-1.50",
                "1e400",
                "-1e-400",
                "9007199254740993",
                "\"\"",
                "\"a\"",
                "\"1\"",
                "\"a b\"",
                "\"é\"",
                "\"q\\\"\\\\ \\u0001\\n\"",
                "\"😀\"",
                "\"true\"",
                "\"NaN\"",
                "\"Infinity\"",
                "[]",
                "{}",
            ])
            .to_string();
    }
    if depth == 3 && random.percent(40) {
        let items: Vec<String> = (0..1 + random.below(4)).map(|_| json(random, 0)).collect();
        return format!("[{}]", items.join(", "));
    }
    let count = random.below(5);
    let depth = if random.percent(40) { 1 } else { depth };
    if random.percent(50) {
        let items: Vec<String> = (0..count).map(|_| json(random, depth - 1)).collect();
        return format!("[{}]", items.join(", "));
    }
    let members: Vec<String> = (0..count)
        .map(|_| format!("{}: {}", serde_json::Value::from(*random.one(&KEYS)), json(random, depth - 1)))
        .collect();
    format!("{{{}}}", members.join(", "))
}
