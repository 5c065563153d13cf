//! What is set for the server. It comes from its environment or its file: here it is only shown, with the name that sets it.

use annex_openapi::server::Server;
use leptos::prelude::*;

use crate::api::use_api;
use crate::format;
use crate::ui::{Card, ErrorNotice, Instant, Skeleton};

/// What is set for the server.
#[component]
pub fn ServerSettings() -> impl IntoView {
    let api = use_api();
    let server = LocalResource::new(move || api.server());
    view! {
        <Card title="Server">
            {move || match server.get() {
                None => view! { <Skeleton lines=6 /> }.into_any(),
                Some(Err(error)) => {
                    view! { <ErrorNotice error=Signal::stored(Some(error)) retry=move |()| server.refetch() /> }.into_any()
                }
                Some(Ok(server)) => view! { <Facts server /> }.into_any(),
            }}
        </Card>
    }
}

/// A value, and the name that sets it.
struct Setting(&'static str, String, &'static str);

fn settings(server: &Server) -> [(&'static str, Vec<Setting>); 4] {
    let Server { http, auth, database, request_log, .. } = server;
    let list = |items: &[String]| if items.is_empty() { "none".to_owned() } else { items.join(", ") };
    let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
    let bytes = |number: u64| format::bytes(i64::try_from(number).unwrap_or(i64::MAX));
    [
        (
            "HTTP",
            vec![
                Setting("Listens on", http.listen.clone(), "ANNEX_LISTEN"),
                Setting("Public URL", http.public_url.clone(), "ANNEX_PUBLIC_URL"),
                Setting("Console", http.console_origin.clone(), "ANNEX_CONSOLE_ORIGIN"),
                Setting("Other origins", list(&http.allowed_origins), "ANNEX_ALLOWED_ORIGINS"),
                Setting("Trusted proxies", list(&http.trusted_proxies), "ANNEX_TRUSTED_PROXIES"),
                Setting("Worker threads", http.workers.to_string(), "ANNEX_WORKERS"),
                Setting("Largest JSON body", bytes(http.max_body_bytes), "ANNEX_MAX_BODY"),
                Setting("Largest import", bytes(http.max_import_bytes), "ANNEX_MAX_IMPORT"),
                Setting(
                    "Request header timeout",
                    format::span(http.read_timeout_seconds),
                    "ANNEX_READ_TIMEOUT",
                ),
                Setting("Drain timeout", format::span(http.drain_timeout_seconds), "ANNEX_DRAIN_TIMEOUT"),
            ],
        ),
        (
            "Sign-in",
            vec![
                Setting("Anybody may register", yes(auth.registration), "ANNEX_REGISTRATION"),
                Setting(
                    "Access token lifetime",
                    format::span(auth.access_token_seconds),
                    "ANNEX_ACCESS_TOKEN_LIFETIME",
                ),
                Setting(
                    "Session idle timeout",
                    format::span(auth.session_idle_seconds),
                    "ANNEX_SESSION_IDLE",
                ),
                Setting("Session lifetime", format::span(auth.session_seconds), "ANNEX_SESSION_LIFETIME"),
            ],
        ),
        (
            "Database",
            vec![
                Setting(
                    "Postgres",
                    format!("{}{}", database.version, if database.embedded { ", run by Annex" } else { "" }),
                    "ANNEX_DATABASE_URL",
                ),
                Setting("Size", format::bytes(database.size_bytes), ""),
                Setting(
                    "Connections",
                    format!("{} of {}", database.connections, database.max_connections),
                    "",
                ),
                Setting(
                    "Of this server at most",
                    database.server_connections.to_string(),
                    "ANNEX_MAX_CONNECTIONS",
                ),
                Setting(
                    "Statement timeout",
                    format::span(database.statement_timeout_seconds),
                    "ANNEX_STATEMENT_TIMEOUT",
                ),
            ],
        ),
        (
            "Request log",
            vec![
                Setting("Kept", yes(request_log.enabled), "ANNEX_REQUEST_LOG"),
                Setting("For", format::span(request_log.keep_seconds), "ANNEX_REQUEST_LOG_KEEP"),
                Setting(
                    "At most",
                    format!("{} requests", format::count(request_log.keep_rows as i64)),
                    "ANNEX_REQUEST_LOG_ROWS",
                ),
            ],
        ),
    ]
}

#[component]
fn Facts(server: Server) -> impl IntoView {
    view! {
        <p class="settings-version">
            "Annex " {server.version.clone()} <span class="faint">" · started " <Instant at=server.started_at /></span>
        </p>
        {settings(&server)
            .into_iter()
            .map(|(title, settings)| {
                view! {
                    <h3 class="settings-part">{title}</h3>
                    <dl class="settings-facts">
                        {settings
                            .into_iter()
                            .map(|Setting(name, value, variable)| {
                                view! {
                                    <div>
                                        <dt>{name}</dt>
                                        <dd class="numbers">{value}</dd>
                                        <dd class="settings-variable">{variable}</dd>
                                    </div>
                                }
                            })
                            .collect_view()}
                    </dl>
                }
            })
            .collect_view()}
        <p class="faint small">"The server reads these when it starts, from its environment or its file."</p>
    }
}
