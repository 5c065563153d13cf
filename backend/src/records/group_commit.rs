//! Inserts of several requests in one transaction, so that Postgres writes its log to the disk once for all of them, and
//! server and Postgres wake each other once.
//!
//! While a group is under way, those who come gather for the next; who comes alone has the transaction alone. Nobody is the
//! worse for company. A group that cannot be done, since one of its statements failed or waited for a lock, is undone as a
//! whole, and each of its members is then run by itself, as if there had been no group; so is who has waited long for one.
//! The table that was at fault is kept apart for a while, longer where it was slow.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Error, Row};
use tracing::Instrument;

use super::pipeline::send;
use super::sql::Sql;
use super::store::{self, Failure, GRACE};
use crate::collections::catalogue::{Identifier, Table};
use crate::db::lanes::{Lane, Place};
use crate::problem::Problem;
use crate::telemetry::trace;

/// The most statements of a group.
const MEMBERS: usize = 32;

/// The most bytes of values that a statement may bring: who writes more keeps the others waiting.
const BYTES: usize = 16 << 10;

/// How long a statement waits for its group to begin before it goes alone, and a group for its end before it is undone.
const PATIENCE: Duration = Duration::from_millis(250);

/// How long the inserts into a table are kept apart after one has failed, which costs its group little, and after one has taken
/// long.
const APART_FAILED: Duration = Duration::from_millis(100);
const APART_SLOW: Duration = Duration::from_secs(5);

/// The inserts of one worker thread that commit together.
#[derive(Debug)]
pub struct GroupCommit(Rc<Groups>);

#[derive(Debug)]
struct Groups {
    lane: Lane,
    under_way: Cell<usize>,
    waiting: RefCell<VecDeque<Member>>,
    /// Tables that are kept apart, and until when.
    apart: RefCell<HashMap<Identifier, Instant>>,
}

#[derive(Debug)]
struct Member {
    table: Identifier,
    sql: Rc<Sql>,
    answer: oneshot::Sender<Answer>,
}

/// The rows of a statement that was committed; none of one that was undone, or not done at all, and is to be run alone.
type Answer = Result<Option<Vec<Row>>, Failure>;

impl GroupCommit {
    /// Groups over the connections of that lane.
    pub fn new(lane: Lane) -> Self {
        let (waiting, apart) = Default::default();
        Self(Rc::new(Groups { lane, under_way: Cell::new(0), waiting, apart }))
    }

    /// Runs an insert together with others. None where nothing came of that: it is to be run alone.
    ///
    /// # Errors
    /// See [`Failure`]. The database is unavailable also where it broke off before it told whether the group was committed.
    pub async fn rows(&self, table: &Table, sql: &Rc<Sql>) -> Answer {
        if !self.0.takes(table, sql) {
            return Ok(None);
        }
        let (answer, answered) = oneshot::channel();
        let member = Member { table: table.name.clone(), sql: Rc::clone(sql), answer };
        self.0.waiting.borrow_mut().push_back(member);
        Groups::set_out(&self.0);
        let answered = async {
            let mut answered = answered;
            match tokio::time::timeout(PATIENCE, &mut answered).await {
                Err(_) if self.0.leave(sql) => Ok(Ok(None)),
                Err(_) => answered.await,
                Ok(answered) => answered,
            }
        };
        let answered = answered.instrument(trace::statement(&sql.text)).await;
        answered.unwrap_or_else(|gone| Err(Problem::database_unavailable(gone).into()))
    }
}

impl Groups {
    fn takes(&self, table: &Table, sql: &Sql) -> bool {
        let bytes: usize = sql.binds.iter().map(|bind| bind.0.as_ref().map_or(0, String::len)).sum();
        bytes <= BYTES && self.lane.connections() > 0 && !self.is_apart(&table.name)
    }

    fn is_apart(&self, table: &Identifier) -> bool {
        let mut apart = self.apart.borrow_mut();
        if apart.is_empty() {
            return false;
        }
        let now = Instant::now();
        apart.retain(|_, until| now < *until);
        apart.contains_key(table)
    }

    /// Takes back a statement that no group has taken yet.
    fn leave(&self, sql: &Rc<Sql>) -> bool {
        let mut waiting = self.waiting.borrow_mut();
        let place = waiting.iter().position(|member| Rc::ptr_eq(&member.sql, sql));
        place.and_then(|place| waiting.remove(place)).is_some()
    }

    /// Has those who wait taken along, where not all connections are under way with a group already: the next one to come
    /// back takes them otherwise.
    fn set_out(this: &Rc<Self>) {
        if this.under_way.get() == this.lane.connections() {
            return;
        }
        this.under_way.set(this.under_way.get() + 1);
        let groups = Rc::clone(this);
        actix_web::rt::spawn(async move {
            while !groups.waiting.borrow().is_empty() {
                groups.run_next().await;
            }
            groups.under_way.set(groups.under_way.get() - 1);
        });
    }

