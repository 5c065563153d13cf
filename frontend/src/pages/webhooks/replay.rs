//! Making the deliveries of a period again.

use annex_openapi::webhooks::{DeliveryState, WebhookReplay};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use time::Duration;
use uuid::Uuid;

use crate::api::use_api;
use crate::format;
use crate::ui::toast::use_toasts;
use crate::ui::{Dialog, FormFoot, Select, Submission, TextInput};

/// The places of a request that have a field.
const PLACES: [&str; 3] = ["/from", "/to", "/state"];

/// Asks which deliveries are to be made again.
#[component]
pub fn ReplayDialog(id: Uuid, open: RwSignal<bool>, again: RwSignal<u32>) -> impl IntoView {
    view! {
        <Dialog open title="Replay a period">
            <Form id open again />
        </Dialog>
    }
}

#[component]
fn Form(id: Uuid, open: RwSignal<bool>, again: RwSignal<u32>) -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let now = format::now();
    let from = RwSignal::new(format::input_of(now - Duration::days(1)));
    let to = RwSignal::new(format::input_of(now + Duration::minutes(1)));
    let state = RwSignal::new(DeliveryState::Failed.as_str().to_owned());
    let submission = Submission::new(&PLACES);
    let read = move || {
        let moment = |text: RwSignal<String>| text.with(|text| format::of_input(text));
        let state = state.with(|state| DeliveryState::parse(state));
        Some(WebhookReplay { from: moment(from)?, to: moment(to)?, state })
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(replay) = untrack(read) else { return };
        submission.send(async move {
            let done = api.replay_deliveries(id, &replay).await?;
            let more = if done.more { ", and there are more: replay again for those" } else { "" };
            toasts.say(match done.count {
                1 => format!("1 delivery is made again{more}"),
                count => format!("{} deliveries are made again{more}", format::count(count as i64)),
            });
            again.try_update(|again| *again += 1);
            open.try_set(false);
            Ok(())
        });
    };
    view! {
        <form class="form" on:submit=submit>
            <p class="soft">"Each has the same webhook-id as before, and they are made in the order in which they were first."</p>
            <div class="schedule-pair">
                <TextInput label="From" kind="datetime-local" value=from error=submission.at("/from") />
                <TextInput label="Until" kind="datetime-local" value=to error=submission.at("/to") />
            </div>
            <Select
                label="Which"
                value=state
                options=Signal::stored(
                    [("failed", "Those that failed"), ("delivered", "Those that were delivered"), ("", "All of them")]
                        .map(|(state, words)| (state.to_owned(), words.to_owned()))
                        .to_vec(),
                )
                error=submission.at("/state")
            />
            <FormFoot submission open action="Replay" ready=Signal::derive(move || read().is_some()) />
        </form>
    }
}
