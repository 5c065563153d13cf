//! Refresh tokens: opaque, good for one use, and each the child of the one before.
//!
//! The child is the HMAC of its parent under a key of the server. So a client that lost the answer can be given
//! the same child again though nothing is kept but the newest one's hash, and an old token that comes back is
//! recognised as an ancestor of the newest.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::clock::Random;
use crate::extract::same_secret;

/// Tells a refresh token from other secrets, for people and for scanners.
const PREFIX: &str = "annex_refresh_";
const LENGTH: usize = 16 + 4 + 32;

/// More generations than any session lives through.
const MAX_GENERATIONS: i32 = 100_000;

/// The key under which children follow from their parents.
#[derive(Clone)]
pub struct RefreshKey(Hmac<Sha256>);

impl std::fmt::Debug for RefreshKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RefreshKey(…)")
    }
}

impl RefreshKey {
    /// The key of those bytes.
    pub fn new(key: [u8; 32]) -> Self {
        Self(Hmac::new_from_slice(&key).expect("HMAC takes keys of any length"))
    }
}

/// A refresh token.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken {
    /// The session.
    pub session_id: Uuid,
    /// How many were before it in the session.
    pub generation: i32,
    secret: [u8; 32],
}

impl std::fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RefreshToken").field("session_id", &self.session_id).finish_non_exhaustive()
    }
}

impl RefreshToken {
    /// The first one of a session.
    pub fn first(session_id: Uuid, random: Random) -> Self {
        Self { session_id, generation: 0, secret: random.bytes() }
    }

    /// The token of that text; nothing where it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let encoded = text.strip_prefix(PREFIX).filter(|encoded| encoded.len() <= 2 * LENGTH)?;
        let bytes: [u8; LENGTH] = URL_SAFE_NO_PAD.decode(encoded).ok()?.try_into().ok()?;
        let (session_id, rest) = bytes.split_first_chunk::<16>()?;
        let (generation, secret) = rest.split_first_chunk::<4>()?;
        let generation = i32::from_be_bytes(*generation);
        Some(Self {
            session_id: Uuid::from_bytes(*session_id),
            generation: (0..MAX_GENERATIONS).contains(&generation).then_some(generation)?,
            secret: secret.try_into().ok()?,
        })
    }

    /// What the client is given.
    pub fn text(&self) -> String {
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(self.bytes()))
    }

    /// What the database keeps.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.bytes()).into()
    }

    /// The one after it.
    pub fn child(&self, key: &RefreshKey) -> Self {
        let mut mac = key.0.clone();
        mac.update(&self.bytes());
        Self { generation: self.generation + 1, secret: mac.finalize().into_bytes().into(), ..self.clone() }
    }

    /// Whether it is an earlier token of the session whose newest has that hash and generation.
    pub fn is_ancestor_of(&self, hash: &[u8], generation: i32, key: &RefreshKey) -> bool {
        if self.generation >= generation || generation > MAX_GENERATIONS {
            return false;
        }
        let mut token = self.clone();
        while token.generation < generation {
            token = token.child(key);
        }
        same_secret(&token.hash(), hash)
    }

    fn bytes(&self) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        bytes[..16].copy_from_slice(self.session_id.as_bytes());
        bytes[16..20].copy_from_slice(&self.generation.to_be_bytes());
        bytes[20..].copy_from_slice(&self.secret);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_follow_from_their_parents_and_from_nothing_else() {
        let key = RefreshKey::new([1; 32]);
        let first = RefreshToken::first(Uuid::from_u128(7), Random);
        assert_eq!(RefreshToken::parse(&first.text()).unwrap(), first);
        let child = first.child(&key);
        assert_eq!(child, first.child(&key));
        let newest = child.child(&key);
        let ancestor = |token: &RefreshToken| token.is_ancestor_of(&newest.hash(), newest.generation, &key);
        assert!(ancestor(&first) && ancestor(&child));
        assert!(!ancestor(&newest), "a token is not its own ancestor");
        let another = RefreshToken::first(first.session_id, Random);
        assert!(!ancestor(&another), "who knows the session alone is not recognised");
        assert!(!first.is_ancestor_of(&newest.hash(), newest.generation, &RefreshKey::new([2; 32])));
        let moved = RefreshToken { generation: 1, ..first };
        assert!(!ancestor(&moved));
    }

    #[test]
    fn other_text_is_no_token() {
        for text in ["", "annex_refresh_", "annex_refresh_AAAA", "annex_setup_AAAA", &"A".repeat(10_000)] {
            assert!(RefreshToken::parse(text).is_none(), "{text}");
        }
        let ancient = RefreshToken { session_id: Uuid::nil(), generation: -1, secret: [0; 32] };
        assert!(RefreshToken::parse(&ancient.text()).is_none());
    }
}
