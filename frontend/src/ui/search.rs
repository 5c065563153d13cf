//! A box to look for something in a list.

use std::time::Duration;

use leptos::html;
use leptos::leptos_dom::helpers::TimeoutHandle;
use leptos::prelude::*;

use super::{Icon, IconName};

/// How long after the last key `change` is told.
const PAUSE: Duration = Duration::from_millis(180);

/// A box whose text is told once the typing pauses. Escape empties it, `/` leads to it.
#[component]
pub fn SearchInput(
    #[prop(into)] label: String,
    #[prop(into)] value: Signal<String>,
    #[prop(into)] change: Callback<String>,
) -> impl IntoView {
    let input = NodeRef::<html::Input>::new();
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let stop = move || {
        if let Some(timer) = timer.try_update_value(Option::take).flatten() {
            timer.clear();
        }
    };
    on_cleanup(stop);
    let tell = move |text: String| {
        stop();
        timer.set_value(set_timeout_with_handle(move || change.run(text), PAUSE).ok());
    };
    // What comes from elsewhere, such as the browser's way back, shows too.
    Effect::new(move || {
        let text = value.get();
        if let Some(input) = input.get().filter(|input| input.value().trim() != text) {
            input.set_value(&text);
        }
    });
    view! {
        <div class="input-with-icon search">
            <Icon name=IconName::Search />
            <input
                class="input"
                node_ref=input
                type="search"
                placeholder=label.clone()
                aria-label=label
                data-keys="/"
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                on:input:target=move |event| tell(event.target().value())
                on:keydown:target=move |event| {
                    if event.key() == "Escape" && !event.target().value().is_empty() {
                        event.prevent_default();
                        event.target().set_value("");
                        tell(String::new());
                    }
                }
            />
        </div>
    }
}
