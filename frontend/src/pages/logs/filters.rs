//! What the list of requests is narrowed down to, as the URL says it.

use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

/// How far back, by its name in the URL.
pub const TIMES: [(&str, &str, i64); 4] = [
    ("15m", "Last 15 minutes", 15 * 60),
    ("1h", "Last hour", 3600),
    ("24h", "Last 24 hours", 86_400),
    ("7d", "Last 7 days", 604_800),
];

/// The names in the URL, all but that of the time: the list's own parameters.
const PARAMETERS: [(&str, &str); 5] =
    [("status", "status"), ("method", "method"), ("path", "path"), ("user", "user"), ("q", "search")];

/// What the list is narrowed down to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filters {
    chosen: Vec<(&'static str, String)>,
    /// How far back, in seconds.
    seconds: Option<i64>,
}

impl Filters {
    /// Those that the URL names.
    pub fn of(value: impl Fn(&str) -> Option<String>) -> Self {
        let given =
            |name: &str| value(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let chosen =
            PARAMETERS.into_iter().filter_map(|(name, parameter)| Some((parameter, given(name)?))).collect();
        let time = given("time");
        let seconds = TIMES
            .into_iter()
            .find(|(name, _, _)| time.as_deref() == Some(*name))
            .map(|(_, _, seconds)| seconds);
        Self { chosen, seconds }
    }

    /// Whether all requests are shown.
    pub fn is_empty(&self) -> bool {
        self.chosen.is_empty() && self.seconds.is_none()
    }

    /// The list's parameters, from `since` on where that is later than the filters say.
    pub fn parameters(
        &self,
        now: OffsetDateTime,
        since: Option<OffsetDateTime>,
    ) -> Vec<(&'static str, String)> {
        let earliest = self.seconds.map(|seconds| now - Duration::seconds(seconds));
        let since = earliest.max(since).and_then(|since| since.format(&Rfc3339).ok());
        self.chosen.iter().cloned().chain(since.map(|since| ("since", since))).collect()
    }
}

/// The changes of the URL that show all requests.
pub fn cleared() -> Vec<(&'static str, Option<String>)> {
    PARAMETERS.into_iter().map(|(name, _)| (name, None)).chain([("time", None)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(query: &[(&str, &str)]) -> Filters {
        Filters::of(|name| query.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned()))
    }

    fn parameters(query: &[(&str, &str)], since: Option<i64>) -> Vec<(&'static str, String)> {
        let at = |seconds| OffsetDateTime::from_unix_timestamp(seconds).expect("a time");
        of(query).parameters(at(1_000_000), since.map(at))
    }

    #[test]
    fn the_url_says_what_is_asked_for() {
        assert!(parameters(&[], None).is_empty());
        assert!(of(&[("request", "x"), ("q", " ")]).is_empty());
        let asked = parameters(&[("status", "4xx"), ("q", "title"), ("time", "1h")], None);
        let expected = [("status", "4xx"), ("search", "title"), ("since", "1970-01-12T12:46:40Z")];
        assert_eq!(asked, expected.map(|(name, value)| (name, value.to_owned())));
    }

    #[test]
    fn the_later_beginning_counts() {
        let since =
            |query: &[(&str, &str)], seconds| parameters(query, Some(seconds)).pop().map(|(_, value)| value);
        assert_eq!(since(&[], 0).as_deref(), Some("1970-01-01T00:00:00Z"));
        assert_eq!(since(&[("time", "1h")], 999_999).as_deref(), Some("1970-01-12T13:46:39Z"));
        assert_eq!(since(&[("time", "1h")], 0).as_deref(), Some("1970-01-12T12:46:40Z"));
        assert_eq!(since(&[("time", "nonsense")], 0).as_deref(), Some("1970-01-01T00:00:00Z"));
    }
}
