//! New requests among those that are shown.

use annex_openapi::requests::LoggedRequest;
use time::{Duration, OffsetDateTime};

/// How late a request may be told: servers write down what they answered after a while.
const LATE: Duration = Duration::seconds(5);

/// From when on to ask for new ones.
pub fn since(shown: &[LoggedRequest]) -> Option<OffsetDateTime> {
    shown.first().map(|newest| newest.at - LATE)
}

/// Those that are not shown yet, put at their places: the newest first. True where there were any.
pub fn merge(shown: &mut Vec<LoggedRequest>, newer: Vec<LoggedRequest>) -> bool {
    let fresh: Vec<_> =
        newer.into_iter().filter(|request| shown.iter().all(|known| known.id != request.id)).collect();
    if fresh.is_empty() {
        return false;
    }
    shown.extend(fresh);
    shown.sort_by_key(|request| std::cmp::Reverse((request.at, request.id)));
    true
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn request(id: u128, seconds: i64) -> LoggedRequest {
        LoggedRequest {
            id: Uuid::from_u128(id),
            request_id: String::new(),
            at: OffsetDateTime::from_unix_timestamp(seconds).expect("a time"),
            method: "GET".to_owned(),
            path: "/".to_owned(),
            query: None,
            route: None,
            status: 200,
            duration_ms: 1.0,
            caller: None,
            address: None,
            problem: None,
            instance: Uuid::nil(),
        }
    }

    #[test]
    fn new_ones_come_once_and_in_their_order() {
        let mut shown = vec![request(3, 30), request(1, 10)];
        assert!(merge(&mut shown, vec![request(4, 40), request(3, 30), request(2, 28)]));
        let ids: Vec<u128> = shown.iter().map(|request| request.id.as_u128()).collect();
        assert_eq!(ids, [4, 3, 2, 1]);
        assert!(!merge(&mut shown, vec![request(4, 40)]));
    }

    #[test]
    fn late_ones_are_asked_for_too() {
        assert_eq!(since(&[]), None);
        assert_eq!(since(&[request(2, 30), request(1, 10)]).map(OffsetDateTime::unix_timestamp), Some(25));
    }
}
