//! The overview: how the server is doing.

use leptos::prelude::*;

use crate::api::use_api;
use crate::shell::PageHead;
use crate::ui::{Card, ErrorNotice, Skeleton};

/// The overview.
#[component]
pub fn Overview() -> impl IntoView {
    let api = use_api();
    let server = LocalResource::new(move || api.server());
    view! {
        <PageHead title="Overview" />
        <div class="page stack">
            {move || match server.get() {
                None => view! { <Skeleton /> }.into_any(),
                Some(Err(error)) => view! { <ErrorNotice error=Signal::stored(Some(error)) /> }.into_any(),
                Some(Ok(server)) => {
                    view! {
                        <Card title="Server">
                            <p>{server.version}</p>
                        </Card>
                    }
                        .into_any()
                }
            }}
        </div>
    }
}
