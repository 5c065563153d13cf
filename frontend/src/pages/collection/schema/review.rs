//! The changes that are not made yet: what they are, what they come to, and making them.

use annex_openapi::collections::CollectionPatch;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_navigate;

use super::Staging;
use super::stage::{Stage, words};
use crate::api::{ApiError, use_api};
use crate::pages::collection::frame::use_collection;
use crate::pages::collections::plan::loses;
use crate::pages::collections::planning::PlanPreview;
use crate::shell::{shortcut, use_catalogue};
use crate::ui::expression::marked;
use crate::ui::toast::use_toasts;
use crate::ui::{Button, ButtonKind, ButtonSize, Confirm, ErrorNotice, Icon, IconButton, IconName};

#[component]
pub(super) fn Review(staging: Staging) -> impl IntoView {
    let api = use_api();
    let catalogue = use_catalogue();
    let toasts = use_toasts();
    let collection = use_collection();
    let navigate = use_navigate();
    let busy = RwSignal::new(false);
    let refusal = RwSignal::new(None::<ApiError>);
    let asking = RwSignal::new(false);
    let planning = staging.planning;
    let is_losing = Memo::new(move |_| planning.plan.with(|plan| plan.as_ref().is_some_and(loses)));
    Effect::new(move || {
        // What the server refused was another change.
        staging.changes.with(|_| ());
        refusal.set(None);
    });
    let apply = move || {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        refusal.set(None);
        let navigate = navigate.clone();
        let name = collection.with_untracked(|collection| collection.name.clone());
        let changes = staging.changes.get_untracked().into_iter().map(|(_, change)| change).collect();
        spawn_local(async move {
            match api
                .change_collection(&name, &CollectionPatch { changes, rules: None, realtime: None })
                .await
            {
                Ok(changed) => {
                    let now = changed.name.clone();
                    staging.stage.try_set(Stage::default());
                    catalogue.put(&name, changed);
                    // Others may point here, by another name now, and rules may follow.
                    catalogue.reload();
                    toasts.say("The changes were made");
                    if now != name {
                        navigate(&format!("/collections/{now}/schema"), Default::default());
                    }
                }
                Err(error) => {
                    refusal.try_set(Some(error));
                }
            }
            busy.try_set(false);
        });
    };
    let apply = Callback::new(move |()| apply());
    let press =
        Callback::new(move |()| if is_losing.get_untracked() { asking.set(true) } else { apply.run(()) });
    shortcut("mod+s", "Apply the changes", move || {
        if planning.is_good() {
            press.run(());
        }
    });
    let list = move || {
        staging
            .changes
            .get()
            .into_iter()
            .enumerate()
            .map(|(place, (part, change))| {
                let wrong = move || planning.within(&format!("/changes/{place}"));
                view! {
                    <li class="change">
                        <span class="grow">{marked(&words(&change))}</span>
                        <IconButton
                            name=IconName::X
                            label="Leave this change out"
                            size=ButtonSize::Small
                            press=move |_| staging.stage.update(|stage| stage.forget(&part))
                        />
                        {move || {
                            wrong()
                                .map(|wrong| {
                                    view! {
                                        <p class="field-error">
                                            <Icon name=IconName::CircleAlert />
                                            {wrong}
                                        </p>
                                    }
                                })
                        }}
                    </li>
                }
            })
            .collect_view()
    };
    let count = move || match staging.changes.with(Vec::len) {
        1 => "1 change".to_owned(),
        many => format!("{many} changes"),
    };
    view! {
        <aside class="split-side" aria-label="Review">
            <div class="row">
                <h2 class="grow">{count}</h2>
                <Button press=move |_| staging.stage.set(Stage::default())>"Discard"</Button>
                {move || {
                    let kind = if is_losing.get() { ButtonKind::Danger } else { ButtonKind::Primary };
                    view! {
                        <Button
                            kind
                            busy
                            disabled=Signal::derive(move || !planning.is_good())
                            keys="mod+s"
                            tip="Apply the changes"
                            press=move |_| press.run(())
                        >
                            "Apply"
                        </Button>
                    }
                }}
            </div>
            <ul class="changes">{list}</ul>
            <ErrorNotice error=refusal />
            <PlanPreview planning waiting="" />
        </aside>
        <Confirm open=asking title="Apply and lose data?" action="Apply" done=apply>
            <p>"This cannot be undone:"</p>
            <ul class="losses">
                {move || {
                    let steps = planning.plan.get().map(|plan| plan.steps).unwrap_or_default();
                    steps
                        .into_iter()
                        .filter_map(|step| step.loses)
                        .map(|loses| view! { <li>{marked(&loses)}</li> })
                        .collect_view()
                }}
            </ul>
        </Confirm>
    }
}
