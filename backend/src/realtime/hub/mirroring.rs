//! Rows of the collections that conditions look into: read once, and then kept as the log tells.

use std::pin::pin;
use std::time::Duration;

use futures_util::TryStreamExt;

use super::State;
use super::command::Command;
use crate::db::Own;
use crate::evaluator::{Image, Mirror, Need};
use crate::problem::{Code, Problem, Result};
use crate::realtime::feed::{Change, Committed};
use crate::realtime::position::{Lsn, Position};
use crate::realtime::seen::Seen;
use crate::realtime::store::{END, POINT, behind_header, lsn};
use crate::records::sql::select;
use crate::records::store::problem;

/// How long the rows of a collection may take to be read.
const PATIENCE: Duration = Duration::from_secs(120);

/// The most bytes that the rows of one collection may take.
const MOST: usize = 256 << 20;

/// Rows that were read, and of which moment they are.
#[derive(Debug)]
pub struct Mirrored {
    mirror: Mirror,
    /// The transactions that they are of.
    seen: Seen,
    /// All of those were committed before this.
    reached: Lsn,
    /// Until there the log had been read before they were.
    before: Lsn,
}

impl State {
    /// Has those rows of other collections read that are not at hand; says whether all are.
    pub(super) fn has_at_hand(&mut self, needs: &[Need], before: Lsn) -> bool {
        if self.mirrors.cover(needs) {
            return true;
        }
        for need in needs {
            let name = need.collection();
            if self.reading.contains(name) || self.mirrors.cover(std::slice::from_ref(need)) {
                continue;
            }
            let mut need = need.clone();
            if let Some(mirror) = self.mirrors.get(name) {
                need.add(mirror.need());
            }
            self.reading.insert(name.to_owned());
            let (own, hub) = (self.own.clone(), self.hub.clone());
            tokio::spawn(async move {
                let collection = need.collection().to_owned();
                let read = read(&own, need, before).await;
                // Where the hub has gone nobody waits.
                hub.upgrade()
                    .map(|hub| hub.send(Command::Mirrored { collection, read: Box::new(read) }).ok());
            });
        }
        false
    }

    /// Rows have been read, or cannot be.
    pub(super) fn take_mirrored(&mut self, collection: &str, read: Result<Mirrored>) {
        match read {
            Ok(mirrored) => self.arriving.push(mirrored),
            Err(problem) => {
                self.reading.remove(collection);
                tracing::warn!(%problem, collection, "The rows that rules look into could not be read");
                self.refuse_topics(collection, &problem);
                let (concerned, others) = std::mem::take(&mut self.waiting)
                    .into_iter()
                    .partition(|waiting| waiting.view.looks_into(collection));
                self.waiting = others;
                let concerned: Vec<super::Subscribe> = concerned;
                for subscribe in concerned {
                    if let Some(outbox) = self.registry.outbox(subscribe.connection) {
                        outbox.refuse(&subscribe.id, problem.body(""));
                    }
                }
            }
        }
    }

    /// Brings rows that have been read to where the log has been read, when it has been read that far.
    pub(super) fn settle_mirrors(&mut self, log: Lsn) {
        let (ready, arriving) = std::mem::take(&mut self.arriving)
            .into_iter()
            .partition(|arriving: &Mirrored| arriving.reached <= log);
        self.arriving = arriving;
        let ready: Vec<Mirrored> = ready;
        for Mirrored { mut mirror, seen, reached, before } in ready {
            let name = mirror.need().collection().to_owned();
            self.reading.remove(&name);
            let unseen = self.window.unseen(&seen, reached);
            let is_whole = self.window.reaches_back_to(Position::at(before))
                && !self.window.has_forgotten_unseen(&seen, reached);
            // Otherwise it is read again, for whoever waits.
            if is_whole && bring_up(&mut mirror, unseen) {
                self.mirrors.insert(mirror);
            }
        }
    }

    /// Lets go of rows that no condition looks into any more.
    pub(super) fn let_go_of_mirrors(&mut self) {
        let unused = |mirror: &&Mirror| {
            let name = mirror.need().collection();
            let mut needs = self.late().flat_map(|late| &late.view.needs);
            !self.registry.is_looked_into(name)
                && !self.topics.look_into(name)
                && !needs.any(|need| need.collection() == name)
        };
        let unused: Vec<String> =
            self.mirrors.iter().filter(unused).map(|mirror| mirror.need().collection().to_owned()).collect();
        for name in unused {
            self.mirrors.remove(&name);
        }
    }
}

/// Takes in what happened since; false where the collection has other columns meanwhile.
fn bring_up<'a>(mirror: &mut Mirror, changes: impl Iterator<Item = &'a Committed>) -> bool {
    for committed in changes {
        match &committed.change {
            Change::Row(row) if row.table.collection.name == mirror.need().collection() => {
                if row.table.columns != mirror.need().table.columns {
                    return false;
                }
                mirror.apply(row.old.as_ref(), row.new.as_ref());
            }
            Change::Truncated(table) if table.collection.name == mirror.need().collection() => mirror.clear(),
            _ => {}
        }
    }
    true
}

/// Reads the rows of a collection at one moment.
async fn read(own: &Own, need: Need, before: Lsn) -> Result<Mirrored> {
    let connection = own.connect_in_background(PATIENCE).await?;
    let begin = "begin isolation level repeatable read read only";
    connection.batch_execute(begin).await.map_err(problem)?;
    // What the snapshot sees was committed before this position; it is asked for when the snapshot has been taken.
    let point = connection.query_one(POINT, &[]).await.map_err(problem)?;
    let (seen, reached): (&str, &str) = (point.get(0), point.get(1));
    let seen: Seen = seen.parse().map_err(Problem::internal)?;
    let reached = behind_header(lsn(reached)?);
    let columns: Vec<usize> = need.columns.iter().copied().collect();
    let width = need.table.columns.len();
    let statement = select::whole(&need.table, columns.iter().copied());
    let mut mirror = Mirror::new(need);
    {
        let mut rows = pin!(connection.query_raw(&statement.text, &statement.binds).await.map_err(problem)?);
        while let Some(row) = rows.try_next().await.map_err(problem)? {
            let mut values: Vec<Option<&str>> = vec![None; width];
            for (place, column) in columns.iter().enumerate() {
                values[*column] = row.try_get(place).map_err(problem)?;
            }
            mirror.apply(None, Some(&Image::new(values)));
            if mirror.size() > MOST {
                let detail = format!(
                    "`{}` is too large for conditions that look into it to be followed",
                    mirror.need().collection()
                );
                return Err(Problem::new(Code::NotLive, detail));
            }
        }
    }
    connection.batch_execute("commit").await.map_err(problem)?;
    // What was read may have been committed and not be on disk.
    connection.query_one(END, &[]).await.map_err(problem)?;
    connection.settle();
    Ok(Mirrored { mirror, seen, reached, before })
}
