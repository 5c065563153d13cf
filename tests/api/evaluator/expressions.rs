//! Conditions, written at random so that most of them are about the types that they meet.

use annex::collections::catalogue::Snapshot;
use annex_openapi::collections::{Collection, Field, FieldType};
use annex_openapi::expression::ValueType;

use super::random::Random;
use super::values::{EMAILS, KEYS, MOODS, TEXTS, uuid};

/// Writes conditions about rows of a collection.
pub struct Author<'a> {
    pub random: &'a mut Random,
    pub snapshot: &'a Snapshot,
    /// The rows around, from the outermost on; the last is the row itself.
    pub rows: Vec<&'a Collection>,
    /// Whether there is `@new`.
    pub new: bool,
    /// Whether other rows may be looked at.
    pub others: bool,
}

/// Numbers, instants and days that are written in expressions.
const NUMBERS: [&str; 20] = [
    "0",
    "-0.0",
    "1",
    "1.0",
    "-1",
    "7",
    "0.1",
    "0.10",
    "-1.5",
    "1.5",
    "40000",
    "2147483647",
    "2147483648",
    "9007199254740993",
    "9223372036854775807",
    "-9223372036854775809",
    "1e300",
    "1e-45",
    "99999999.99",
    "16777216",
];
const HUGE_NUMBERS: [&str; 3] = ["1e400", "-1e400", "1e-400"];
const DAYS: [&str; 6] = ["2000-01-01", "2026-01-31", "2024-02-29", "1999-12-31", "0001-01-01", "9999-12-31"];
const INSTANTS: [&str; 7] = [
    "2000-01-01",
    "2026-01-31T00:00:00Z",
    "2026-01-31T12:00:00.5+00:00",
    "2026-11-23T14:00:00.000001+02:00",
    "0001-01-01T00:00:00+12:00",
    "1999-12-31T23:59:59.999999Z",
    "0000-02-29T00:00:00Z",
];
const PATTERNS: [&str; 12] =
    ["%", "", "a%", "%b", "_", "a_b", "%a%", "a\\%b", "%\\\\", "%_%b%", "e_", "%\u{301}"];
const ORDER: [&str; 6] = ["=", "!=", "<", "<=", ">", ">="];
const EQUAL: [&str; 2] = ["=", "!="];

fn is_text(type_: FieldType) -> bool {
    matches!(type_, FieldType::Text | FieldType::Email | FieldType::Url | FieldType::Enum)
}

fn is_number(type_: FieldType) -> bool {
    matches!(type_, FieldType::Int | FieldType::Bigint | FieldType::Float | FieldType::Numeric)
}

fn is_time(type_: FieldType) -> bool {
    matches!(type_, FieldType::Date | FieldType::Timestamp)
}

fn alike(a: FieldType, b: FieldType) -> bool {
    a == b || is_text(a) && is_text(b) || is_number(a) && is_number(b) || is_time(a) && is_time(b)
}

fn text(text: impl AsRef<str>) -> String {
    serde_json::Value::from(text.as_ref()).to_string()
}

impl<'a> Author<'a> {
    pub fn condition(&mut self, depth: usize) -> String {
        if depth == 0 || self.random.percent(45) {
            return self.term(depth);
        }
        match self.random.below(5) {
            0 => format!("not ({})", self.condition(depth - 1)),
            1 | 2 => self.joined(" and ", depth),
            _ => self.joined(" or ", depth),
        }
    }

    fn joined(&mut self, by: &str, depth: usize) -> String {
        let count = 2 + self.random.below(2);
        let parts: Vec<String> = (0..count).map(|_| format!("({})", self.condition(depth - 1))).collect();
        parts.join(by)
    }

    fn term(&mut self, depth: usize) -> String {
        let written = match self.random.below(20) {
            0..=6 => self.comparison(),
            7 => self.null_test(),
            8 | 9 => self.in_list(),
            10 | 11 => self.element(),
            12 => self.substring(),
            13 => self.like(),
            14 | 15 => self.of_json(),
            16 | 17 => self.of_caller(),
            18 => self.function(),
            _ if depth > 0 && self.others => self.exists(depth),
            _ => self.test(),
        };
        written
            .unwrap_or_else(|| if self.random.percent(50) { "true".to_owned() } else { "n = 3".to_owned() })
    }

