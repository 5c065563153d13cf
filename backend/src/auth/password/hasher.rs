//! argon2id, away from the threads that serve requests, and only so much of it at a time.

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Attempt, Password};
use crate::clock::Random;
use crate::problem::{Code, Problem, Result};

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// How long a sign-in waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);

/// How a password compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is another.
    Wrong,
    /// It is the one.
    Right,
    /// It is the one, and its hash is weaker than new ones are: this one should take its place.
    RightButWeak(String),
}

/// Hashes and compares passwords.
#[derive(Debug, Clone)]
pub struct Hasher {
    turns: Arc<Semaphore>,
    random: Random,
    /// The hash of a password that nobody knows: what an unknown account is compared with, so that it
    /// takes as long as a known one.
    nobody: Arc<str>,
}

impl Hasher {
    /// A hasher for that many passwords at a time; each takes 19 MiB meanwhile.
    ///
    /// # Errors
    /// The system has no memory for it.
    pub async fn start(at_a_time: usize, random: Random) -> Result<Self> {
        let hasher = Self { turns: Arc::new(Semaphore::new(at_a_time)), random, nobody: "".into() };
        let unknown: [u8; 32] = random.bytes();
        let nobody = hasher.off_thread(move |random| hash(&unknown, random)).await?;
        Ok(Self { nobody: nobody.into(), ..hasher })
    }

    /// The PHC string of a password.
    ///
    /// # Errors
    /// `overloaded` where its turn does not come.
    pub async fn hash(&self, password: &Password) -> Result<String> {
        let password = password.clone();
        self.off_thread(move |random| hash(password.expose().as_bytes(), random)).await
    }

    /// Compares a password with the PHC string of an account; where there is none it takes as long.
    ///
    /// # Errors
    /// `overloaded` where its turn does not come.
    pub async fn verify(&self, attempt: &Attempt, kept: Option<String>) -> Result<Outcome> {
        let (attempt, nobody) = (attempt.clone(), Arc::clone(&self.nobody));
        self.off_thread(move |random| match kept {
            Some(kept) => verify(&attempt, &kept, random),
            None => verify(&attempt, &nobody, random).map(|_| Outcome::Wrong),
        })
        .await
    }

    async fn off_thread<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(Random) -> Result<T> + Send + 'static,
    {
        let turn = self.turn().await?;
        let random = self.random;
        let work = move || {
            let result = work(random);
            // Held by the work, not by the request: a client that hangs up frees no memory.
            drop(turn);
            result
        };
        tokio::task::spawn_blocking(work).await.map_err(Problem::internal)?
    }

    async fn turn(&self) -> Result<OwnedSemaphorePermit> {
        let turn = tokio::time::timeout(PATIENCE, Arc::clone(&self.turns).acquire_owned()).await;
        turn.map(|turn| turn.expect("the semaphore is never closed")).map_err(|_| {
            Problem::new(
                Code::Overloaded,
                "Too many people sign in at this moment; try again in a few seconds",
            )
            .with_retry_after(5)
        })
    }
}

fn argon2() -> Argon2<'static> {
    let params =
        Params::new(MEMORY_KIB, PASSES, LANES, None).expect("the parameters are within argon2's bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn hash(password: &[u8], random: Random) -> Result<String> {
    let salt: [u8; 16] = random.bytes();
    let hash: PasswordHash = argon2().hash_password_with_salt(password, &salt).map_err(Problem::internal)?;
    Ok(hash.to_string())
}

fn verify(attempt: &Attempt, kept: &str, random: Random) -> Result<Outcome> {
    let kept = PasswordHash::new(kept).map_err(Problem::internal)?;
    if argon2().verify_password(attempt.expose().as_bytes(), &kept).is_err() {
        return Ok(Outcome::Wrong);
    }
    if is_weak(&kept) {
        return hash(attempt.expose().as_bytes(), random).map(Outcome::RightButWeak);
    }
    Ok(Outcome::Right)
}

fn is_weak(kept: &PasswordHash) -> bool {
    let strong = kept.algorithm.as_str() == "argon2id"
        && kept.version == Some(Version::V0x13.into())
        && Params::try_from(kept).is_ok_and(|params| {
            params.m_cost() >= MEMORY_KIB && params.t_cost() >= PASSES && params.p_cost() >= LANES
        });
    !strong
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::auth::email::Email;

    fn password(text: &str) -> Password {
        Password::parse(text, &Email::parse("ada@example.com").unwrap()).unwrap()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn only_so_many_are_computed_at_a_time() {
        let hasher = Hasher::start(2, Random).await.unwrap();
        let under_way = Arc::new(AtomicUsize::new(0));
        let mut together = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let (hasher, under_way) = (hasher.clone(), Arc::clone(&under_way));
            together.spawn(async move {
                let work = move |_| {
                    let at_once = under_way.fetch_add(1, Ordering::SeqCst) + 1;
                    std::thread::sleep(Duration::from_millis(5));
                    under_way.fetch_sub(1, Ordering::SeqCst);
                    Ok(at_once)
                };
                hasher.off_thread(work).await.unwrap()
            });
        }
        assert_eq!(together.join_all().await.into_iter().max(), Some(2));
    }

    #[tokio::test]
    async fn a_request_that_is_given_up_frees_no_turn_before_its_work_is_done() {
        let hasher = Hasher::start(1, Random).await.unwrap();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let work = move |_| {
            ended.recv().ok();
            Ok(())
        };
        tokio::time::timeout(Duration::from_millis(20), hasher.off_thread(work)).await.unwrap_err();
        assert_eq!(hasher.turns.available_permits(), 0);
        drop(end);
        hasher.off_thread(|_| Ok(())).await.unwrap();
    }

    #[tokio::test]
    async fn the_right_password_alone_is_right() {
        let hasher = Hasher::start(1, Random).await.unwrap();
        let kept = hasher.hash(&password("seven quiet otters")).await.unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        let verify = |text: &str, kept: Option<String>| {
            let attempt = Attempt::new(text);
            let hasher = hasher.clone();
            async move { hasher.verify(&attempt, kept).await.unwrap() }
        };
        assert_eq!(verify("seven quiet otters", Some(kept.clone())).await, Outcome::Right);
        assert_eq!(verify("seven quiet otter", Some(kept.clone())).await, Outcome::Wrong);
        assert_eq!(verify("", Some(kept)).await, Outcome::Wrong);
        assert_eq!(verify("seven quiet otters", None).await, Outcome::Wrong);
    }

    #[tokio::test]
    async fn a_weaker_hash_is_made_anew() {
        let hasher = Hasher::start(1, Random).await.unwrap();
        let weak =
            Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8 * 1024, 1, 1, None).unwrap());
        let weak: PasswordHash = weak.hash_password_with_salt(b"seven quiet otters", &[7; 16]).unwrap();
        let attempt = Attempt::new("seven quiet otters");
        let Outcome::RightButWeak(anew) = hasher.verify(&attempt, Some(weak.to_string())).await.unwrap()
        else {
            panic!("the hash is weak");
        };
        assert_eq!(hasher.verify(&attempt, Some(anew)).await.unwrap(), Outcome::Right);
        assert_eq!(
            hasher.verify(&Attempt::new("another"), Some(weak.to_string())).await.unwrap(),
            Outcome::Wrong
        );
    }
}
