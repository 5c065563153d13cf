//! What is written into, with its label, hint and error.

use leptos::prelude::*;
use uuid::Uuid;

use super::{ButtonSize, Icon, IconButton, IconName};

/// An id for an element of this page.
pub fn fresh_id() -> String {
    let random = js_sys::Math::random() * f64::from(u32::MAX);
    format!("e{}", Uuid::from_u64_pair(random as u64, js_sys::Date::now() as u64).simple())
}

/// A label above a control, with a hint or what is wrong below. The control gets the ids that tie them together.
#[component]
pub fn Field<C, V>(
    #[prop(into)] label: String,
    #[prop(optional_no_strip)] hint: Option<String>,
    /// What is wrong, where something is.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    /// Makes the control from its id and the id of what describes it.
    control: C,
) -> impl IntoView
where
    C: FnOnce(String, String) -> V,
    V: IntoView + 'static,
{
    let id = fresh_id();
    let about = format!("{id}-about");
    view! {
        <div class="field">
            <label class="field-label" for=id.clone()>
                {label}
            </label>
            {control(id, about.clone())}
            <div id=about aria-live="polite">
                {move || match error.get() {
                    Some(error) => {
                        view! {
                            <p class="field-error">
                                <Icon name=IconName::CircleAlert />
                                {error}
                            </p>
                        }
                            .into_any()
                    }
                    None => hint.clone().map(|hint| view! { <p class="field-hint">{hint}</p> }).into_any(),
                }}
            </div>
        </div>
    }
}

/// One line of text with its label.
#[component]
pub fn TextInput(
    #[prop(into)] label: String,
    value: RwSignal<String>,
    #[prop(optional, into)] hint: Option<String>,
    #[prop(optional, into)] error: Signal<Option<String>>,
    /// `text`, `email`, `password`, `search`, `url`.
    #[prop(default = "text")]
    kind: &'static str,
    #[prop(optional, into)] placeholder: String,
    /// What the browser may fill in (HTML's `autocomplete`).
    #[prop(default = "off")]
    autocomplete: &'static str,
    #[prop(optional)] required: bool,
    #[prop(optional)] autofocus: bool,
    #[prop(optional, into)] disabled: Signal<bool>,
    #[prop(optional)] large: bool,
    #[prop(optional)] mono: bool,
) -> impl IntoView {
    let input = NodeRef::<leptos::html::Input>::new();
    if autofocus {
        Effect::new(move || {
            if let Some(input) = input.get() {
                crate::browser::focus(&input);
            }
        });
    }
    let class = format!("input{}{}", if large { " large" } else { "" }, if mono { " mono" } else { "" });
    let is_password = kind == "password";
    let shown = RwSignal::new(false);
    view! {
        <Field
            label=label
            hint=hint
            error=error
            control=move |id, about| {
                let input = view! {
                    <input
                        class=class
                        id=id
                        node_ref=input
                        type=move || if is_password && shown.get() { "text" } else { kind }
                        placeholder=placeholder
                        autocomplete=autocomplete
                        autocapitalize="none"
                        spellcheck="false"
                        required=required
                        disabled=disabled
                        aria-describedby=about
                        aria-invalid=move || error.get().is_some().then_some("true")
                        bind:value=value
                    />
                };
                if !is_password {
                    return input.into_any();
                }
                view! {
                    <div class="input-with-button">
                        {input}
                        {move || {
                            let (name, label) = if shown.get() {
                                (IconName::EyeOff, "Hide the password")
                            } else {
                                (IconName::Eye, "Show the password")
                            };
                            view! {
                                <IconButton name label size=ButtonSize::Small press=move |_| shown.update(|shown| *shown = !*shown) />
                            }
                        }}
                    </div>
                }
                    .into_any()
            }
        />
    }
}

/// Several lines of text with their label.
#[component]
pub fn TextArea(
    #[prop(into)] label: String,
    value: RwSignal<String>,
    #[prop(optional, into)] hint: Option<String>,
    #[prop(optional, into)] error: Signal<Option<String>>,
    #[prop(optional, into)] placeholder: String,
    #[prop(default = 4)] rows: u32,
    #[prop(optional)] mono: bool,
) -> impl IntoView {
    view! {
        <Field
            label=label
            hint=hint
            error=error
            control=move |id, about| {
                view! {
                    <textarea
                        class=if mono { "input mono" } else { "input" }
                        id=id
                        rows=rows
                        placeholder=placeholder
                        spellcheck="false"
                        aria-describedby=about
                        aria-invalid=move || error.get().is_some().then_some("true")
                        bind:value=value
                    ></textarea>
                }
            }
        />
    }
}

/// One of a few values, with its label. `options` are values and what they are called.
#[component]
pub fn Select(
    #[prop(into)] label: String,
    value: RwSignal<String>,
    #[prop(into)] options: Signal<Vec<(String, String)>>,
    #[prop(optional, into)] hint: Option<String>,
    #[prop(optional, into)] error: Signal<Option<String>>,
    #[prop(optional, into)] disabled: Signal<bool>,
) -> impl IntoView {
    view! {
        <Field
            label=label
            hint=hint
            error=error
            control=move |id, about| {
                view! {
                    <select
                        class="input"
                        id=id
                        disabled=disabled
                        aria-describedby=about
                        on:change:target=move |event| value.set(event.target().value())
                    >
                        {move || {
                            options
                                .get()
                                .into_iter()
                                .map(|(option, name)| {
                                    let this = option.clone();
                                    view! {
                                        <option value=option prop:selected=move || value.get() == this>
                                            {name}
                                        </option>
                                    }
                                })
                                .collect_view()
                        }}
                    </select>
                }
            }
        />
    }
}
