//! What the list of jobs is narrowed down to, as the URL says it.

use annex_openapi::jobs::{JobFilter, JobState};
use serde_json::{Map, Value};
use uuid::Uuid;

/// The names in the URL.
const NAMES: [&str; 7] = ["state", "kind", "queue", "tag", "batch", "schedule", "args"];

/// The filter that the URL names; what it says wrongly is left out, but for arguments, whose mistake is told.
pub fn of(value: impl Fn(&str) -> Option<String>) -> (JobFilter, Option<String>) {
    let given = |name: &str| value(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let state = given("state");
    let (args, mistake) = match given("args").map(|text| members(&text)) {
        None => (None, None),
        Some(Ok(members)) => (Some(members), None),
        Some(Err(why)) => (None, Some(why)),
    };
    let filter = JobFilter {
        ids: None,
        state: JobState::ALL.into_iter().find(|known| state.as_deref() == Some(known.as_str())),
        kind: given("kind"),
        queue: given("queue"),
        tag: given("tag"),
        batch: given("batch").and_then(|id| Uuid::parse_str(&id).ok()),
        schedule: given("schedule"),
        args,
        since: None,
        until: None,
    };
    (filter, mistake)
}

/// Members of arguments: an object, or what stands inside of one.
fn members(text: &str) -> Result<Map<String, Value>, String> {
    let text = if text.starts_with('{') { text.to_owned() } else { format!("{{{text}}}") };
    serde_json::from_str(&text).map_err(|_| "Not JSON: write it as \"to\": \"ada@example.com\"".to_owned())
}

/// The changes of the URL that show all jobs.
pub fn cleared() -> Vec<(&'static str, Option<String>)> {
    NAMES.into_iter().map(|name| (name, None)).collect()
}

/// Whether the filter leaves all jobs, whatever their state.
pub fn is_wide(filter: &JobFilter) -> bool {
    JobFilter { state: None, ..filter.clone() } == JobFilter::default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(query: &[(&str, &str)]) -> (JobFilter, Option<String>) {
        of(|name| query.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn the_url_says_what_is_asked_for() {
        assert_eq!(
            read(&[("state", "nonsense"), ("batch", "x"), ("kind", " ")]),
            (JobFilter::default(), None)
        );
        let (filter, _) = read(&[("state", "failed"), ("queue", "mail")]);
        assert_eq!((filter.state, filter.queue.as_deref()), (Some(JobState::Failed), Some("mail")));
        assert!(!is_wide(&filter) && is_wide(&read(&[("state", "ready")]).0));
    }

    #[test]
    fn arguments_are_an_object_with_or_without_its_braces() {
        for text in [r#"{"to": "x", "n": 1}"#, r#""to": "x", "n": 1"#] {
            let (filter, mistake) = read(&[("args", text)]);
            assert_eq!((filter.args.map(Value::Object), mistake), (Some(json!({"to": "x", "n": 1})), None));
        }
        let (filter, mistake) = read(&[("args", "to = x")]);
        assert!(filter.args.is_none() && mistake.is_some());
    }
}
