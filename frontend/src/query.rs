//! Addresses as text: what is escaped in a path and in a query string, and back. (The router reads values twice over, which
//! takes `%41` in a value for `A`.)

/// The characters that stand for themselves in a query string; more than in a path, so that it can be read.
const READABLE: &[u8] = b"-_.~,:@/*$!()'";

/// A segment of a path.
pub fn segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    push(&mut encoded, text, b"-_.~");
    encoded
}

/// A query string with its `?`; nothing where there are no pairs.
pub fn write<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut query = String::new();
    for (name, value) in pairs {
        query.push(if query.is_empty() { '?' } else { '&' });
        push(&mut query, name, READABLE);
        query.push('=');
        push(&mut query, value, READABLE);
    }
    query
}

/// The pairs of a query string, with or without its `?`.
pub fn parse(query: &str) -> Vec<(String, String)> {
    let pairs = query.trim_start_matches('?').split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect()
}

fn push(encoded: &mut String, text: &str, kept: &[u8]) {
    for byte in text.bytes() {
        match byte {
            b' ' if kept == READABLE => encoded.push('+'),
            _ if byte.is_ascii_alphanumeric() || kept.contains(&byte) => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        let escaped =
            after.get(..2).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        match (first, escaped) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            (b'+', _) => bytes.push(b' '),
            _ => bytes.push(*first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let pairs =
            [("filter", r#"title like "%20+ä&=#" and a > 1"#), ("sort", "-dep_delay,id"), ("empty", "")];
        let query = write(pairs);
        assert!(query.contains("sort=-dep_delay,id"), "{query}");
        let read = parse(&query);
        let read: Vec<(&str, &str)> =
            read.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(read, pairs);
        assert_eq!(write([]), "");
        assert_eq!(parse("?"), []);
    }

    #[test]
    fn broken_escapes_stay_as_they_are() {
        assert_eq!(parse("a=100%&b=%zz+x"), [("a".into(), "100%".into()), ("b".into(), "%zz x".into())]);
    }

    #[test]
    fn a_segment_keeps_no_sign_that_a_path_has_a_use_for() {
        assert_eq!(segment("a/b,c é"), "a%2Fb%2Cc%20%C3%A9");
    }
}