    async fn run_next(&self) {
        let place = self.lane.acquire().await;
        let members = self.gather();
        match place {
            Ok(place) => self.run(&place, members).await,
            Err(problem) => {
                members.into_iter().for_each(|member| member.tell(Err(problem.clone().into())));
            }
        }
    }

    fn gather(&self) -> Vec<Member> {
        let mut waiting = self.waiting.borrow_mut();
        let count = waiting.len().min(MEMBERS);
        // Nobody waits any more for what those wanted who have gone.
        waiting.drain(..count).filter(|member| !member.answer.is_closed()).collect()
    }

    async fn run(&self, place: &Place, members: Vec<Member>) {
        let fate = tokio::time::timeout(self.lane.statement_timeout() + GRACE, async {
            tokio::select! {
                fate = commit(place, &members) => fate,
                never = interrupt(place) => never,
            }
        });
        let fate = match fate.await {
            Ok(fate) => {
                place.answered();
                fate
            }
            Err(elapsed) => Fate::Unknown(elapsed.to_string()),
        };
        match fate {
            Fate::Committed(rows) => {
                members.into_iter().zip(rows).for_each(|(member, rows)| member.tell(Ok(Some(rows))));
            }
            Fate::Undone { at_fault, apart } => {
                for member in &members[at_fault] {
                    place.forget(&member.sql.text);
                    self.apart.borrow_mut().insert(member.table.clone(), Instant::now() + apart);
                }
                members.into_iter().for_each(|member| member.tell(Ok(None)));
            }
            Fate::Unknown(reason) => {
                for member in members {
                    member.tell(Err(Problem::database_unavailable(reason.clone()).into()));
                }
            }
        }
    }
}

impl Member {
    fn tell(self, answer: Answer) {
        // Whoever has gone meanwhile need not know.
        drop(self.answer.send(answer));
    }
}

/// What became of a group.
enum Fate {
    /// All of it counts: the rows of each member.
    Committed(Vec<Vec<Row>>),
    /// Nothing of it counts, and the tables of those members are to be kept apart for so long.
    Undone { at_fault: Range<usize>, apart: Duration },
    /// The database broke off before it said.
    Unknown(String),
}

impl Fate {
    /// What a failure means, where one of those members is at fault.
    fn of(error: &Error, at_fault: Range<usize>) -> Self {
        match error.as_db_error() {
            Some(said) if !store::is_unavailable(said.code()) => {
                let was_slow = *said.code() == SqlState::QUERY_CANCELED;
                Self::Undone { at_fault, apart: if was_slow { APART_SLOW } else { APART_FAILED } }
            }
            _ => Self::Unknown(error.to_string()),
        }
    }
}

/// Runs the statements of a group as one transaction.
async fn commit(place: &Place, members: &[Member]) -> Fate {
    let mut statements = Vec::with_capacity(members.len());
    for (at, member) in members.iter().enumerate() {
        match place.prepare(&member.sql.text).await {
            Ok(statement) if member.sql.fits(statement.columns()) => statements.push(statement),
            // Nothing was sent yet that could count.
            Ok(_) => return Fate::Undone { at_fault: at..at + 1, apart: APART_FAILED },
            Err(error) => return Fate::of(&error, at..at + 1),
        }
    }
    let client = place.client();
    let in_company = members.len() > 1;
    let begun = if in_company { Some(send(client.batch_execute("begin")).await) } else { None };
    let mut sent = Vec::with_capacity(members.len());
    for (member, statement) in members.iter().zip(&statements) {
        sent.push(send(store::query(client, statement, &member.sql.binds)).await);
    }
    let committed = if in_company { Some(send(client.batch_execute("commit")).await) } else { None };

    // Whatever failed, all answers are waited for: the connection is as it was only then.
    let begun = match begun {
        Some(begun) => begun.receive().await,
        None => Ok(()),
    };
    let mut rows = Vec::with_capacity(members.len());
    let mut failed = None;
    for (at, sent) in sent.into_iter().enumerate() {
        match sent.receive().await {
            Ok(of_one) => rows.push(of_one),
            // The others fail behind it, since the transaction is broken.
            Err(error) => failed = failed.or_else(|| Some(Fate::of(&error, at..at + 1))),
        }
    }
    let committed = match committed {
        Some(committed) => committed.receive().await,
        None => Ok(()),
    };
    match (begun, failed, committed) {
        // Without a transaction around them, each statement counted or failed by itself.
        (Err(error), _, _) => Fate::Unknown(error.to_string()),
        (Ok(()), Some(fate), _) => fate,
        // A constraint that is checked last does not hold: it may be any member's.
        (Ok(()), None, Err(error)) => Fate::of(&error, 0..members.len()),
        (Ok(()), None, Ok(())) => Fate::Committed(rows),
    }
}

/// Asks Postgres to give up whatever takes long, again and again.
async fn interrupt(place: &Place) -> Fate {
    loop {
        tokio::time::sleep(PATIENCE).await;
        place.cancel().await;
    }
}
