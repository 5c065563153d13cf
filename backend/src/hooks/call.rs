//! Asks a program elsewhere.

use std::time::Duration;

use annex_openapi::hooks::{HookAnswer, HookCall, HookCaller, HookFailure, HookRecord, HookRefusal};
use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Method, StatusCode};

use super::store::HttpHook;
use super::{Change, Refused};
use crate::app::App;
use crate::outbound::{self, Call, Target};
use crate::problem::{Code, FieldError, Problem};

/// How much of what a hook says is passed on, in characters.
const LONGEST: usize = 1000;
const MOST_ERRORS: usize = 100;

/// Asks it about the changes, which are of one method and one collection, and puts in what it answers.
///
/// # Errors
/// It refuses; or it does not answer as it must and nothing may be written without it.
pub(super) async fn ask(app: &App, hook: &HttpHook, changes: &mut [Change]) -> Result<(), Refused> {
    match answer(app, hook, changes).await {
        Ok(HookAnswer { refuse: Some(refusal), .. }) => Err(refused(refusal, changes.len())),
        Ok(HookAnswer { records: Some(records), .. }) => {
            for (change, record) in changes.iter_mut().zip(records) {
                if let Some(record) = record {
                    change.body = record.body;
                }
            }
            Ok(())
        }
        Ok(_) => Ok(()),
        Err(why) if hook.on_failure == HookFailure::Allow => {
            tracing::warn!(hook = hook.name, why, "a hook did not answer as it must; the write goes on");
            Ok(())
        }
        Err(why) => {
            tracing::warn!(hook = hook.name, why, "a hook did not answer as it must; the write is refused");
            let problem = Problem::new(Code::HookFailed, "A program that must agree to this did not answer");
            Err(Refused { index: 0, problem: problem.with_retry_after(5) })
        }
    }
}

async fn answer(app: &App, hook: &HttpHook, changes: &[Change]) -> Result<HookAnswer, String> {
    let Some(first) = changes.first() else { return Ok(HookAnswer::default()) };
    let caller = first.caller.identity().map(|identity| HookCaller {
        id: identity.user_id,
        email: identity.email.clone(),
        verified: identity.verified,
        roles: identity.roles.clone(),
    });
    let records =
        changes.iter().map(|change| HookRecord { id: change.id.clone(), body: change.body.clone() });
    let asked = HookCall {
        hook: hook.name.clone(),
        method: first.method,
        collection: first.collection.clone(),
        caller,
        records: records.collect(),
    };
    let body = serde_json::to_vec(&asked).map_err(|error| error.to_string())?;
    let id = format!("msg_{}", app.clock.uuid_v7().simple());
    let mut headers = outbound::sign(&[&hook.secret.0], &id, app.clock.now(), &body);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let call = Call {
        method: Method::POST,
        target: hook.url.parse::<Target>().map_err(|error| error.to_string())?,
        headers,
        body: Bytes::from(body),
        timeout: Duration::from_millis(u64::from(hook.timeout_ms)),
    };
    let said = app.outbound.call(call).await.map_err(|error| error.to_string())?;
    let answer: HookAnswer = match said.status {
        StatusCode::NO_CONTENT => HookAnswer::default(),
        StatusCode::OK => serde_json::from_slice(&said.body)
            .map_err(|error| format!("its answer is not what a hook answers: {error}"))?,
        status => return Err(format!("it answered {status}")),
    };
    if answer.records.as_ref().is_some_and(|records| records.len() != changes.len()) {
        return Err("its answer has another number of records than it was asked about".to_owned());
    }
    Ok(answer)
}

fn refused(refusal: HookRefusal, count: usize) -> Refused {
    let short = |text: String| text.chars().take(LONGEST).collect::<String>();
    let errors = refusal.errors.into_iter().take(MOST_ERRORS).map(|error| {
        let code = error.code.map_or_else(|| "refused".to_owned(), short);
        FieldError::new(short(error.pointer), &code, short(error.detail))
    });
    let problem = Problem::new(Code::Refused, short(refusal.detail)).with_errors(errors.collect());
    Refused { index: refusal.index.min(count.saturating_sub(1)), problem }
}
