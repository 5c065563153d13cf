//! Cursors of lists: opaque to the client, and signed, so that a list takes back only what it gave.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::same_secret;
use crate::problem::{Code, Problem, Result};

const SIGNATURE: usize = 16;

/// The key that signs cursors; the same on every server of a database.
///
/// ```
/// # use annex::extract::CursorKey;
/// let key = CursorKey::new([7; 32]);
/// // The scope says whose cursor it is: the list, and whatever must not change between its pages.
/// let cursor = key.seal(b"users", b"where the page ended");
/// assert_eq!(key.open(b"users", &cursor).unwrap(), b"where the page ended");
/// assert!(key.open(b"posts", &cursor).is_err());
/// ```
#[derive(Clone)]
pub struct CursorKey(Hmac<Sha256>);

impl std::fmt::Debug for CursorKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CursorKey(…)")
    }
}

impl CursorKey {
    /// The key of those bytes.
    pub fn new(key: [u8; 32]) -> Self {
        Self(Hmac::new_from_slice(&key).expect("HMAC takes keys of any length"))
    }

    /// The cursor for `payload`, which only [`CursorKey::open`] with the same scope takes back.
    pub fn seal(&self, scope: &[u8], payload: &[u8]) -> String {
        let mut bytes = Vec::with_capacity(SIGNATURE + payload.len());
        bytes.extend_from_slice(&self.signature(scope, payload));
        bytes.extend_from_slice(payload);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// What was sealed in the cursor.
    ///
    /// # Errors
    /// `invalid_cursor` where it was not sealed with this key and scope.
    pub fn open(&self, scope: &[u8], cursor: &str) -> Result<Vec<u8>> {
        let invalid = || {
            Problem::new(Code::InvalidCursor, "The cursor was not made by this list").with_hint(
                "Give `next_cursor` back unchanged, with the same filter and sort, or start without one",
            )
        };
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| invalid())?;
        let (signature, payload) = bytes.split_at_checked(SIGNATURE).ok_or_else(invalid)?;
        if !same_secret(&self.signature(scope, payload), signature) {
            return Err(invalid());
        }
        Ok(payload.to_vec())
    }

    fn signature(&self, scope: &[u8], payload: &[u8]) -> [u8; SIGNATURE] {
        let mut mac = self.0.clone();
        mac.update(&(scope.len() as u64).to_be_bytes());
        mac.update(scope);
        mac.update(payload);
        let mut signature = [0; SIGNATURE];
        signature.copy_from_slice(&mac.finalize().into_bytes()[..SIGNATURE]);
        signature
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_sealed_is_opened_and_nothing_else(
            scope: Vec<u8>, other: Vec<u8>, payload: Vec<u8>, place: prop::sample::Index, forged in "[A-Za-z0-9_-]{0,60}",
        ) {
            let key = CursorKey::new([1; 32]);
            let cursor = key.seal(&scope, &payload);
            prop_assert_eq!(key.open(&scope, &cursor).unwrap(), payload);
            prop_assert!(CursorKey::new([2; 32]).open(&scope, &cursor).is_err());
            prop_assert!(scope == other || key.open(&other, &cursor).is_err());
            prop_assert_eq!(key.open(&scope, &forged).unwrap_err().code, Code::InvalidCursor);
            let mut bytes = URL_SAFE_NO_PAD.decode(&cursor).unwrap();
            let place = place.index(bytes.len());
            bytes[place] ^= 1;
            prop_assert!(key.open(&scope, &URL_SAFE_NO_PAD.encode(bytes)).is_err());
        }
    }
}
