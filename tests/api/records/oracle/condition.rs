//! Conditions: as they are written, and as the reference evaluates them.

use super::{Asker, Random, Row};

#[derive(Debug, Clone)]
pub enum Condition {
    Constant(bool),
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    Number(&'static str, i64),
    Numbers(Vec<i64>),
    NumberNull,
    Text(&'static str, &'static str),
    Part(&'static str),
    Starts(&'static str),
    Flag,
    Tag(&'static str),
    Owner(&'static str),
    Role(&'static str),
    SignedIn,
    ParentNumber(&'static str, i64),
    ParentNull,
    GrandparentText(&'static str),
    ChildNumber(&'static str, i64),
    // Of the row as it would be written; for create and update rules.
    NewNumber(&'static str, i64),
    NewIsMine,
    OwnerStays,
    NumberGrows,
    NewParentNumber(&'static str, i64),
    NewParentFlag,
}

const OPERATORS: [&str; 6] = ["=", "!=", "<", "<=", ">", ">="];
const TEXTS: [&str; 4] = ["a", "b", "A%", ""];

/// A condition for reading.
pub fn generate(random: &mut Random, depth: usize) -> Condition {
    generate_of(random, depth, 20)
}

/// A condition that looks at the row as it would be written, too.
pub fn generate_for_write(random: &mut Random, depth: usize) -> Condition {
    generate_of(random, depth, 30)
}

fn generate_of(random: &mut Random, depth: usize, kinds: usize) -> Condition {
    let kind = if depth == 0 { 4 + random.next(kinds - 4) } else { random.next(kinds) };
    let number = random.next(5) as i64 - 1;
    let operator = random.pick(&OPERATORS);
    let parts = |random: &mut Random| {
        (0..2 + random.next(2)).map(|_| generate_of(random, depth - 1, kinds)).collect()
    };
    match kind {
        0 => Condition::And(parts(random)),
        1 | 2 => Condition::Or(parts(random)),
        3 => Condition::Not(Box::new(generate_of(random, depth - 1, kinds))),
        4 => Condition::Constant(random.next(2) == 0),
        5 => Condition::Number(operator, number),
        6 => Condition::Numbers((0..random.next(4) as i64).map(|more| number + more).collect()),
        7 => Condition::NumberNull,
        8 => Condition::Text(random.pick(&["=", "!="]), random.pick(&TEXTS)),
        9 => Condition::Part(random.pick(&TEXTS)),
        10 => Condition::Starts(random.pick(&["a", "b", ""])),
        11 => Condition::Flag,
        12 => Condition::Tag(random.pick(&["x", "y"])),
        13 | 14 => Condition::Owner(random.pick(&["=", "!="])),
        15 => Condition::Role(random.pick(&["editor", "author"])),
        16 => Condition::SignedIn,
        17 => Condition::ParentNumber(operator, number),
        18 => random.pick(&[Condition::ParentNull, Condition::GrandparentText("a")]),
        19 => Condition::ChildNumber(operator, number),
        20 | 21 => Condition::NewNumber(operator, number),
        22 | 23 => Condition::NewIsMine,
        24 | 25 => Condition::OwnerStays,
        26 | 27 => Condition::NumberGrows,
        28 => Condition::NewParentNumber(operator, number),
        _ => Condition::NewParentFlag,
    }
}

/// As it is written.
pub fn written(condition: &Condition) -> String {
    let join = |parts: &[Condition], word: &str| {
        let parts: Vec<String> = parts.iter().map(|part| format!("({})", written(part))).collect();
        parts.join(word)
    };
    match condition {
        Condition::Constant(value) => value.to_string(),
        Condition::And(parts) => join(parts, " and "),
        Condition::Or(parts) => join(parts, " or "),
        Condition::Not(inner) => format!("not ({})", written(inner)),
        Condition::Number(operator, number) => format!("n {operator} {number}"),
        Condition::Numbers(numbers) => format!("n in {numbers:?}"),
        Condition::NumberNull => "n = null".to_owned(),
        Condition::Text(operator, text) => format!("t {operator} {text:?}"),
        Condition::Part(text) => format!("t contains {text:?}"),
        Condition::Starts(text) => format!("t like \"{text}%\""),
        Condition::Flag => "flag".to_owned(),
        Condition::Tag(tag) => format!("tags contains {tag:?}"),
        Condition::Owner(operator) => format!("owner {operator} @user.id"),
        Condition::Role(role) => format!("{role:?} in @user.roles"),
        Condition::SignedIn => "@user.id != null".to_owned(),
        Condition::ParentNumber(operator, number) => format!("parent.n {operator} {number}"),
        Condition::ParentNull => "parent.id = null".to_owned(),
        Condition::GrandparentText(text) => format!("parent.parent.t = {text:?}"),
        Condition::ChildNumber(operator, number) => {
            format!("exists(docs, parent = $.id and n {operator} {number})")
        }
        Condition::NewNumber(operator, number) => format!("@new.n {operator} {number}"),
        Condition::NewIsMine => "@new.owner = @user.id".to_owned(),
        Condition::OwnerStays => "@new.owner = owner".to_owned(),
        Condition::NumberGrows => "@new.n >= n".to_owned(),
        Condition::NewParentNumber(operator, number) => format!("@new.parent.n {operator} {number}"),
        Condition::NewParentFlag => "exists(docs, id = @new.parent and flag)".to_owned(),
    }
}

fn compared<T: PartialOrd>(left: T, operator: &str, right: T) -> bool {
    match operator {
        "=" => left == right,
        "!=" => left != right,
        "<" => left < right,
        "<=" => left <= right,
        ">" => left > right,
        _ => left >= right,
    }
}

/// What a condition is evaluated against: the rows that it may look into, and who asks.
pub struct World<'a> {
    pub seen: Vec<&'a Row>,
    pub asker: &'a Asker,
}

impl World<'_> {
    fn parent(&self, row: &Row) -> Option<&Row> {
        self.seen.iter().find(|other| Some(other.id) == row.parent).copied()
    }

    /// True, false, or unknown, of a row that is not written.
    pub fn holds(&self, row: &Row, condition: &Condition) -> Option<bool> {
        self.holds_of(row, row, condition)
    }

    /// True, false, or unknown, of a row and what would become of it.
    pub fn holds_of(&self, row: &Row, new: &Row, condition: &Condition) -> Option<bool> {
        match condition {
            Condition::Constant(value) => Some(*value),
            Condition::And(parts) => {
                let parts: Vec<_> = parts.iter().map(|part| self.holds_of(row, new, part)).collect();
                if parts.contains(&Some(false)) {
                    Some(false)
                } else {
                    (!parts.contains(&None)).then_some(true)
                }
            }
            Condition::Or(parts) => {
                let parts: Vec<_> = parts.iter().map(|part| self.holds_of(row, new, part)).collect();
                if parts.contains(&Some(true)) {
                    Some(true)
                } else {
                    (!parts.contains(&None)).then_some(false)
                }
            }
            Condition::Not(inner) => self.holds_of(row, new, inner).map(|value| !value),
            Condition::Number(operator, number) => row.n.map(|n| compared(n, operator, *number)),
            Condition::Numbers(numbers) if numbers.is_empty() => Some(false),
            Condition::Numbers(numbers) => row.n.map(|n| numbers.contains(&n)),
            Condition::NumberNull => Some(row.n.is_none()),
            Condition::Text(operator, text) => row.t.as_deref().map(|t| compared(t, operator, *text)),
            Condition::Part(text) => row.t.as_deref().map(|t| t.contains(text)),
            Condition::Starts(text) => row.t.as_deref().map(|t| t.starts_with(text)),
            Condition::Flag => row.flag,
            Condition::Tag(tag) => {
                row.tags.as_ref().map(|tags| tags.iter().flatten().any(|candidate| candidate == tag))
            }
            Condition::Owner(operator) => {
                let (owner, asker) = (row.owner.as_ref()?, self.asker.as_ref()?);
                Some(compared(owner, operator, &asker.0))
            }
            Condition::Role(role) => {
                self.asker.as_ref().map(|(_, roles)| roles.iter().any(|held| held == role))
            }
            Condition::SignedIn => Some(self.asker.is_some()),
            Condition::ParentNumber(operator, number) => {
                self.parent(row)?.n.map(|n| compared(n, operator, *number))
            }
            Condition::ParentNull => Some(self.parent(row).is_none()),
            Condition::GrandparentText(text) => {
                let grandparent = self.parent(self.parent(row)?)?;
                grandparent.t.as_deref().map(|t| t == *text)
            }
            Condition::ChildNumber(operator, number) => Some(self.seen.iter().any(|child| {
                child.parent == Some(row.id) && child.n.is_some_and(|n| compared(n, operator, *number))
            })),
            Condition::NewNumber(operator, number) => new.n.map(|n| compared(n, operator, *number)),
            Condition::NewIsMine => Some(*new.owner.as_ref()? == self.asker.as_ref()?.0),
            Condition::OwnerStays => Some(new.owner.as_ref()? == row.owner.as_ref()?),
            Condition::NumberGrows => Some(new.n? >= row.n?),
            Condition::NewParentNumber(operator, number) => {
                self.parent(new)?.n.map(|n| compared(n, operator, *number))
            }
            Condition::NewParentFlag => {
                Some(self.parent(new).is_some_and(|parent| parent.flag == Some(true)))
            }
        }
    }
}
