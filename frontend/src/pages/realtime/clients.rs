//! Who is connected, those first for whom the most waits.

use annex_openapi::realtime::{RealtimeClient, Transport};
use leptos::prelude::*;

use super::status::Known;
use crate::format;
use crate::ui::{Ago, Badge, Empty, IconName, Skeleton, Tone};
use crate::url;

/// From how much that waits on a client counts as slow: half of what may wait.
const SLOW: u64 = 512 << 10;

/// The connections.
#[component]
pub fn Clients(known: Known) -> impl IntoView {
    let list = Memo::new(move |_| {
        known.status.with(|status| status.as_ref().map(|status| status.clients.list.clone()))
    });
    move || {
        match list.get() {
        None => view! { <Skeleton lines=4 /> }.into_any(),
        Some(all) if all.is_empty() => view! {
            <Empty icon=IconName::Unlink title="Nobody is connected">
                <p>"Connections over WebSockets and server-sent events to this server stand here."</p>
            </Empty>
        }
        .into_any(),
        Some(all) => view! {
            <div class="table-frame">
                <table class="table deliveries">
                    <thead>
                        <tr>
                            <th scope="col">"Client"</th>
                            <th scope="col" class="only-wide">
                                "Over"
                            </th>
                            <th scope="col" class="end">
                                "Subscriptions"
                            </th>
                            <th scope="col" class="end">
                                "Waiting"
                            </th>
                            <th scope="col" class="end only-wide">
                                "Since"
                            </th>
                        </tr>
                    </thead>
                    <tbody>{all.into_iter().map(row).collect_view()}</tbody>
                </table>
            </div>
            <p class="faint small">"At most 100 of them. A client for whom more than 1 MiB waits is let go of."</p>
        }
        .into_any(),
    }
    }
}

fn row(client: RealtimeClient) -> impl IntoView {
    let who = match (client.user_id, client.email) {
        (Some(id), Some(email)) => {
            view! { <a href=url::address("/users", &[("user", id.to_string())])>{email}</a> }.into_any()
        }
        (Some(id), None) => view! { <code>{id.to_string()}</code> }.into_any(),
        (None, _) => view! { <span class="soft">"Nobody"</span> }.into_any(),
    };
    let over = match client.transport {
        Transport::Websocket => "WebSocket",
        Transport::Sse => "Server-sent events",
    };
    let slow = (client.waiting_bytes > SLOW).then(|| {
        view! {
            <Badge tone=Tone::Warn icon=IconName::Hourglass>
                "Slow"
            </Badge>
        }
    });
    view! {
        <tr>
            <td>
                <div class="truncate">{who}</div>
                <div class="only-narrow soft small">{over}</div>
            </td>
            <td class="only-wide soft">{over}</td>
            <td class="end numbers">{format::count(client.subscriptions as i64)}</td>
            <td class="end numbers">{slow} " " {format::bytes(client.waiting_bytes as i64)}</td>
            <td class="end only-wide soft">
                <Ago at=client.connected_at />
            </td>
        </tr>
    }
}
