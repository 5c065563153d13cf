//! Whether the collection's changes are told.

use annex_openapi::collections::CollectionPatch;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api::{ApiError, use_api};
use crate::pages::collection::frame::use_collection;
use crate::shell::use_catalogue;
use crate::ui::toast::use_toasts;
use crate::ui::{Card, ErrorNotice, Switch};

#[component]
pub(super) fn Realtime() -> impl IntoView {
    let (api, catalogue, toasts) = (use_api(), use_catalogue(), use_toasts());
    let collection = use_collection();
    let on = RwSignal::new(collection.with_untracked(|collection| collection.realtime));
    let busy = RwSignal::new(false);
    let refusal = RwSignal::new(None::<ApiError>);
    Effect::new(move || on.set(collection.with(|collection| collection.realtime)));
    let change = move |wanted: bool| {
        on.set(wanted);
        busy.set(true);
        refusal.set(None);
        let name = collection.with_untracked(|collection| collection.name.clone());
        spawn_local(async move {
            let patch = CollectionPatch { changes: Vec::new(), rules: None, realtime: Some(wanted) };
            match api.change_collection(&name, &patch).await {
                Ok(changed) => {
                    catalogue.put(&name, changed);
                    toasts.say(if wanted {
                        "Changes are told from now on"
                    } else {
                        "Changes are told no more"
                    });
                }
                Err(error) => {
                    on.try_set(!wanted);
                    refusal.try_set(Some(error));
                }
            }
            busy.try_set(false);
        });
    };
    view! {
        <Card title="Realtime">
            <div class="stack">
                <Switch on change disabled=busy>
                    "Tell changes of its rows, as they are committed, to whoever subscribes and may see them"
                </Switch>
                <p class="soft small">
                    "Postgres then writes the whole of a row that changes or goes to its log."
                </p>
                <ErrorNotice error=refusal />
            </div>
        </Card>
    }
}
