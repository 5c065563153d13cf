//! What a worker over HTTP says under a lease: the token, and whether it still holds.

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uuid::Uuid;

use super::patience::patiently;
use super::store::leases::{self, Held};
use super::store::{self, Finish, Outcome};
use crate::app::App;
use crate::extract::same_secret;
use crate::problem::{Code, Problem, Result};

/// How long the end of an attempt waits for what others have locked. It keeps its lease locked meanwhile, and heartbeats wait for that.
pub const PATIENCE: Duration = Duration::from_secs(1);
/// How often it waits.
const TIMES: u32 = 3;
/// How many bytes of the signature a token has: 96 bits are not guessed.
const SIGNED: usize = 12;

/// Signs the tokens of leases, so that no worker can name another's; the same on every server of a database.
#[derive(Clone)]
pub struct LeaseKey(Hmac<Sha256>);

impl fmt::Debug for LeaseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LeaseKey(…)")
    }
}

impl LeaseKey {
    /// The key of those bytes.
    pub fn new(key: [u8; 32]) -> Self {
        Self(Hmac::new_from_slice(&key).expect("HMAC takes keys of any length"))
    }

    /// What is given out to the worker that holds the job.
    pub fn write(&self, token: Token) -> String {
        format!("{token}-{}", URL_SAFE_NO_PAD.encode(self.signature(token)))
    }

    /// What was given out; what was not is the token of no lease.
    ///
    /// # Errors
    /// `stale_lease`
    pub fn read(&self, text: &str) -> Result<Token> {
        let mut parts = text.splitn(3, '-');
        let mut part = || parts.next().ok_or_else(stale);
        let (lease, position, signature) = (part()?, part()?, part()?);
        let token = Token {
            lease: lease.parse().map_err(|_| stale())?,
            position: position.parse().map_err(|_| stale())?,
        };
        let claimed = URL_SAFE_NO_PAD.decode(signature).unwrap_or_default();
        if same_secret(&self.signature(token), &claimed) { Ok(token) } else { Err(stale()) }
    }

    fn signature(&self, token: Token) -> [u8; SIGNED] {
        let mut mac = self.0.clone();
        mac.update(&token.lease.to_be_bytes());
        mac.update(&token.position.to_be_bytes());
        let mut signature = [0; SIGNED];
        signature.copy_from_slice(&mac.finalize().into_bytes()[..SIGNED]);
        signature
    }
}

/// Names a lease and a job's place under it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// The lease, which fences: a later one has a greater id.
    pub lease: i64,
    /// The job's place, from 1.
    pub position: i32,
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.lease, self.position)
    }
}

impl Token {
    /// The job that is held under it.
    ///
    /// # Errors
    /// `stale_lease`
    pub async fn held(self, app: &App, job: Uuid) -> Result<Held> {
        let held =
            patiently(async || leases::held(&app.db.pool, self.lease, self.position, job).await).await?;
        held.ok_or_else(stale)
    }

    /// Ends the attempt that is held under it. It waits for others a few times for a second each, and lets the lease go in between.
    ///
    /// # Errors
    /// `stale_lease`; `overloaded` where others have locked what it changes.
    pub async fn end(self, app: &App, outcome: Outcome) -> Result<()> {
        let finish = [Finish { lease: self.lease, position: self.position, outcome }];
        for _ in 0..TIMES {
            let refused =
                patiently(async || match store::finish_within(&app.db.pool, &finish, Some(PATIENCE)).await {
                    Err(error) if is_locked(&error) => Ok(None),
                    written => written.map(Some),
                });
            match refused.await? {
                Some(refused) if refused.is_empty() => return Ok(()),
                Some(_) => return Err(stale()),
                None => {}
            }
        }
        Err(locked())
    }
}

/// Whether it waited in vain for a lock.
fn is_locked(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|said| said.code()).is_some_and(|code| code == "55P03")
}

/// The end of an attempt could not be written, and can be said again.
pub fn locked() -> Problem {
    Problem::new(Code::Overloaded, "Another transaction has locked what the end of the job changes")
        .with_hint("Say it again; the job is held as long as its lease goes on")
        .with_retry_after(1)
}

/// The lease is gone, or never was the job's.
pub fn stale() -> Problem {
    Problem::new(Code::StaleLease, "The job is not held under this lease any more")
        .with_hint("Stop working on it: it has ended, or another worker has it. Nothing was written")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_given_out_is_a_token() {
        let key = LeaseKey::new([1; 32]);
        let token = Token { lease: 17, position: 2 };
        let given = key.write(token);
        assert_eq!(key.read(&given).unwrap(), token);
        let signature = given.strip_prefix("17-2-").unwrap();
        assert!(LeaseKey::new([2; 32]).read(&given).is_err(), "of another database");
        for forged in [
            "",
            "17",
            "17-2",
            "17-2-",
            "17-2-AAAAAAAAAAAAAAAA",
            &given[..given.len() - 1],
            &format!("{given}A"),
            &format!("{given}-1"),
            &format!("18-2-{signature}"),
            &format!("17-3-{signature}"),
            &format!("99999999999999999999-1-{signature}"),
            &format!("a-b-{signature}"),
        ] {
            assert_eq!(key.read(forged).unwrap_err().code, Code::StaleLease, "{forged}");
        }
    }
}
