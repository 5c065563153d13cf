//! Values in DDL, which takes no binds: quoted here and nowhere else.

/// The text as an SQL literal of no type yet.
///
/// A backslash is written so that it means itself whatever `standard_conforming_strings` is. NUL, which no text
/// of Postgres can hold, is refused before a value comes here; it would end up as nothing.
pub(in crate::collections) fn quote(text: &str) -> String {
    let doubled = text.replace('\'', "''").replace('\0', "");
    if doubled.contains('\\') {
        format!("E'{}'", doubled.replace('\\', "\\\\"))
    } else {
        format!("'{doubled}'")
    }
}

/// The texts as one literal of an array.
pub(in crate::collections) fn quote_array(elements: &[Option<String>]) -> String {
    let element = |element: &Option<String>| match element {
        Some(text) => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
        None => "NULL".to_owned(),
    };
    let elements: Vec<String> = elements.iter().map(element).collect();
    quote(&format!("{{{}}}", elements.join(",")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_literal_early() {
        for (text, sql) in [
            ("", "''"),
            ("plain", "'plain'"),
            ("it's", "'it''s'"),
            ("'; drop table x; --", "'''; drop table x; --'"),
            (r"\", r"E'\\'"),
            (r"\'", r"E'\\'''"),
            (r"\' or ''", r"E'\\'' or '''''"),
            ("a\0'b", "'a''b'"),
            ("ʼ “naïve” ’ 🦀\u{2028}", "'ʼ “naïve” ’ 🦀\u{2028}'"),
            ("$$ ; $$", "'$$ ; $$'"),
            ("line\nbreak", "'line\nbreak'"),
        ] {
            assert_eq!(quote(text), sql, "{text:?}");
        }
    }

    #[test]
    fn the_elements_of_an_array_stay_apart() {
        let elements = ["a", "b,c", "d\"e", r"f\g", "{}", "NULL", ""].map(|text| Some(text.to_owned()));
        assert_eq!(quote_array(&elements), r#"E'{"a","b,c","d\\"e","f\\\\g","{}","NULL",""}'"#);
        assert_eq!(quote_array(&[None]), "'{NULL}'");
        assert_eq!(quote_array(&[]), "'{}'");
    }

    proptest::proptest! {
        #[test]
        fn a_literal_has_no_lone_quote(text: String) {
            let sql = quote(&text);
            let inside = sql.trim_start_matches('E').strip_prefix('\'').and_then(|s| s.strip_suffix('\'')).expect("it is quoted");
            let mut characters = inside.chars();
            while let Some(character) = characters.next() {
                match character {
                    '\'' => proptest::prop_assert_eq!(characters.next(), Some('\'')),
                    '\\' => {
                        proptest::prop_assert!(sql.starts_with('E'));
                        proptest::prop_assert_eq!(characters.next(), Some('\\'));
                    }
                    _ => {}
                }
            }
        }
    }
}
