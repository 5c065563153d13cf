//! Signed links to the files of jobs: what a session may read, for a while and without a header.

use std::time::Duration;

use annex_openapi::jobs::Job;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use crate::app::App;
use crate::extract::{Identity, same_secret};

/// How long a link is good.
const LIFETIME: Duration = Duration::from_secs(15 * 60);

/// The key that signs links; the same on every server of a database.
#[derive(Clone)]
pub struct LinkKey(Hmac<Sha256>);

impl std::fmt::Debug for LinkKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LinkKey(…)")
    }
}

impl LinkKey {
    /// The key of those bytes.
    pub fn new(key: [u8; 32]) -> Self {
        Self(Hmac::new_from_slice(&key).expect("HMAC takes keys of any length"))
    }

    /// The signature under the link to the file of a job, made in a session and good until then, in seconds since 1970.
    pub fn sign(&self, job: Uuid, session: Uuid, expires: i64) -> String {
        URL_SAFE_NO_PAD.encode(self.signature(job, session, expires))
    }

    /// Whether that is the signature.
    pub fn has_signed(&self, job: Uuid, session: Uuid, expires: i64, signature: &str) -> bool {
        let claimed = URL_SAFE_NO_PAD.decode(signature).unwrap_or_default();
        same_secret(&self.signature(job, session, expires), &claimed)
    }

    fn signature(&self, job: Uuid, session: Uuid, expires: i64) -> [u8; 32] {
        let mut mac = self.0.clone();
        mac.update(format!("GET {} {session} {expires}", path(job)).as_bytes());
        mac.finalize().into_bytes().into()
    }
}

fn path(job: Uuid) -> String {
    format!("/v1/jobs/{job}/file")
}

/// Puts the link to the file of a job into its result, for as long as the file is kept: a new one each time the job is read.
pub fn add_link(app: &App, identity: &Identity, job: &mut Job) {
    let Some(file) = job.result.as_mut().and_then(|result| result.get_mut("file")) else { return };
    let kept_until = file["expires_at"].as_str().and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok());
    let now = app.clock.now();
    let (Some(session), Some(kept_until)) = (identity.session_id, kept_until.filter(|until| *until > now))
    else {
        return;
    };
    let expires = kept_until.min(now + LIFETIME).unix_timestamp();
    let signature = app.jobs.links.sign(job.id, session, expires);
    let origin = &app.config.server.public_url;
    let url = format!("{origin}{}?expires={expires}&session={session}&signature={signature}", path(job.id));
    if let Value::Object(file) = file {
        file.insert("url".to_owned(), url.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_good_for_what_was_signed_and_nothing_else() {
        let key = LinkKey::new([1; 32]);
        let (job, session) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let signature = key.sign(job, session, 1000);
        assert!(key.has_signed(job, session, 1000, &signature));
        assert!(!key.has_signed(session, job, 1000, &signature));
        assert!(!key.has_signed(job, Uuid::from_u128(3), 1000, &signature));
        assert!(!key.has_signed(job, session, 1001, &signature));
        assert!(!LinkKey::new([2; 32]).has_signed(job, session, 1000, &signature));
        for forged in ["", "!", "AAAA", &signature[1..], &format!("{signature}AA")] {
            assert!(!key.has_signed(job, session, 1000, forged), "{forged}");
        }
    }
}
