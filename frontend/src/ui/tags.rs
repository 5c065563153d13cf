//! A few short words, each of which can be taken away again.

use leptos::ev::KeyboardEvent;
use leptos::html;
use leptos::prelude::*;

use super::field::fresh_id;
use super::{Field, Icon, IconName};

/// Short words with their label: Enter or a comma ends one, Backspace takes the last one away.
#[component]
pub fn TagInput(
    #[prop(into)] label: String,
    value: RwSignal<Vec<String>>,
    #[prop(optional, into)] hint: Option<String>,
    #[prop(optional, into)] error: Signal<Option<String>>,
    #[prop(optional, into)] placeholder: String,
    /// Words that are often meant.
    #[prop(optional, into)]
    suggestions: Signal<Vec<String>>,
) -> impl IntoView {
    let typed = RwSignal::new(String::new());
    let input = NodeRef::<html::Input>::new();
    let list = format!("{}-list", fresh_id());
    let take = move || {
        let word = typed.get_untracked().trim().to_owned();
        typed.set(String::new());
        if !word.is_empty() && !value.with_untracked(|all| all.contains(&word)) {
            value.update(|all| all.push(word));
        }
    };
    let hear = move |event: KeyboardEvent| match event.key().as_str() {
        "Enter" | "," if typed.with_untracked(|typed| !typed.trim().is_empty()) => {
            event.prevent_default();
            take();
        }
        "Backspace" if typed.with_untracked(String::is_empty) => {
            value.try_update(Vec::pop);
        }
        _ => {}
    };
    let chips = move || {
        value
            .get()
            .into_iter()
            .map(|word| {
                let this = word.clone();
                view! {
                    <span class="chip">
                        {word.clone()}
                        <button
                            type="button"
                            class="chip-remove"
                            aria-label=format!("Remove {word}")
                            on:click=move |_| {
                                value.update(|all| all.retain(|other| *other != this));
                                if let Some(input) = input.get_untracked() {
                                    crate::browser::focus(&input);
                                }
                            }
                        >
                            <Icon name=IconName::X />
                        </button>
                    </span>
                }
            })
            .collect_view()
    };
    view! {
        <Field
            label=label
            hint=hint
            error=error
            control=move |id, about| {
                view! {
                    <div class="input tags" aria-invalid=move || error.get().is_some().then_some("true")>
                        {chips}
                        <input
                            id=id
                            node_ref=input
                            list=list.clone()
                            placeholder=move || {
                                if value.with(Vec::is_empty) { placeholder.clone() } else { String::new() }
                            }
                            autocomplete="off"
                            autocapitalize="none"
                            spellcheck="false"
                            aria-describedby=about
                            bind:value=typed
                            on:keydown=hear
                            on:blur=move |_| take()
                        />
                        <datalist id=list>
                            {move || {
                                suggestions
                                    .get()
                                    .into_iter()
                                    .filter(|word| !value.with(|all| all.contains(word)))
                                    .map(|word| view! { <option value=word></option> })
                                    .collect_view()
                            }}
                        </datalist>
                    </div>
                }
            }
        />
    }
}
