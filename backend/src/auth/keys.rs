//! The keys that access tokens are signed with: in the database, so that all of its servers have the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use annex_openapi::auth::Jwk;
use arc_swap::ArcSwap;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{DecodingKey, EncodingKey};
use sha2::{Digest, Sha256};
use sqlx::PgPool;
use time::{Duration, OffsetDateTime};

use super::store::keys::{self as store, StoredKey};
use crate::clock::{Clock, Random};
use crate::problem::{Problem, Result};

/// How often, at the most, an unknown key's name makes a server look whether there is a new one, in seconds.
const LOOK_EVERY: i64 = 5;

/// How long whoever checks tokens may go by the keys that it has read.
pub const MAX_AGE: Duration = Duration::minutes(5);

/// How much longer than its last token a key counts: clocks differ.
const MARGIN: Duration = Duration::minutes(1);

/// A key takes the place of those before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// The new key's name.
    pub kid: String,
    /// From when on it signs.
    pub signs_from: OffsetDateTime,
    /// From when on nothing that the others signed counts.
    pub others_until: OffsetDateTime,
}

/// Makes a new key. It signs once everybody who checks tokens can know of it, and those before it count until the last
/// token that they sign has ended; where one of them has `leaked`, both is so at once, and everybody has to
/// renew the access token.
///
/// # Errors
/// The database does not answer.
pub async fn rotate(
    pool: &PgPool,
    clock: &Clock,
    random: Random,
    token_lifetime: Duration,
    leaked: bool,
) -> Result<Rotation> {
    let seed: [u8; 32] = random.bytes();
    let now = clock.now();
    let signs_from = if leaked { now } else { now + MAX_AGE };
    let others_until = if leaked { now } else { signs_from + token_lifetime + MARGIN };
    let SigningKey { kid, .. } = SigningKey::new(&seed, signs_from, None)?;
    store::rotate(pool, &kid, &seed, signs_from, others_until).await?;
    Ok(Rotation { kid, signs_from, others_until })
}

/// One key.
pub struct SigningKey {
    /// Its name: its thumbprint (RFC 7638).
    pub kid: String,
    /// Signs.
    pub private: EncodingKey,
    /// Checks what it signed.
    pub public: DecodingKey,
    /// When it begins to sign.
    pub not_before: OffsetDateTime,
    /// From when on nothing that it signed counts.
    pub retired_at: Option<OffsetDateTime>,
    x: String,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl SigningKey {
    fn new(seed: &[u8], not_before: OffsetDateTime, retired_at: Option<OffsetDateTime>) -> Result<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(Problem::internal)?;
        let pkcs8 = pair.to_pkcs8v1().map_err(Problem::internal)?;
        let x = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
        let thumbprint = Sha256::digest(format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#));
        Ok(Self {
            kid: URL_SAFE_NO_PAD.encode(thumbprint),
            private: EncodingKey::from_ed_der(pkcs8.as_ref()),
            public: DecodingKey::from_ed_components(&x).map_err(Problem::internal)?,
            not_before,
            retired_at,
            x,
        })
    }

    fn retired(&self, now: OffsetDateTime) -> bool {
        self.retired_at.is_some_and(|retired| retired <= now)
    }

    fn jwk(&self) -> Jwk {
        Jwk {
            kty: "OKP".to_owned(),
            crv: "Ed25519".to_owned(),
            x: self.x.clone(),
            kid: self.kid.clone(),
            alg: "EdDSA".to_owned(),
            use_: "sig".to_owned(),
        }
    }
}

/// All keys, as this server last read them.
#[derive(Debug)]
pub struct Keys {
    all: ArcSwap<Vec<Arc<SigningKey>>>,
    looked_at: AtomicI64,
}

impl Keys {
    /// Reads the keys, and makes the first one where there is none; of many servers one makes it.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn start(pool: &PgPool, clock: &Clock, random: Random) -> Result<Self> {
        let seed: [u8; 32] = random.bytes();
        let now = clock.now();
        let first = SigningKey::new(&seed, now, None)?;
        let stored = store::ensure_one(pool, &first.kid, &seed, now).await?;
        Ok(Self {
            all: ArcSwap::from_pointee(parse(&stored)?),
            looked_at: AtomicI64::new(now.unix_timestamp()),
        })
    }

    /// Reads the keys again.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn reload(&self, pool: &PgPool) -> Result<()> {
        self.all.store(Arc::new(parse(&store::all(pool).await?)?));
        Ok(())
    }

    /// The key that signs at that time.
    ///
    /// # Errors
    /// All keys are retired.
    pub fn signing(&self, now: OffsetDateTime) -> Result<Arc<SigningKey>> {
        let all = self.all.load();
        let usable = all.iter().filter(|key| key.not_before <= now && !key.retired(now));
        let newest = usable.max_by_key(|key| key.not_before);
        newest
            .cloned()
            .ok_or_else(|| Problem::internal("no signing key is usable: all are retired or in the future"))
    }

    /// The key of that name, where what it signed counts; one that is not known is looked for in the database.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn find(
        &self,
        kid: &str,
        pool: &PgPool,
        now: OffsetDateTime,
    ) -> Result<Option<Arc<SigningKey>>> {
        if !self.knows(kid) && self.may_look(now) {
            self.reload(pool).await?;
        }
        let all = self.all.load();
        Ok(all.iter().find(|key| key.kid == kid && !key.retired(now)).cloned())
    }

    /// The public halves of all keys that are not retired.
    pub fn public(&self, now: OffsetDateTime) -> Vec<Jwk> {
        self.all.load().iter().filter(|key| !key.retired(now)).map(|key| key.jwk()).collect()
    }

    fn knows(&self, kid: &str) -> bool {
        self.all.load().iter().any(|key| key.kid == kid)
    }

    fn may_look(&self, now: OffsetDateTime) -> bool {
        let now = now.unix_timestamp();
        let last = self.looked_at.load(Ordering::Relaxed);
        now - last >= LOOK_EVERY
            && self.looked_at.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

fn parse(stored: &[StoredKey]) -> Result<Vec<Arc<SigningKey>>> {
    let key =
        |key: &StoredKey| SigningKey::new(&key.private_key, key.not_before, key.retired_at).map(Arc::new);
    stored.iter().map(key).collect()
}
