//! Narrowing a list down by one of its values.

use leptos::prelude::*;

/// One of some values, or any, in a bar above a list. `options` are values and what they are called.
#[component]
pub fn Pick(
    /// What it says to those who do not see what is around it.
    #[prop(into)]
    label: String,
    /// What it says where nothing is chosen.
    any: &'static str,
    #[prop(into)] value: Signal<Option<String>>,
    #[prop(into)] options: Signal<Vec<(String, String)>>,
    #[prop(into)] change: Callback<Option<String>>,
) -> impl IntoView {
    view! {
        <select
            class="input choice"
            aria-label=label
            on:change:target=move |event| {
                change.run(Some(event.target().value()).filter(|value| !value.is_empty()));
            }
        >
            <option value="" prop:selected=move || value.with(Option::is_none)>
                {any}
            </option>
            {move || {
                options
                    .get()
                    .into_iter()
                    .map(|(option, words)| {
                        let this = option.clone();
                        view! {
                            <option
                                value=option
                                prop:selected=move || value.with(|value| value.as_deref() == Some(this.as_str()))
                            >
                                {words}
                            </option>
                        }
                    })
                    .collect_view()
            }}
        </select>
    }
}
