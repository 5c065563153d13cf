//! `/v1/realtime`

mod access;
mod changes;
mod channels;
mod expand;
mod jobs;
mod membership;
mod outbox;
mod presence;
mod resume;
mod socket;
mod sse;
mod status;

use annex_tests::TestApp;
use serde_json::{Value, json};

/// Notes with an owner, of which everybody sees the public ones and each their own; realtime is on.
async fn notes(app: &TestApp) {
    app.collection(json!({
        "name": "notes",
        "realtime": true,
        "fields": [
            {"name": "title", "type": "text", "required": true},
            {"name": "public", "type": "bool", "required": true, "default": false},
            {"name": "owner", "type": "relation", "collection": "users"},
            {"name": "secret", "type": "text", "hidden": true},
        ],
        "rules": {"list": "public or owner = @user.id", "view": "public or owner = @user.id"}
    }))
    .await;
}

fn titles(events: &[(String, Value)]) -> Vec<(&str, &str)> {
    events.iter().map(|(kind, record)| (kind.as_str(), record["title"].as_str().unwrap_or("-"))).collect()
}
