//! An access token, and until when it is used.

/// How long before its end a token is renewed, in milliseconds: what is sent with it takes a moment.
const EARLY: f64 = 30_000.0;

/// An access token.
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    /// As it is sent.
    pub text: String,
    /// When a new one is to be had, in milliseconds of the browser's clock.
    fresh_until: f64,
}

impl Token {
    /// A token that came just now and counts for so many seconds.
    pub fn new(text: String, seconds: i64) -> Self {
        Self { text, fresh_until: js_sys::Date::now() + fresh(seconds as f64 * 1000.0) }
    }

    /// Whether it is time for a new one.
    pub fn is_stale(&self) -> bool {
        js_sys::Date::now() >= self.fresh_until
    }
}

/// How long a token of that lifetime is used, in milliseconds.
fn fresh(lifetime: f64) -> f64 {
    (lifetime - EARLY).max(lifetime / 2.0)
}

#[cfg(test)]
mod tests {
    use super::fresh;

    #[test]
    fn a_token_is_renewed_before_its_end() {
        assert_eq!(fresh(900_000.0), 870_000.0);
        assert_eq!(fresh(20_000.0), 10_000.0);
    }
}