    /// A field's path and what it holds, of those that are wanted.
    fn field(
        &mut self,
        wanted: impl Fn(&Field, ValueType) -> bool,
    ) -> Option<(String, &'a Field, ValueType)> {
        let snapshot = self.snapshot;
        let mut collection = *self.rows.last()?;
        let mut path = String::new();
        if self.rows.len() > 1 && self.random.percent(35) {
            collection = self.rows[self.rows.len() - 2];
            path.push_str("$.");
        } else if self.new && self.random.percent(35) {
            collection = self.rows[0];
            path.push_str("@new.");
        }
        for _ in 0..3 {
            if !self.others || !self.random.percent(20) {
                break;
            }
            let relations: Vec<&Field> = collection
                .fields
                .iter()
                .filter(|field| field.type_ == FieldType::Relation && !field.array)
                .collect();
            if relations.is_empty() {
                break;
            }
            let relation = *self.random.one(&relations);
            path += &format!("{}.", relation.name);
            collection = &snapshot.tables[relation.collection.as_deref()?].collection;
        }
        let fields: Vec<&Field> =
            collection.fields.iter().filter(|field| wanted(field, ValueType::of(field))).collect();
        if fields.is_empty() {
            return None;
        }
        let field = *self.random.one(&fields);
        Some((path + &field.name, field, ValueType::of(field)))
    }

    /// A literal of that type.
    fn literal(&mut self, type_: FieldType, values: Option<&[String]>) -> String {
        match type_ {
            FieldType::Bool => self.random.one(&["true", "false"]).to_string(),
            FieldType::Int | FieldType::Bigint => self.random.one(&NUMBERS).to_string(),
            FieldType::Float => self.random.one(&NUMBERS).to_string(),
            FieldType::Numeric => {
                let huge = self.random.percent(15);
                self.random.one(if huge { &HUGE_NUMBERS[..] } else { &NUMBERS[..] }).to_string()
            }
            FieldType::Enum => {
                text(values.map_or(MOODS[0], |values| values[self.random.below(values.len())].as_str()))
            }
            FieldType::Email => text(self.random.one(&EMAILS)),
            FieldType::Text | FieldType::Url => text(self.random.one(&TEXTS)),
            FieldType::Date => text(self.random.one(&DAYS)),
            FieldType::Timestamp => text(self.random.one(&INSTANTS)),
            FieldType::Json => match self.random.below(3) {
                0 => text(self.random.one(&TEXTS)),
                1 => self.literal(FieldType::Numeric, None),
                _ => self.literal(FieldType::Bool, None),
            },
            _ => text(uuid(self.random)),
        }
    }

    /// Something that may be compared with a value of that type.
    fn value_like(&mut self, type_: FieldType, values: Option<&[String]>) -> String {
        let choice = self.random.below(10);
        if choice < 3
            && let Some((path, ..)) = self.field(|_, other| !other.array && alike(other.type_, type_))
        {
            return path;
        }
        match (type_, choice) {
            (FieldType::Timestamp | FieldType::Date, 3) => "@now".to_owned(),
            (FieldType::Timestamp | FieldType::Date, 4) => {
                self.random.one(&["@now - 1d", "@now + 1000s", "@now - 1000w"]).to_string()
            }
            (FieldType::Timestamp | FieldType::Date, 5) => {
                self.random.one(&["@today", "@today - 1d", "@today + 52000w"]).to_string()
            }
            (FieldType::Uuid, 3..=5) => "@user.id".to_owned(),
            (_, 3) if is_text(type_) => {
                self.random.one(&["@user.id", "@user.email", "@user.claims.a"]).to_string()
            }
            (_, 4 | 5) if is_text(type_) || is_number(type_) || type_ == FieldType::Bool => {
                self.json().unwrap_or_else(|| self.literal(type_, values))
            }
            (_, 6) if is_number(type_) => match self.field(|_, other| other.array || is_text(other.type_)) {
                Some((path, ..)) => format!("length({path})"),
                None => self.literal(type_, values),
            },
            _ => self.literal(type_, values),
        }
    }

