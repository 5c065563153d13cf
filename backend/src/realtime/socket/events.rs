//! `GET /v1/realtime/sse`

use std::borrow::Cow;

use actix_web::http::header::{CACHE_CONTROL, HeaderName};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use annex_openapi::problem::Problem as ProblemBody;
use annex_openapi::realtime::Subscribe;

use super::client::Client;
use super::connect::check_origin;
use super::{MOST_WAITING, next_connection};
use crate::app::App;
use crate::db::Lanes;
use crate::extract::{Caller, Parameters, Query};
use crate::problem::{Problem, Result};
use crate::realtime::hub::{Framing, Outbox, Sending};
use crate::records::parameters::names;

/// What a stream of events is about.
#[derive(Debug, Default)]
pub struct Wanted(Subscribe);

impl Parameters for Wanted {
    const NAMES: &'static [&'static str] = &["collection", "filter", "fields", "expand", "after", "snapshot"];

    fn set(&mut self, name: &str, value: Cow<'_, str>) -> Result<(), String> {
        let wanted = &mut self.0;
        match name {
            "collection" => {
                wanted.id = value.clone().into_owned();
                wanted.collection = value.into_owned();
            }
            "filter" => wanted.filter = Some(value.into_owned()),
            "fields" => wanted.fields = Some(names(&value)?),
            "expand" => wanted.expand = names(&value)?,
            "after" => wanted.after = Some(value.into_owned()),
            _ => wanted.snapshot = value.parse().map_err(|_| "must be true or false".to_owned())?,
        }
        Ok(())
    }
}

/// Follow the rows of a collection as server-sent events.
///
/// The data of each event is a `ServerMessage` about the one subscription, which is called like the collection. Events that tell of a
/// change have its cursor as their id, so that a browser that connects again, with `Last-Event-ID`, goes on where it was.
///
/// # Errors
/// `invalid_parameter`, `forbidden` for the page's origin, `not_found`, `not_live`, `invalid_expression`, `invalid_cursor`, `too_many_requests`
#[utoipa::path(
    get, path = "/v1/realtime/sse", operation_id = "realtime_events", tag = "realtime",
    params(
        ("collection" = String, Query, description = "The collection", example = "posts"),
        ("filter" = Option<String>, Query, description = "What the rows must fulfil, an expression"),
        ("fields" = Option<String>, Query, description = "The fields that are told, with commas between them"),
        ("expand" = Option<String>, Query, description = "Relations to one record each, with commas between them: what they lead to stands in `expand` of each record"),
        ("after" = Option<String>, Query, description = "A cursor: everything behind it is told first"),
        ("snapshot" = Option<bool>, Query, description = "Whether the rows as they are come first"),
        ("Last-Event-ID" = Option<String>, Header, description = "As `after`, which it comes before"),
    ),
    responses(
        (status = 200, description = "The events", body = String, content_type = "text/event-stream"),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security((), ("bearer" = [])),
)]
pub async fn events(
    request: HttpRequest,
    app: Data<App>,
    lanes: Data<Lanes>,
    caller: Caller,
    query: Query<Wanted>,
) -> Result<HttpResponse> {
    check_origin(&request, &app)?;
    let mut wanted = query.0.0;
    if wanted.collection.is_empty() {
        return Err(Problem::parameter("collection", "`collection` is missing"));
    }
    if let Some(last) = request.headers().get("last-event-id").and_then(|value| value.to_str().ok()) {
        wanted.after = Some(last.to_owned());
        wanted.snapshot = false;
    }
    let outbox = Outbox::new(Framing::Events, MOST_WAITING);
    let mut client = Client::new(next_connection(), outbox.clone(), app, lanes);
    let share = client.begin(&request, caller, None).await?;
    let sending = Sending { outbox, share };
    client.subscriber().subscribe(&wanted).await?;
    actix_web::rt::spawn(client.serve(None));
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((CACHE_CONTROL, "no-store"))
        // nginx would keep events back otherwise.
        .insert_header((HeaderName::from_static("x-accel-buffering"), "no"))
        .body(sending))
}
