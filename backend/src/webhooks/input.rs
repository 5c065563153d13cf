//! A webhook as it was sent, checked.

use std::collections::BTreeMap;

use annex_openapi::problem::FieldError;
use annex_openapi::webhooks::Webhook;
use reqwest::header::HeaderMap;

use crate::collections::catalogue::Snapshot;
use crate::events::input::Wanted;
use crate::jobs::input::Faults;
use crate::outbound::{Target, header_map};
use crate::problem::{Problem, Result};

/// The longest URL, in bytes.
const MAX_URL: usize = 8192;
/// The most headers, and the most bytes that they have.
const MAX_HEADERS: usize = 20;
const MAX_HEADER_BYTES: usize = 8192;

/// What is to be told.
pub fn wanted(webhook: &Webhook) -> Wanted<'_> {
    Wanted {
        events: &webhook.events,
        collection: webhook.collection.as_deref(),
        condition: webhook.condition.as_deref(),
        fields: webhook.fields.as_deref(),
    }
}

/// Checks what a webhook is to be; gives the host that it is on.
///
/// # Errors
/// `validation_failed`, `invalid_expression`, `not_live`
pub fn check(webhook: &Webhook, snapshot: &Snapshot) -> Result<String> {
    let mut faults = Faults::default();
    faults.name("", "name", Some(&webhook.name), 63);
    let mut host = String::new();
    if webhook.url.len() > MAX_URL {
        faults.add("/url", "out_of_range", format!("`url` is longer than {MAX_URL} bytes"));
    } else {
        match webhook.url.parse::<Target>() {
            Ok(target) => host = target.host().to_string(),
            Err(error) => faults.add("/url", "invalid", error.to_string()),
        }
    }
    let size: usize = webhook.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    if webhook.headers.len() > MAX_HEADERS || size > MAX_HEADER_BYTES {
        let detail =
            format!("there are at most {MAX_HEADERS} `headers` of together {MAX_HEADER_BYTES} bytes");
        faults.add("/headers", "out_of_range", detail);
    } else if let Err(wrong) = headers(&webhook.headers) {
        faults.add("/headers", "invalid", wrong);
    }
    wanted(webhook).check(&mut faults, snapshot);
    faults.check()?;
    wanted(webhook).check_condition(snapshot)?;
    Ok(host)
}

/// The headers that are sent along.
///
/// # Errors
/// In a sentence, what cannot be one.
pub fn headers(headers: &BTreeMap<String, String>) -> Result<HeaderMap, String> {
    let map = header_map(headers)?;
    match map.keys().find(|name| name.as_str().starts_with("webhook-") || *name == "content-type") {
        Some(name) => Err(format!("`{name}` cannot be set: it is part of what is sent")),
        None => Ok(map),
    }
}

/// Tells a failure of writing a webhook as a problem.
pub fn refused(error: sqlx::Error) -> Problem {
    let constraint = error.as_database_error().and_then(|said| said.constraint());
    let wrong = match constraint {
        Some("webhooks_name_key") => {
            FieldError::new("/name", "not_unique", "There is a webhook of that name")
        }
        Some("webhooks_collection_fkey") => {
            FieldError::new("/collection", "no_such_collection", "`collection` names no collection")
        }
        _ => return error.into(),
    };
    Problem::validation(vec![wrong])
}
