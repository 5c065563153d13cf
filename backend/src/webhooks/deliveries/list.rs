//! `GET /v1/webhooks/{id}/deliveries`

use std::borrow::Cow;

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{Data, Path};
use annex_openapi::events::EventType;
use annex_openapi::problem::Problem as ProblemBody;
use annex_openapi::webhooks::{DeliveryPage, DeliveryState};

use super::store::{self, Wanted};
use crate::app::App;
use crate::extract::{Admin, PageParameters, Parameters, Query, moment};
use crate::problem::Result;
use crate::webhooks;

/// What the list may be asked.
#[derive(Debug, Default)]
pub struct ListParameters {
    page: PageParameters,
    wanted: Wanted,
}

impl Parameters for ListParameters {
    const NAMES: &'static [&'static str] = &["limit", "cursor", "state", "type", "subject", "since", "until"];

    fn set(&mut self, name: &str, value: Cow<'_, str>) -> Result<(), String> {
        let wanted = &mut self.wanted;
        match name {
            "state" => {
                let state = DeliveryState::parse(&value);
                wanted.state = Some(state.ok_or("must be pending, delivered or failed")?);
            }
            "type" => {
                wanted.type_ =
                    Some(EventType::parse(&value).ok_or("must be an event such as record.created")?);
            }
            "subject" => wanted.subject = Some(value.into_owned()),
            "since" => wanted.since = Some(moment(&value)?),
            "until" => wanted.until = Some(moment(&value)?),
            _ => self.page.set(name, value)?,
        }
        Ok(())
    }
}

/// List what a webhook is told, the newest first. For admins.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `not_found`, `invalid_parameter`, `invalid_cursor`
#[utoipa::path(
    get, path = "/v1/webhooks/{id}/deliveries", operation_id = "deliveries_list", tag = "webhooks",
    params(("id" = Uuid, Path, description = "The webhook"),
        ("limit" = Option<u16>, Query, description = "How many, 1 to 1000", minimum = 1, maximum = 1000, example = 20),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before, with the same filter"),
        ("state" = Option<DeliveryState>, Query, description = "Where they stand", example = "failed"),
        ("type" = Option<EventType>, Query, description = "What happened", example = "record.created"),
        ("subject" = Option<String>, Query, description = "The beginning of what they are about", example = "posts/"),
        ("since" = Option<String>, Query, description = "Only those that were made then or later", format = "date-time", example = "2026-01-31T12:00:00Z"),
        ("until" = Option<String>, Query, description = "Only those that were made before", format = "date-time", example = "2026-01-31T13:00:00Z"),
    ),
    responses(
        (status = 200, description = "A page of deliveries", body = DeliveryPage),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn list(
    _: Admin,
    app: Data<App>,
    id: Path<String>,
    Query(ListParameters { page, wanted }): Query<ListParameters>,
) -> Result<HttpResponse> {
    let id = webhooks::parse_id(&id)?;
    let scope = format!("deliveries:{id}:{wanted:?}").into_bytes();
    let before = page.after(&app.cursors, &scope)?;
    webhooks::store::list(&app.db.pool, Some(id), None, 1).await?.pop().ok_or_else(webhooks::missing)?;
    let mut items = store::list(&app.db.pool, id, &wanted, before, page.rows()).await?;
    let next_cursor = page.cut(&mut items, |delivery| delivery.id, &app.cursors, &scope);
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(DeliveryPage { items, next_cursor }))
}
