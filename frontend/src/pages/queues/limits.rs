//! The limits of a queue, in a dialog.

use annex_openapi::jobs::queues::{Queue, QueueUpdate, Rate};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::list::QueueList;
use crate::api::{ApiError, use_api};
use crate::ui::toast::use_toasts;
use crate::ui::{Button, ButtonKind, Dialog, ErrorNotice, Skeleton, TextInput};
use crate::url::use_url_query;

/// The dialog of the queue that the URL names.
#[component]
pub fn LimitsDialog(list: QueueList) -> impl IntoView {
    let query = use_url_query();
    let open = query.dialog("limits");
    let name = query.memo("limits");
    let title = move || format!("Limits of {}", name.get().unwrap_or_default());
    // What is written stays while the counts behind it change.
    let is_there = Memo::new(move |_| name.get().filter(|name| list.find(name).is_some()));
    view! {
        <Dialog open title=Signal::derive(title)>
            {move || match is_there.get().and_then(|name| untrack(|| list.find(&name))) {
                Some(queue) => view! { <Form queue list open /> }.into_any(),
                None => view! { <Skeleton lines=4 /> }.into_any(),
            }}
        </Dialog>
    }
}

/// A number that is written, or nothing for no limit.
fn number(text: &str) -> Result<Option<u32>, String> {
    match text.trim() {
        "" => Ok(None),
        text => match text.parse() {
            Ok(number @ 1..=1_000_000) => Ok(Some(number)),
            _ => Err("A whole number from 1 to 1,000,000, or nothing for no limit".to_owned()),
        },
    }
}

/// A rate that is written: how many, and within how many seconds.
fn rate(limit: &str, period: &str) -> Result<Option<Rate>, String> {
    let Some(limit) = number(limit)? else { return Ok(None) };
    match period.trim().parse() {
        Ok(period_seconds) if (0.1..=2_678_400.0).contains(&period_seconds) => {
            Ok(Some(Rate { limit, period_seconds }))
        }
        _ => Err("Seconds from 0.1 to 2,678,400 (31 days)".to_owned()),
    }
}

/// Two numbers of a rate.
#[derive(Clone, Copy)]
struct RateDraft {
    limit: RwSignal<String>,
    period: RwSignal<String>,
}

impl RateDraft {
    fn of(rate: Option<Rate>) -> Self {
        Self {
            limit: RwSignal::new(rate.map(|rate| rate.limit.to_string()).unwrap_or_default()),
            period: RwSignal::new(
                rate.map_or_else(|| "60".to_owned(), |rate| rate.period_seconds.to_string()),
            ),
        }
    }

    fn read(self) -> Result<Option<Rate>, String> {
        self.limit.with(|limit| self.period.with(|period| rate(limit, period)))
    }
}

fn written(number: Option<u32>) -> RwSignal<String> {
    RwSignal::new(number.map(|number| number.to_string()).unwrap_or_default())
}

#[component]
fn Form(queue: Queue, list: QueueList, open: RwSignal<bool>) -> impl IntoView {
    let api = use_api();
    let toasts = use_toasts();
    let name = StoredValue::new(queue.name.clone());
    let concurrency = written(queue.concurrency);
    let key_concurrency = written(queue.key_concurrency);
    let own_rate = RateDraft::of(queue.rate);
    let key_rate = RateDraft::of(queue.key_rate);
    let busy = RwSignal::new(false);
    let failure = RwSignal::new(None::<ApiError>);
    let read = move || -> Result<QueueUpdate, String> {
        Ok(QueueUpdate {
            paused: None,
            concurrency: Some(concurrency.with(|text| number(text))?),
            rate: Some(own_rate.read()?),
            key_concurrency: Some(key_concurrency.with(|text| number(text))?),
            key_rate: Some(key_rate.read()?),
        })
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Ok(change) = untrack(read) else { return };
        busy.set(true);
        failure.set(None);
        spawn_local(async move {
            match api.change_queue(&name.get_value(), &change).await {
                Ok(queue) => {
                    toasts.say(format!("The limits of {} are set", queue.name));
                    list.put(queue);
                    open.try_set(false);
                }
                Err(error) => drop(failure.try_set(Some(error))),
            }
            busy.try_set(false);
        });
    };
    let wrong = |text: RwSignal<String>| Signal::derive(move || text.with(|text| number(text)).err());
    let wrong_rate = |draft: RateDraft| Signal::derive(move || draft.read().err());
    view! {
        <form class="form" on:submit=submit>
            <p class="soft small">"An empty field is no limit. Jobs over a limit wait aside and hold up no others."</p>
            <fieldset class="limits">
                <legend>"The whole queue"</legend>
                <TextInput label="Jobs at once" autofocus=true value=concurrency error=wrong(concurrency) />
                <div class="limits-rate">
                    <TextInput label="Starts" value=own_rate.limit error=wrong_rate(own_rate) />
                    <TextInput label="within seconds" value=own_rate.period />
                </div>
            </fieldset>
            <fieldset class="limits">
                <legend>"Each key, such as a customer"</legend>
                <TextInput label="Jobs at once per key" value=key_concurrency error=wrong(key_concurrency) />
                <div class="limits-rate">
                    <TextInput label="Starts per key" value=key_rate.limit error=wrong_rate(key_rate) />
                    <TextInput label="within seconds" value=key_rate.period />
                </div>
            </fieldset>
            <ErrorNotice error=failure />
            <div class="form-actions">
                <Button press=move |_| open.set(false)>"Cancel"</Button>
                <Button kind=ButtonKind::Primary submit=true busy disabled=Signal::derive(move || read().is_err())>
                    "Set the limits"
                </Button>
            </div>
        </form>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_written_is_no_limit() {
        assert_eq!((number(""), number(" 7 ")), (Ok(None), Ok(Some(7))));
        assert!(["0", "-1", "1.5", "x", "1000001"].into_iter().all(|text| number(text).is_err()));
        assert_eq!(rate("", "nonsense"), Ok(None));
        assert_eq!(rate("5", "0.5"), Ok(Some(Rate { limit: 5, period_seconds: 0.5 })));
        assert!(rate("5", "0").is_err() && rate("5", "").is_err());
    }
}
