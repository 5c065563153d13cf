//! The whole URL map.

use actix_web::guard::{GuardContext, fn_guard};
use actix_web::web::{self, ServiceConfig, get, patch, post, put, resource};
use actix_web::{HttpRequest, HttpResponse};

use crate::auth::{self, sessions, users};
use crate::collections;
use crate::jobs::{self, batches, job_kinds, queues, schedules};
use crate::problem::{Problem, Result};
use crate::realtime::{channels, socket, status};
use crate::records::transfer::background;
use crate::webhooks::{self, deliveries};
use crate::{batch, document, events, health, hooks, mail, records, requests, server, stats, triggers};

/// Every route of the server.
pub fn configure(routes: &mut ServiceConfig) {
    routes
        // The router tries one after the other: these are asked for most.
        .service(
            resource("/v1/records/{collection}")
                .route(get().to(records::list::list))
                .route(post().to(records::create::create))
                .route(patch().to(records::update_matching::update_matching))
                .route(web::delete().to(records::delete_matching::delete_matching)),
        )
        .service(
            resource("/v1/records/{collection}/{id}")
                .guard(fn_guard(is_for_row))
                .route(get().to(records::get::get))
                .route(patch().to(records::update::update))
                .route(put().to(records::replace::replace))
                .route(web::delete().to(records::delete::delete)),
        )
        .service(
            resource("/v1/records/{collection}/import")
                .guard(fn_guard(background::is_wanted))
                .route(post().to(background::import::import)),
        )
        .service(
            resource("/v1/records/{collection}/import").route(post().to(records::transfer::import::import)),
        )
        .service(
            resource("/v1/records/{collection}/export")
                .guard(fn_guard(background::is_wanted))
                .route(post().to(background::export::export)),
        )
        .service(
            resource("/v1/records/{collection}/export").route(post().to(records::transfer::export::export)),
        )
        .service(resource("/v1/batch").route(post().to(batch::batch)))
        .service(resource("/v1/queues/{queue}/claim").post(queues::claim::claim))
        .service(resource("/v1/jobs").get(jobs::list::list).post(jobs::create::create))
        .service(resource("/v1/jobs/cancel").post(jobs::cancel_matching::cancel_matching))
        .service(resource("/v1/jobs/retry").post(jobs::retry_matching::retry_matching))
        .service(resource("/v1/jobs/discard").post(jobs::discard_matching::discard_matching))
        .service(resource("/v1/jobs/stats").get(jobs::stats::stats))
        .service(resource("/v1/jobs/{id}").get(jobs::get::get))
        .service(resource("/v1/jobs/{id}/heartbeat").post(jobs::heartbeat::heartbeat))
        .service(resource("/v1/jobs/{id}/progress").post(jobs::progress::progress))
        .service(resource("/v1/jobs/{id}/complete").post(batch::complete::complete))
        .service(resource("/v1/jobs/{id}/fail").post(jobs::fail::fail))
        .service(resource("/v1/jobs/{id}/file").get(jobs::files::get::get))
        .service(resource("/v1/jobs/{id}/logs").get(jobs::logs::logs))
        .service(resource("/v1/jobs/{id}/events").get(jobs::events::events))
        .service(resource("/v1/jobs/{id}/cancel").post(jobs::cancel::cancel))
        .service(resource("/v1/jobs/{id}/retry").post(jobs::retry::retry))
        .service(resource("/v1/queues").get(queues::list::list))
        .service(
            resource("/v1/queues/{queue}")
                .route(get().to(queues::get::get))
                .route(put().to(queues::replace::replace))
                .route(patch().to(queues::update::update)),
        )
        .service(resource("/v1/realtime").get(socket::connect))
        .service(resource("/v1/realtime/sse").get(socket::events))
        .service(resource("/v1/realtime/status").get(status::status))
        .service(resource("/v1/channels").get(channels::list::list).post(channels::create::create))
        .service(
            resource("/v1/channels/{name}")
                .route(get().to(channels::get::get))
                .route(patch().to(channels::update::update))
                .route(web::delete().to(channels::delete::delete)),
        )
        .service(resource("/v1/broadcasts").post(channels::broadcast::broadcast))
        .service(resource("/v1/hooks").get(hooks::list::list))
        .service(
            resource("/v1/hooks/{name}")
                .route(get().to(hooks::get::get))
                .route(put().to(hooks::replace::replace))
                .route(patch().to(hooks::update::update))
                .route(web::delete().to(hooks::delete::delete)),
        )
        .service(resource("/v1/hooks/{name}/rotate").post(hooks::rotate::rotate))
        .service(resource("/v1/webhooks").get(webhooks::list::list).post(webhooks::create::create))
        .service(
            resource("/v1/webhooks/{id}")
                .route(get().to(webhooks::get::get))
                .route(patch().to(webhooks::update::update))
                .route(web::delete().to(webhooks::delete::delete)),
        )
        .service(resource("/v1/webhooks/{id}/rotate").post(webhooks::rotate::rotate))
        .service(resource("/v1/webhooks/{id}/test").post(webhooks::test::test))
        .service(resource("/v1/webhooks/{id}/replay").post(webhooks::replay::replay))
        .service(resource("/v1/webhooks/{id}/deliveries").get(deliveries::list::list))
        .service(resource("/v1/webhooks/{id}/deliveries/{delivery}").get(deliveries::get::get))
        .service(resource("/v1/webhooks/{id}/deliveries/{delivery}/replay").post(deliveries::replay::replay))
        .service(resource("/v1/triggers").get(triggers::list::list))
        .service(
            resource("/v1/triggers/{name}")
                .route(get().to(triggers::get::get))
                .route(put().to(triggers::replace::replace))
                .route(patch().to(triggers::update::update))
                .route(web::delete().to(triggers::delete::delete)),
        )
        .service(resource("/v1/event-log").get(events::get_log::get_log))
        .service(resource("/v1/job-kinds").get(job_kinds::list::list))
        .service(
            resource("/v1/job-kinds/{kind}")
                .route(get().to(job_kinds::get::get))
                .route(put().to(job_kinds::replace::replace))
                .route(web::delete().to(job_kinds::delete::delete)),
        )
        .service(resource("/v1/schedules").get(schedules::list::list))
        .service(
            resource("/v1/schedules/{name}")
                .route(get().to(schedules::get::get))
                .route(put().to(schedules::replace::replace))
                .route(patch().to(schedules::update::update))
                .route(web::delete().to(schedules::delete::delete)),
        )
        .service(resource("/v1/schedules/{name}/run").post(schedules::run::run))
        .service(resource("/v1/workers").get(jobs::workers::workers))
        .service(resource("/v1/batches").get(batches::list::list).post(batches::create::create))
        .service(resource("/v1/batches/{id}").get(batches::get::get))
        .service(resource("/v1/batches/{id}/jobs").post(batches::add::add))
        .service(resource("/v1/batches/{id}/cancel").post(batches::cancel::cancel))
        .service(resource("/v1/batches/{id}/retry").post(batches::retry::retry))
        .service(resource("/healthz").get(health::healthz))
        .service(resource("/readyz").get(health::readyz))
        .service(resource("/metrics").get(health::metrics))
        .service(resource("/v1/tables").get(collections::tables::list))
        .service(resource("/v1/stats").get(stats::get::get))
        .service(resource("/v1/requests").get(requests::list::list))
        .service(resource("/v1/requests/{id}").get(requests::get::get))
        .service(resource("/v1/outbox").get(mail::list::list))
        .service(resource("/v1/outbox/{id}").get(mail::get::get))
        .service(resource("/v1/server").get(server::get::get))
        .service(resource("/v1/openapi.core.json").get(document::serve_core))
        .service(resource("/v1/openapi.json").get(document::serve_full))
        .service(resource("/v1/asyncapi.json").get(document::serve_asyncapi))
        .service(resource("/docs").get(document::docs))
        .service(resource("/docs/{asset}").get(document::asset))
        .service(resource("/problems/{code}").get(document::explain))
        .service(resource("/.well-known/jwks.json").get(auth::jwks))
        .service(resource("/v1/auth/register").post(auth::register))
        .service(resource("/v1/auth/login").post(auth::login))
        .service(resource("/v1/auth/refresh").post(auth::refresh))
        .service(resource("/v1/auth/logout").post(auth::logout))
        .service(resource("/v1/auth/bootstrap").post(auth::bootstrap))
        .service(resource("/v1/auth/password").post(auth::change_password))
        .service(resource("/v1/auth/me").get(auth::me))
        .service(resource("/v1/sessions").get(sessions::list).delete(sessions::delete_others))
        .service(resource("/v1/sessions/{id}").delete(sessions::delete))
        .service(resource("/v1/users").get(users::list).post(users::create))
        .service(resource("/v1/users/{id}/impersonate").post(users::impersonate))
        .service(resource("/v1/users/{id}").get(users::get).patch(users::update).delete(users::delete))
        .service(
            resource("/v1/collections")
                .route(get().to(collections::list::list))
                .route(post().to(collections::create::create)),
        )
        .service(resource("/v1/collections/adopt").route(post().to(collections::adopt::adopt)))
        .service(resource("/v1/collections/apply").route(post().to(collections::apply::apply)))
        .service(
            resource("/v1/collections/{name}")
                .route(get().to(collections::get::get))
                .route(patch().to(collections::update::update))
                .route(web::delete().to(collections::delete::delete)),
        )
        .service(resource("/v1/collections/{name}/rules/test").post(records::rule_test::test))
        .default_service(web::to(nothing));
}

/// `import` and `export` may be keys of rows too, for every method that rows have.
fn is_for_row(context: &GuardContext<'_>) -> bool {
    let head = context.head();
    let path = head.uri.path();
    let is_stream = path.ends_with("/import") || path.ends_with("/export");
    !is_stream || matches!(head.method.as_str(), "GET" | "HEAD" | "PATCH" | "PUT" | "DELETE")
}

async fn nothing(request: HttpRequest) -> Result<HttpResponse> {
    Err(Problem::not_found(format_args!("route `{}`", request.path())))
}
