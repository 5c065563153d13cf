//! What a client may know, and when it may be told to begin anew.

use serde_json::Value;

use super::KEPT;
use super::log::Log;
use super::world::{Fact, Rows, World};
use crate::realtime::position::{Cursor, Position};

/// As whom, and by which rule, a subscription is told.
#[derive(Debug, Clone, Copy)]
pub struct Sight {
    pub user: usize,
    pub filter: usize,
    pub role: usize,
    pub rule: usize,
}

/// Holds rows against what a list would answer at a position, behind that message.
pub fn check(rows: &Rows, position: Position, sight: Sight, message: &Value, world: &World) {
    let Sight { user, filter, .. } = sight;
    let mut moment = world.at(position);
    let (role, rule) = (moment.roles[user], moment.rule);
    (moment.roles[user], moment.rule) = (sight.role, sight.rule);
    assert_eq!(*rows, moment.select(user, filter), "behind {message}");
    // Whoever they are of may see them there, or may by now.
    (moment.roles[user], moment.rule) = (role, rule);
    let mut may = moment.select(user, filter) == *rows;
    for (_, fact) in world.since(position) {
        if let Fact::Role { .. } | Fact::Rule(_) = fact {
            moment.take(fact);
            may |= moment.select(user, filter) == *rows;
        }
    }
    assert!(may, "{message} was told behind what took the right to see it");
}

/// Whether a subscription may have to begin anew for that reason.
pub fn is_allowed(reason: &str, since: Position, epoch: u32, user: usize, log: &Log, world: &World) -> bool {
    let any = |is: &dyn Fn(Fact) -> bool| world.since(since).any(|(_, fact)| is(fact));
    let told = || world.since(since).filter(|(at, fact)| *at <= log.told && !matches!(fact, Fact::Leaves(_)));
    match reason {
        "access_changed" => any(&|fact| matches!(fact, Fact::Role { user: other, .. } if other == user)),
        "collection_changed" => any(&|fact| matches!(fact, Fact::Rule(_) | Fact::Truncated)),
        "truncated" => any(&|fact| fact == Fact::Truncated),
        "too_old" => since < log.floor || told().count() > KEPT,
        "log_lost" => epoch != Cursor::epoch(log.epoch),
        _ => false,
    }
}
