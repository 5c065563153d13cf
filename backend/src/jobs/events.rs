//! `GET /v1/jobs/{id}/events`

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, HeaderName};
use actix_web::web::{Bytes, Data};
use annex_openapi::jobs::JobEvent;
use annex_openapi::problem::Problem as ProblemBody;
use futures_util::stream;

use super::path::Id;
use super::story::Story;
use crate::app::App;
use crate::extract::{Admin, Identity, NoParameters, Query};
use crate::problem::Result;

/// How often it is asked whether the caller still may follow. Then something is sent too: whoever is between takes a silent connection
/// for a dead one.
const ASKED: Duration = Duration::from_secs(5);

/// Follow a job until it ends, as server-sent events. For admins.
///
/// The name of an event is `state`, `progress` or `log`, and its data a `JobEvent`. First comes the job as it stands, then what it
/// has written so far, and then what is new, at most 300 ms later. After the state in which the job has ended the stream ends.
/// It ends too, within 5 s, where the caller is no admin any more or the session has ended. Who loses the connection begins anew; the
/// lines have ids.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `not_found`
#[utoipa::path(
    get, path = "/v1/jobs/{id}/events", operation_id = "jobs_events", tag = "jobs",
    params(("id" = Uuid, Path, description = "The job's id", example = "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f")),
    responses(
        (status = 200, description = "The events", body = String, content_type = "text/event-stream"),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn events(
    Admin(caller): Admin,
    app: Data<App>,
    Id(id): Id,
    _: Query<NoParameters>,
) -> Result<HttpResponse> {
    let story = Story::begin(&app, id).await?;
    let events = Events { app, caller, asked_at: Instant::now(), story };
    let stream = stream::unfold(events, |mut events| async {
        let next = events.next().await?;
        Some((Ok::<_, actix_web::Error>(next), events))
    });
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((CACHE_CONTROL, "no-store"))
        // nginx would keep events back otherwise.
        .insert_header((HeaderName::from_static("x-accel-buffering"), "no"))
        .streaming(stream))
}

struct Events {
    app: Data<App>,
    caller: Arc<Identity>,
    /// When it was asked last whether the caller still may follow.
    asked_at: Instant,
    story: Story,
}

impl Events {
    async fn next(&mut self) -> Option<Bytes> {
        let left = ASKED.saturating_sub(self.asked_at.elapsed());
        if !left.is_zero()
            && let Ok(next) = tokio::time::timeout(left, self.story.next()).await
        {
            return next.as_ref().map(written);
        }
        let caller = self.app.auth.again(&self.caller, &self.app).await;
        if !matches!(caller, Ok(Some(caller)) if caller.is_admin()) {
            return None;
        }
        self.asked_at = Instant::now();
        Some(Bytes::from_static(b": still here\n\n"))
    }
}

fn written(event: &JobEvent) -> Bytes {
    let name = match event {
        JobEvent::State(_) => "state",
        JobEvent::Progress(_) => "progress",
        JobEvent::Log(_) => "log",
    };
    let data = serde_json::to_string(event).expect("an event can be written as JSON");
    Bytes::from(format!("event: {name}\ndata: {data}\n\n"))
}
