//! Writes that are tried until it is known what came of them.

use leptos::prelude::*;

use super::ApiError;
use crate::browser;

/// What is written from one place, a form or a list of changes. The same body has the same idempotency key until a definite answer
/// comes, so that a write whose answer was lost is not done twice when it is tried again.
#[derive(Clone, Copy)]
pub struct Attempt(StoredValue<Open>);

/// The body that is tried, and its key.
#[derive(Default)]
struct Open(Option<(String, String)>);

impl Open {
    fn key(&mut self, body: &str, fresh: impl FnOnce() -> String) -> String {
        match &self.0 {
            Some((tried, key)) if tried == body => key.clone(),
            _ => {
                let key = fresh();
                self.0 = Some((body.to_owned(), key.clone()));
                key
            }
        }
    }

    fn settle<T>(&mut self, outcome: &Result<T, ApiError>) {
        if !outcome.as_ref().is_err_and(ApiError::leaves_open) {
            self.0 = None;
        }
    }
}

impl Attempt {
    /// Nothing was tried yet.
    pub fn new() -> Self {
        Self(StoredValue::default())
    }

    /// The key to send this body with.
    pub(super) fn key(self, body: &str) -> String {
        // Where the form is gone, nobody tries again.
        self.0.try_update_value(|open| open.key(body, browser::uuid)).unwrap_or_else(browser::uuid)
    }

    /// Takes note of what came of it.
    pub(super) fn settle<T>(self, outcome: Result<T, ApiError>) -> Result<T, ApiError> {
        self.0.try_update_value(|open| open.settle(&outcome));
        outcome
    }
}

#[cfg(test)]
mod tests {
    use annex_openapi::problem::Problem;

    use super::*;

    fn problem(status: u16, code: &str) -> ApiError {
        let problem = serde_json::json!({
            "type": "/problems/x", "title": "x", "status": status, "detail": "x", "code": code, "request_id": "x",
        });
        let problem: Problem = serde_json::from_value(problem).expect("a problem");
        ApiError::Problem { problem: Box::new(problem), retry_after: None }
    }

    #[test]
    fn a_body_keeps_its_key_until_it_is_known_what_came_of_it() {
        let mut open = Open::default();
        let mut made = 0;
        let mut key = |open: &mut Open, body: &str| {
            open.key(body, || {
                made += 1;
                made.to_string()
            })
        };
        assert_eq!(key(&mut open, "a"), "1");
        for lost in [
            ApiError::Offline,
            ApiError::Unreadable("no JSON".to_owned()),
            problem(503, "unavailable"),
            problem(409, "idempotency_in_flight"),
        ] {
            open.settle::<()>(&Err(lost));
            assert_eq!(key(&mut open, "a"), "1");
        }
        assert_eq!(key(&mut open, "b"), "2");
        open.settle::<()>(&Err(problem(422, "validation_failed")));
        assert_eq!(key(&mut open, "b"), "3");
        open.settle(&Ok(()));
        assert_eq!(key(&mut open, "b"), "4");
    }
}
