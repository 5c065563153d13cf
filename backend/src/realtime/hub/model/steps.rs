//! What may happen, as often as it should for much to come of it.

use proptest::collection::vec;
use proptest::prelude::*;

use super::world::{FILTERS, ROLES, RULES, Row, USERS};

/// How many keys there are.
const KEYS: u8 = 14;

/// Something that a transaction does.
#[derive(Debug, Clone, Copy)]
pub enum Act {
    Put(u8, Row),
    Delete(u8),
    Rename(u8, u8, Row),
    Truncate,
    Role { user: usize, role: usize },
    Rule(usize),
}

/// Something that happens.
#[derive(Debug, Clone)]
pub enum Step {
    Commit(Vec<Act>),
    /// So many events of the log are told.
    Deliver(usize),
    /// The catalogue hears of a change before the log tells of it.
    Refresh,
    LoseConnection,
    LoseSlot,
    /// The log that has been read is kept no more.
    Advance,
    /// The server is killed, and another one starts.
    Restart,
    /// So many seconds go by.
    Wait(usize),
    Client(usize, Doing),
}

/// Something that a client does.
#[derive(Debug, Clone, Copy)]
pub enum Doing {
    /// So many steps on towards a subscription, whatever comes next.
    GoOn(usize, usize),
    Disconnect,
    Look,
    Answer,
    Subscribe {
        filter: usize,
    },
    Read {
        sees_all: bool,
    },
    Tell,
    Take(usize),
}

fn act() -> impl Strategy<Value = Act> {
    let row = (0..USERS, 0..3_usize).prop_map(|(owner, room)| Row { owner, room });
    prop_oneof![
        90 => (0..KEYS, row.clone()).prop_map(|(key, row)| Act::Put(key, row)),
        24 => (0..KEYS).prop_map(Act::Delete),
        24 => (0..KEYS, 0..KEYS, row).prop_map(|(from, to, row)| Act::Rename(from, to, row)),
        1 => Just(Act::Truncate),
        4 => (0..USERS, 0..ROLES.len()).prop_map(|(user, role)| Act::Role { user, role }),
        1 => (0..RULES.len()).prop_map(Act::Rule),
    ]
}

/// Anything that may happen.
pub fn step() -> impl Strategy<Value = Step> {
    let doing = prop_oneof![
        12 => (1..8_usize, 0..FILTERS.len()).prop_map(|(steps, filter)| Doing::GoOn(steps, filter)),
        3 => Just(Doing::Disconnect),
        1 => Just(Doing::Look),
        1 => Just(Doing::Answer),
        1 => (0..FILTERS.len()).prop_map(|filter| Doing::Subscribe { filter }),
        3 => any::<bool>().prop_map(|sees_all| Doing::Read { sees_all }),
        1 => Just(Doing::Tell),
        14 => (1..12_usize).prop_map(Doing::Take),
    ];
    prop_oneof![
        24 => vec(act(), 1..5).prop_map(Step::Commit),
        1 => vec(act(), 20..40).prop_map(Step::Commit),
        40 => (1..12_usize).prop_map(Step::Deliver),
        1 => Just(Step::Refresh),
        2 => (1..20_usize).prop_map(Step::Wait),
        1 => Just(Step::LoseConnection),
        1 => Just(Step::Advance),
        1 => prop_oneof![2 => Just(Step::Restart), 1 => Just(Step::LoseSlot)],
        90 => (0..USERS, doing).prop_map(|(client, doing)| Step::Client(client, doing)),
    ]
}