    fn comparison(&mut self) -> Option<String> {
        let (path, field, type_) = self.field(|_, _| true)?;
        if type_.array {
            let (other, ..) = self.field(|_, other| {
                other.array && (other.type_ == type_.type_ || is_text(other.type_) && is_text(type_.type_))
            })?;
            let other = if is_text(type_.type_) && self.random.percent(20) {
                "@user.roles".to_owned()
            } else {
                other
            };
            return Some(format!("{path} {} {other}", self.random.one(&EQUAL)));
        }
        let ordered = is_number(type_.type_) || is_time(type_.type_) || type_.type_ == FieldType::Uuid;
        // Texts have an order too, but the database alone knows it.
        let ordered = ordered || is_text(type_.type_) && self.random.percent(4);
        let op = *self.random.one(if ordered { &ORDER[..] } else { &EQUAL[..] });
        let other = self.value_like(type_.type_, field.values.as_deref());
        Some(if self.random.percent(20) {
            format!("{other} {op} {path}")
        } else {
            format!("{path} {op} {other}")
        })
    }

    fn null_test(&mut self) -> Option<String> {
        let (path, ..) = self.field(|_, _| true)?;
        let path = match self.random.below(10) {
            0 => "@user.id".to_owned(),
            1 => "@user.claims".to_owned(),
            2 => self.json()?,
            _ => path,
        };
        Some(format!("{path} {} null", self.random.one(&EQUAL)))
    }

    fn in_list(&mut self) -> Option<String> {
        let (path, field, type_) = self.field(|_, type_| !type_.array)?;
        let mut values = Vec::new();
        for _ in 0..self.random.below(5) {
            let value = match self.random.percent(8) {
                true => self.value_like(type_.type_, field.values.as_deref()),
                false => self.literal(type_.type_, field.values.as_deref()),
            };
            values.push(value);
        }
        let not = if self.random.percent(25) { "not " } else { "" };
        Some(format!("{path} {not}in [{}]", values.join(", ")))
    }

    fn element(&mut self) -> Option<String> {
        let (path, field, type_) = self.field(|_, type_| type_.array && type_.type_ != FieldType::Json)?;
        let same = |other: ValueType| {
            !other.array && (other.type_ == type_.type_ || is_text(other.type_) && is_text(type_.type_))
        };
        let element = match self.field(|_, other| same(other)) {
            Some((other, ..)) if self.random.percent(45) => other,
            _ if type_.type_ == FieldType::Uuid && self.random.percent(40) => "@user.id".to_owned(),
            _ => self.literal(type_.type_, field.values.as_deref()),
        };
        let not = if self.random.percent(20) { "not " } else { "" };
        Some(match self.random.percent(70) {
            true => format!("{path} {not}contains {element}"),
            false => format!("{element} {not}in {path}"),
        })
    }

    fn substring(&mut self) -> Option<String> {
        let (path, ..) = self.field(|_, type_| !type_.array && is_text(type_.type_))?;
        let part = match self.field(|_, type_| !type_.array && is_text(type_.type_)) {
            Some((other, ..)) if self.random.percent(40) => other,
            _ if self.random.percent(15) => self.random.one(&["@user.email", "@user.id"]).to_string(),
            _ => text(self.random.one(&TEXTS)),
        };
        Some(format!("{path} contains {part}"))
    }

    fn like(&mut self) -> Option<String> {
        let path = match self.random.percent(20) {
            true => self.json()?,
            false => self.field(|_, type_| !type_.array && is_text(type_.type_))?.0,
        };
        let like = if self.random.percent(5) { "ilike" } else { "like" };
        let not = if self.random.percent(20) { "not " } else { "" };
        Some(format!("{path} {not}{like} {}", text(self.random.one(&PATTERNS))))
    }

    /// A way into a JSON field.
    fn json(&mut self) -> Option<String> {
        let (mut path, ..) = self.field(|_, type_| type_ == ValueType::one(FieldType::Json))?;
        for _ in 0..self.random.below(10).saturating_sub(6) {
            path += &match self.random.percent(55) {
                true => format!(".{}", text(self.random.one(&KEYS))),
                false => format!("[{}]", self.random.below(3)),
            };
        }
        Some(path)
    }

