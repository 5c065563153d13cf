//! Connections that many callers want, and how many of them one caller may have: the others always find one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::ACQUIRE_TIMEOUT;
use crate::extract::Party;
use crate::problem::{Problem, RateLimit, Result};

/// How many of something each party may hold.
#[derive(Debug, Clone)]
pub struct Shares(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    limit: RateLimit,
    parties: Mutex<HashMap<Party, Held>>,
}

/// What a party holds and waits for.
#[derive(Debug)]
struct Held {
    room: Arc<Semaphore>,
    users: usize,
}

/// Something that a party holds until this goes.
#[derive(Debug)]
#[must_use = "a share that is dropped is given back"]
pub struct Share {
    _permit: OwnedSemaphorePermit,
    _member: Member,
}

/// A party's place in the list for as long as it holds something or waits for it.
#[derive(Debug)]
struct Member(Arc<Inner>, Party);

impl Shares {
    /// Of so many, a quarter is out of reach for any single party, and at least one.
    pub fn of(name: &'static str, many: usize) -> Self {
        Self::each(name, many.saturating_sub((many / 4).max(1)).max(1))
    }

    /// So many for each party.
    pub fn each(name: &'static str, most: usize) -> Self {
        let limit = RateLimit { name, quota: most as u32, window: None };
        Self(Arc::new(Inner { limit, parties: Mutex::default() }))
    }

    /// One of them, for that party, if it may have one now.
    ///
    /// # Errors
    /// `too_many_requests`
    pub fn try_take(&self, party: Party) -> Result<Share> {
        let (room, member) = self.0.join(party);
        let permit = room.try_acquire_owned().map_err(|_| Problem::too_many(self.0.limit, 1))?;
        Ok(Share { _permit: permit, _member: member })
    }

    /// One of them, for that party.
    ///
    /// # Errors
    /// `too_many_requests` where the party has all that it may, for 3 s.
    pub async fn take(&self, party: Party) -> Result<Share> {
        let (room, member) = self.0.join(party);
        let permit = tokio::time::timeout(ACQUIRE_TIMEOUT, room.acquire_owned()).await;
        let permit = permit.map_err(|_| Problem::too_many(self.0.limit, 1))?;
        Ok(Share { _permit: permit.expect("the semaphore is never closed"), _member: member })
    }
}

impl Inner {
    fn join(self: &Arc<Self>, party: Party) -> (Arc<Semaphore>, Member) {
        let mut parties = self.parties();
        let most = self.limit.quota as usize;
        let held =
            parties.entry(party).or_insert_with(|| Held { room: Arc::new(Semaphore::new(most)), users: 0 });
        held.users += 1;
        (Arc::clone(&held.room), Member(Arc::clone(self), party))
    }

    fn parties(&self) -> MutexGuard<'_, HashMap<Party, Held>> {
        self.parties.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let mut parties = self.0.parties();
        if let Some(held) = parties.get_mut(&self.1) {
            held.users -= 1;
            if held.users == 0 {
                parties.remove(&self.1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use futures_util::FutureExt;

    use super::*;

    fn party(last: u8) -> Party {
        Party::Network(IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)))
    }

    #[tokio::test]
    async fn one_party_leaves_something_for_the_others() {
        for (many, most) in [(1, 1), (2, 1), (4, 3), (12, 9)] {
            let shares = Shares::of("lists", many);
            let mut held = Vec::new();
            for _ in 0..most {
                held.push(shares.take(party(1)).await.unwrap());
            }
            assert!(shares.take(party(1)).now_or_never().is_none(), "{many}");
            let _other = shares.take(party(2)).await.unwrap();
            held.pop();
            held.push(shares.take(party(1)).await.unwrap());
        }
    }

    #[tokio::test]
    async fn nobody_is_remembered() {
        let shares = Shares::of("lists", 2);
        let held = shares.take(party(1)).await.unwrap();
        assert!(shares.take(party(1)).now_or_never().is_none());
        drop(shares.take(party(2)).await.unwrap());
        assert_eq!(shares.0.parties().len(), 1);
        drop(held);
        assert!(shares.0.parties().is_empty());
    }
}
