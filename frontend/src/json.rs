//! JSON as text: laid out and compared without a digit of it lost.

/// JSON on as few lines as there can be; its numbers stay as they are written.
pub fn compact(json: &str) -> String {
    rewritten(json, false)
}

/// JSON with a member or an element a line; its numbers stay as they are written.
pub fn indented(json: &str) -> String {
    rewritten(json, true)
}

fn rewritten(json: &str, indent: bool) -> String {
    let mut out = String::with_capacity(json.len() + json.len() / 4);
    let (mut depth, mut in_text, mut escaped) = (0usize, false, false);
    let mut characters = json.chars().peekable();
    let line = |out: &mut String, depth: usize| {
        if indent {
            out.push('\n');
            out.extend(std::iter::repeat_n("  ", depth));
        }
    };
    while let Some(character) = characters.next() {
        if in_text {
            out.push(character);
            in_text = escaped || character != '"';
            escaped = !escaped && character == '\\';
            continue;
        }
        match character {
            _ if character.is_ascii_whitespace() => {}
            '"' => {
                in_text = true;
                out.push('"');
            }
            '{' | '[' => {
                out.push(character);
                while characters.peek().is_some_and(char::is_ascii_whitespace) {
                    characters.next();
                }
                // What is empty stays on its line.
                if let Some(close) = characters.next_if(|next| matches!(next, '}' | ']')) {
                    out.push(close);
                } else {
                    depth += 1;
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(character);
            }
            ',' => {
                out.push(',');
                line(&mut out, depth);
            }
            ':' => out.push_str(if indent { ": " } else { ":" }),
            _ => out.push(character),
        }
    }
    out
}

/// Whether two texts are the same JSON, however it is laid out.
pub fn is_same(one: &str, other: &str) -> bool {
    one == other || compact(one) == compact(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_laid_out_without_touching_its_values() {
        let json = r#"{"a":[1.10,{"b":"x, \"y\": {"}],"c":{},"d":[ ]}"#;
        let laid = "{\n  \"a\": [\n    1.10,\n    {\n      \"b\": \"x, \\\"y\\\": {\"\n    }\n  ],\n  \"c\": {},\n  \"d\": []\n}";
        assert_eq!(indented(json), laid);
        assert_eq!(compact(laid), json.replace("[ ]", "[]"));
    }

    #[test]
    fn layout_is_no_difference() {
        assert!(is_same(r#"{"a": [1, 2]}"#, r#"{"a":[1,2]}"#));
        assert!(!is_same(r#"{"a": "b c"}"#, r#"{"a":"bc"}"#));
        assert!(!is_same("1.10", "1.1"));
    }
}
