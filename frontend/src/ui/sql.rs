//! Statements to be read: coloured without an editor, so that they can follow what is typed.

use leptos::prelude::*;

/// The words of the statements that change tables.
const WORDS: &[&str] = &[
    "add",
    "alter",
    "always",
    "and",
    "as",
    "asc",
    "before",
    "by",
    "cascade",
    "check",
    "column",
    "concurrently",
    "constraint",
    "create",
    "default",
    "delete",
    "desc",
    "drop",
    "each",
    "enum",
    "exists",
    "execute",
    "for",
    "foreign",
    "from",
    "function",
    "generated",
    "identity",
    "if",
    "in",
    "index",
    "insert",
    "into",
    "is",
    "key",
    "materialized",
    "not",
    "null",
    "nulls",
    "on",
    "or",
    "primary",
    "references",
    "rename",
    "restrict",
    "row",
    "select",
    "set",
    "stored",
    "table",
    "to",
    "trigger",
    "type",
    "unique",
    "update",
    "using",
    "value",
    "values",
    "view",
    "where",
    "with",
];

/// A statement in its colours.
#[component]
pub fn Sql(text: String) -> impl IntoView {
    let parts: Vec<AnyView> = parts(&text)
        .into_iter()
        .map(|(class, part)| match class {
            Some(class) => view! { <span class=class>{part.to_owned()}</span> }.into_any(),
            None => part.to_owned().into_any(),
        })
        .collect();
    view! { <code class="sql">{parts}</code> }
}

/// The parts of a statement, each with the class that colours it.
fn parts(text: &str) -> Vec<(Option<&'static str>, &str)> {
    let mut parts: Vec<(Option<&'static str>, &str)> = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (class, length) = match first {
            '\'' => (Some("tok-string"), quoted(rest, '\'')),
            '"' => (None, quoted(rest, '"')),
            '-' if rest.starts_with("--") => (Some("tok-comment"), rest.find('\n').unwrap_or(rest.len())),
            c if c.is_ascii_digit() => (Some("tok-number"), word(rest)),
            c if c.is_alphabetic() || c == '_' => {
                let length = word(rest);
                let known = WORDS.iter().any(|known| known.eq_ignore_ascii_case(&rest[..length]));
                (known.then_some("tok-keyword"), length)
            }
            c => (None, c.len_utf8()),
        };
        let (part, after) = rest.split_at(length);
        match parts.last_mut() {
            // What is plain goes together.
            Some((None, plain)) if class.is_none() => {
                *plain = &text[text.len() - rest.len() - plain.len()..text.len() - after.len()];
            }
            _ => parts.push((class, part)),
        }
        rest = after;
    }
    parts
}

fn word(text: &str) -> usize {
    text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len())
}

/// How long what stands in quotes is; a doubled quote is one of it.
fn quoted(text: &str, quote: char) -> usize {
    let mut at = 1;
    while let Some(end) = text[at..].find(quote) {
        at += end + 1;
        if !text[at..].starts_with(quote) {
            return at;
        }
        at += 1;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn a_statement_falls_into_its_parts() {
        assert_eq!(
            parts("alter table \"a\"\"b\" add x int default 'it''s' -- table"),
            [
                (Some("tok-keyword"), "alter"),
                (None, " "),
                (Some("tok-keyword"), "table"),
                (None, " \"a\"\"b\" "),
                (Some("tok-keyword"), "add"),
                (None, " x int "),
                (Some("tok-keyword"), "default"),
                (None, " "),
                (Some("tok-string"), "'it''s'"),
                (None, " "),
                (Some("tok-comment"), "-- table"),
            ]
        );
    }

    #[test]
    fn nothing_of_a_statement_is_lost() {
        for text in ["", "'open", "\"", "größe = 1.5; --", "a'b''", "select 'é' || \"ü\"\n-- x\n"] {
            assert_eq!(parts(text).into_iter().map(|(_, part)| part).collect::<String>(), text);
        }
    }
}