    fn of_json(&mut self) -> Option<String> {
        let path = self.json()?;
        Some(match self.random.below(9) {
            0 => path,
            1 | 2 => {
                let path = match self.field(|_, type_| type_ == ValueType::one(FieldType::Json)) {
                    Some((whole, ..)) if self.random.percent(60) => whole,
                    _ => path,
                };
                let element = match self.field(|_, type_| {
                    !type_.array
                        && (is_text(type_.type_) || is_number(type_.type_) || type_.type_ == FieldType::Bool)
                }) {
                    Some((other, ..)) if self.random.percent(50) => other,
                    _ => self
                        .random
                        .one(&["1", "7.0", "0.1", "true", "\"a\"", "\"1\"", "\"a b\"", "\"NaN\""])
                        .to_string(),
                };
                format!("{path} contains {element}")
            }
            3 => format!("{path} {} {}", self.random.one(&EQUAL), self.json()?),
            4 => {
                let type_ = *self.random.one(&[FieldType::Text, FieldType::Numeric, FieldType::Bool]);
                let values: Vec<String> =
                    (0..1 + self.random.below(3)).map(|_| self.literal(type_, None)).collect();
                format!("{path} in [{}]", values.join(", "))
            }
            5 => format!("length({path}) {} {}", self.random.one(&ORDER), self.random.below(3)),
            6 => format!("{path} {} {}", self.random.one(&ORDER), self.literal(FieldType::Numeric, None)),
            _ => {
                let literal = self.literal(FieldType::Json, None);
                format!("{path} {} {literal}", self.random.one(&EQUAL))
            }
        })
    }

    fn of_caller(&mut self) -> Option<String> {
        Some(match self.random.below(10) {
            0 => "@user.verified".to_owned(),
            1 => format!("{} in @user.roles", text(self.random.one(&["editor", "a", "red"]))),
            2 => format!("{} in @user.roles", self.field(|_, type_| !type_.array && is_text(type_.type_))?.0),
            3 => format!("@user.email = {}", text(self.random.one(&EMAILS))),
            4 => format!("length(@user.roles) {} {}", self.random.one(&ORDER), self.random.below(3)),
            5 => format!(
                "{} in @user.orgs",
                self.field(|_, type_| type_ == ValueType::one(FieldType::Uuid))?.0
            ),
            6 => "@user.claims.a = 1".to_owned(),
            7 => format!("@user.email in [{}]", text(self.random.one(&EMAILS))),
            _ => {
                let (path, ..) = self.field(|_, type_| type_ == ValueType::one(FieldType::Uuid))?;
                format!("{path} = @user.id")
            }
        })
    }

    fn function(&mut self) -> Option<String> {
        let (path, _, type_) = self.field(|_, type_| type_.array || is_text(type_.type_))?;
        if !type_.array && self.random.percent(15) {
            return Some(format!(
                "{}({path}) = {}",
                self.random.one(&["lower", "upper"]),
                text(self.random.one(&TEXTS))
            ));
        }
        Some(format!("length({path}) {} {}", self.random.one(&ORDER), self.random.below(4)))
    }

    fn test(&mut self) -> Option<String> {
        Some(self.field(|_, type_| type_ == ValueType::one(FieldType::Bool))?.0)
    }

    fn exists(&mut self, depth: usize) -> Option<String> {
        if self.rows.len() > 2 {
            return None;
        }
        let outer = *self.rows.last()?;
        let snapshot = self.snapshot;
        let prefix = self.rows[0].name.split('_').next().unwrap_or_default();
        let name = match self.random.percent(10) {
            true => "users".to_owned(),
            false => format!("{prefix}_{}", self.random.one(&["items", "boxes", "links"])),
        };
        let collection = &snapshot.tables[&name].collection;
        // Most look for rows that belong to the one around.
        let key = |collection: &'a Collection, random: &mut Random| -> Option<(&'a str, FieldType)> {
            let keys: Vec<(&str, FieldType)> = collection
                .fields
                .iter()
                .filter(|field| {
                    !field.array && matches!(field.value_type(), FieldType::Uuid | FieldType::Int)
                })
                .map(|field| (field.name.as_str(), field.value_type()))
                .collect();
            (!keys.is_empty()).then(|| *random.one(&keys))
        };
        let mut demand = String::new();
        if self.random.percent(80) {
            let (inner, type_) = key(collection, self.random)?;
            let (around, other) = key(outer, self.random)?;
            if type_ == other {
                demand = match self.random.percent(75) {
                    true => format!("{inner} = $.{around} and "),
                    false => format!("$.{around} = {inner} and "),
                };
            }
        }
        if self.random.percent(25) {
            demand += &format!("{} = @user.id and ", if name == "users" { "id" } else { "owner" });
        }
        self.rows.push(collection);
        let inner = self.condition(depth - 1);
        self.rows.pop();
        Some(format!("exists({name}, {demand}({inner}))"))
    }
}
