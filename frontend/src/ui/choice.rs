//! Yes or no, and one of few.

use leptos::prelude::*;

use super::field::fresh_id;

/// A box that is ticked or not.
#[component]
pub fn Checkbox(
    #[prop(into)] checked: Signal<bool>,
    #[prop(into)] change: Callback<bool>,
    #[prop(optional, into)] indeterminate: Signal<bool>,
    #[prop(optional, into)] disabled: Signal<bool>,
    /// What it says where it has no words of its own.
    #[prop(optional, into)]
    label: Option<String>,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    view! {
        <label class="checkbox">
            <input
                type="checkbox"
                prop:checked=checked
                prop:indeterminate=indeterminate
                disabled=disabled
                aria-label=label
                on:change:target=move |event| change.run(event.target().checked())
            />
            {children.map(|children| children())}
        </label>
    }
}

/// Something that is on or off, at once.
#[component]
pub fn Switch(
    #[prop(into)] on: Signal<bool>,
    #[prop(into)] change: Callback<bool>,
    #[prop(optional, into)] disabled: Signal<bool>,
    children: Children,
) -> impl IntoView {
    view! {
        <label class="switch">
            <input
                type="checkbox"
                role="switch"
                prop:checked=on
                disabled=disabled
                on:change:target=move |event| change.run(event.target().checked())
            />
            {children()}
        </label>
    }
}

/// One of a few values that all show. `options` are values and what they are called.
#[component]
pub fn Segmented<T>(
    #[prop(into)] label: String,
    #[prop(into)] value: Signal<T>,
    #[prop(into)] change: Callback<T>,
    options: Vec<(T, &'static str)>,
) -> impl IntoView
where
    T: Copy + PartialEq + Send + Sync + 'static,
{
    let name = fresh_id();
    view! {
        <div class="segmented" role="radiogroup" aria-label=label>
            {options
                .into_iter()
                .map(|(option, text)| {
                    view! {
                        <label>
                            <input
                                type="radio"
                                name=name.clone()
                                prop:checked=move || value.get() == option
                                on:change=move |_| change.run(option)
                            />
                            {text}
                        </label>
                    }
                })
                .collect_view()}
        </div>
    }
}
