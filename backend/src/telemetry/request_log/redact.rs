//! Keeps secrets out of the log: what stands where a secret stands, and what looks like one.

use std::borrow::Cow;

/// Stands in the place of what is left out.
const REDACTED: &str = "redacted";

/// Where one of these is part of a parameter's name or value, the value is left out.
const TELLING: [&str; 15] = [
    "token",
    "secret",
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "apikey",
    "api_key",
    "api-key",
    "access_key",
    "private_key",
    "credential",
    "signature",
    "session",
    "jwt",
];

/// Parameters whose values are left out.
const NAMES: [&str; 6] = ["key", "code", "sig", "auth", "authorization", "otp"];

/// A query without secrets, otherwise as it came.
pub(super) fn query(text: &str) -> String {
    let parameters: Vec<Cow<'_, str>> = text.split('&').map(parameter).collect();
    parameters.join("&")
}

fn parameter(text: &str) -> Cow<'_, str> {
    let (raw_name, raw_value) = text.split_once('=').unwrap_or((text, ""));
    let (name, value) = (decode(raw_name), decode(raw_value));
    if has_secret(&name) {
        return Cow::Borrowed(REDACTED);
    }
    let tells = is_telling(&name) || is_telling(&value) || NAMES.contains(&&*name.to_ascii_lowercase());
    if !value.is_empty() && (tells || has_secret(&value)) {
        return Cow::Owned(format!("{raw_name}={REDACTED}"));
    }
    Cow::Borrowed(text)
}

fn is_telling(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    TELLING.iter().any(|part| lower.contains(part))
}

/// A text without what looks like a secret.
pub(super) fn text(text: &str) -> Cow<'_, str> {
    if !has_secret(text) {
        return Cow::Borrowed(text);
    }
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_of_word) {
        let end =
            rest[start..].find(|letter| !is_of_word(letter)).map_or(rest.len(), |length| start + length);
        kept.push_str(&rest[..start]);
        kept.push_str(if is_secret(&rest[start..end]) { REDACTED } else { &rest[start..end] });
        rest = &rest[end..];
    }
    kept.push_str(rest);
    Cow::Owned(kept)
}

fn has_secret(text: &str) -> bool {
    text.split(|letter| !is_of_word(letter)).any(is_secret)
}

/// Whether a word is like a JWT, or like what Annex itself gives out.
fn is_secret(word: &str) -> bool {
    let jwt = word.contains("eyJ") && word.matches('.').count() >= 2;
    let ours = word.split_once("annex_").is_some_and(|(_, rest)| {
        rest.split_once('_').is_some_and(|(kind, secret)| !kind.is_empty() && secret.len() >= 16)
    });
    jwt || ours
}

fn is_of_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.')
}

fn decode(text: &str) -> Cow<'_, str> {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy()
}

#[cfg(test)]
mod tests {
    use super::*;

    const JWT: &str = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl";
    const OURS: &str = "annex_refresh_AZr0xQ3mcn6xcyRrXJRGtw";

    #[test]
    fn queries_keep_everything_but_secrets() {
        for (came, kept) in [
            ("", ""),
            ("limit=20&sort=-created_at", "limit=20&sort=-created_at"),
            ("filter=title%20%3D%20%22a%20%26%20b%22&flag", "filter=title%20%3D%20%22a%20%26%20b%22&flag"),
            ("access_token=abc&limit=1", "access_token=redacted&limit=1"),
            ("API%5FKey=abc", "API%5FKey=redacted"),
            ("password=", "password="),
            ("code=4%2F0Ab&state=ready", "code=redacted&state=ready"),
            ("filter=invite_token%20%3D%20%22canary%22", "filter=redacted"),
            ("a=b=c&&=d", "a=b=c&&=d"),
        ] {
            assert_eq!(query(came), kept, "{came}");
        }
        for secret in [JWT, OURS, "x%2Dannex_setup_0123456789abcdef0123456789abcdef"] {
            for came in
                [format!("q={secret}"), format!("q=%22{secret}%22"), secret.to_owned(), format!("{secret}=1")]
            {
                assert!(!query(&came).contains(secret), "{came}");
            }
        }
    }

    #[test]
    fn texts_lose_what_looks_like_a_secret_and_nothing_else() {
        for plain in ["", "There is no route `/v1/eyJ`", "annex_users", "v1.2.3", "`title` must be… ü"] {
            assert_eq!(text(plain), plain);
        }
        assert_eq!(
            text(&format!("There is no route `/v1/{JWT}/x`, ü")),
            "There is no route `/v1/redacted/x`, ü"
        );
        assert_eq!(text(&format!("/files/{OURS}")), "/files/redacted");
    }
}
