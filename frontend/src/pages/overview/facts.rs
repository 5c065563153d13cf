//! Which server this is.

use annex_openapi::server::Server;
use leptos::prelude::*;

use crate::format;
use crate::ui::{ButtonKind, ButtonSize, Card, LinkButton};

/// The server in a few lines.
#[component]
pub fn Facts(server: Server) -> impl IntoView {
    let running = (format::now() - server.started_at).whole_seconds().unsigned_abs();
    let database = if server.database.embedded { "run by this server" } else { "your own" };
    let line = |term: &'static str, value: String| view! { <dt>{term}</dt> <dd>{value}</dd> };
    view! {
        <Card
            title="Server"
            actions=|| view! { <LinkButton href="/settings" kind=ButtonKind::Quiet size=ButtonSize::Small>"Settings"</LinkButton> }
        >
            <dl class="definition">
                {line("Annex", format!("{}, up for {}", server.version, format::span(running)))}
                {line("API", server.http.public_url)} {line("Listens on", server.http.listen)}
                {line("Postgres", format!("{}, {database}", server.database.version))}
                {line(
                    "Connections",
                    format!(
                        "{} in use of {}; this server may hold {}",
                        server.database.connections,
                        server.database.max_connections,
                        server.database.server_connections,
                    ),
                )}
            </dl>
        </Card>
    }
}
