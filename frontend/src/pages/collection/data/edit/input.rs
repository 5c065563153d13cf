//! What a value is written with, by the type of its field.

use annex_openapi::collections::{Field, FieldType};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::draft::{Draft, Item};
use super::relation::RelationInput;
use super::text::Writing;
use crate::browser;
use crate::ui::{Button, ButtonKind, ButtonSize, CodeEditor, IconButton, IconName, Language};

/// The value of a choice that is none.
const NOTHING: &str = "";

/// The control that a value is written with.
#[component]
pub fn ValueInput(
    draft: Draft,
    /// The ids of the control and of what describes it.
    id: String,
    about: String,
    /// What it is called where no label does.
    #[prop(into)]
    label: String,
    #[prop(optional)] autofocus: bool,
    #[prop(optional, into)] invalid: Signal<bool>,
    /// Runs when a choice is made that needs nothing more.
    #[prop(optional, into)]
    chosen: Option<Callback<()>>,
) -> impl IntoView {
    let field = draft.field.get_value();
    let aria_invalid = move || invalid.get().then_some("true");
    let placeholder = move || match (draft.null.get(), draft.left_out.get()) {
        (true, _) => "null".to_owned(),
        (_, true) => draft.field.with_value(default_words),
        _ => String::new(),
    };
    match draft.writing {
        Writing::Line | Writing::Day => {
            let input = NodeRef::<leptos::html::Input>::new();
            focus_when(autofocus, input);
            let generate = (field.value_type() == FieldType::Uuid && !autofocus).then(|| {
                view! {
                    <IconButton
                        name=IconName::RefreshCw
                        label="A new UUID"
                        press=move |_| draft.write(browser::uuid())
                    />
                }
            });
            view! {
                <div class="row grow">
                    <input
                        class=format!("input{}", if is_mono(&field) { " mono" } else { "" })
                        id=id
                        node_ref=input
                        type=if draft.writing == Writing::Day { "date" } else { "text" }
                        inputmode=input_mode(&field)
                        placeholder=placeholder
                        autocomplete="off"
                        autocapitalize="none"
                        spellcheck="false"
                        aria-label=label
                        aria-describedby=about
                        aria-invalid=aria_invalid
                        prop:value=move || draft.text.get()
                        on:input:target=move |event| draft.write(event.target().value())
                    />
                    {generate}
                </div>
            }
            .into_any()
        }
        Writing::Lines => {
            let input = NodeRef::<leptos::html::Textarea>::new();
            focus_when(autofocus, input);
            view! {
                <textarea
                    class="input"
                    id=id
                    node_ref=input
                    rows="5"
                    placeholder=placeholder
                    aria-label=label
                    aria-describedby=about
                    aria-invalid=aria_invalid
                    prop:value=move || draft.text.get()
                    on:input:target=move |event| draft.write(event.target().value())
                ></textarea>
            }
            .into_any()
        }
        Writing::Json => {
            // The editor writes into the text itself: what is written there is a value.
            Effect::new(move |before: Option<()>| {
                let is_empty = draft.text.with(String::is_empty);
                if before.is_some() && !is_empty {
                    draft.touch();
                }
            });
            view! { <CodeEditor label value=draft.text language=Language::Json bare=true autofocus placeholder="null" /> }
                .into_any()
        }
        Writing::Choice => {
            let select = NodeRef::<leptos::html::Select>::new();
            focus_when(autofocus, select);
            let values = match field.type_ {
                FieldType::Bool => vec!["true".to_owned(), "false".to_owned()],
                _ => field.values.clone().unwrap_or_default(),
            };
            let nothing = (!field.required || draft.left_out.get_untracked())
                .then(|| view! { <option value=NOTHING>{placeholder_of_nothing(draft)}</option> });
            view! {
                <select
                    class="input"
                    id=id
                    node_ref=select
                    aria-label=label
                    aria-describedby=about
                    aria-invalid=aria_invalid
                    prop:value=move || if draft.null.get() { NOTHING.to_owned() } else { draft.text.get() }
                    on:change:target=move |event| {
                        match event.target().value() {
                            value if value == NOTHING => draft.set_null(),
                            value => draft.write(value),
                        }
                        if let Some(chosen) = chosen {
                            chosen.run(());
                        }
                    }
                >
                    {nothing}
                    {values
                        .into_iter()
                        .map(|value| {
                            let words = value.clone();
                            view! { <option value=value>{words}</option> }
                        })
                        .collect_view()}
                </select>
            }
            .into_any()
        }
        Writing::Relation => {
            view! { <RelationInput draft id about label autofocus invalid chosen /> }.into_any()
        }
        Writing::List => view! { <ListInput draft field label autofocus /> }.into_any(),
    }
}

fn placeholder_of_nothing(draft: Draft) -> String {
    if draft.left_out.get_untracked() { draft.field.with_value(default_words) } else { "null".to_owned() }
}

/// What becomes of a field of a new row that is left out.
fn default_words(field: &Field) -> String {
    match &field.default {
        Some(default) => format!("default: {default}"),
        None if field.required => String::new(),
        None => "null".to_owned(),
    }
}

fn is_mono(field: &Field) -> bool {
    matches!(field.value_type(), FieldType::Uuid | FieldType::File)
}

fn input_mode(field: &Field) -> &'static str {
    match field.value_type() {
        FieldType::Int | FieldType::Bigint => "numeric",
        FieldType::Float | FieldType::Numeric => "decimal",
        FieldType::Email => "email",
        FieldType::Url => "url",
        _ => "text",
    }
}

/// Gives the keyboard to a control once it is there, with what it holds selected.
fn focus_when<E>(autofocus: bool, node: NodeRef<E>)
where
    E: leptos::html::ElementType,
    E::Output: JsCast + Clone + 'static,
{
    if autofocus {
        Effect::new(move || {
            let Some(element) = node.get() else { return };
            let element: HtmlElement = element.unchecked_into();
            browser::focus(&element);
            if let Some(input) = element.dyn_ref::<web_sys::HtmlInputElement>() {
                input.select();
            } else if let Some(area) = element.dyn_ref::<web_sys::HtmlTextAreaElement>() {
                area.select();
            }
        });
    }
}

/// The items of a list, each on a line of its own.
#[component]
fn ListInput(draft: Draft, field: Field, label: String, autofocus: bool) -> impl IntoView {
    let list = NodeRef::<leptos::html::Div>::new();
    let focus_last = move || {
        // The item that was added is there in the next frame.
        request_animation_frame(move || {
            let inputs = list.get_untracked().and_then(|list| list.query_selector_all("input").ok());
            let last = inputs.and_then(|inputs| inputs.item(inputs.length().checked_sub(1)?));
            if let Some(last) = last {
                browser::focus(&last);
            }
        });
    };
    let add = move || {
        draft.touch();
        draft.add_item("");
        focus_last();
    };
    let remove = move |id: u32| {
        draft.touch();
        draft.items.update(|items| items.retain(|item| item.id != id));
        focus_last();
    };
    if autofocus {
        Effect::new(move || {
            if list.get().is_some() {
                if draft.items.with_untracked(Vec::is_empty) { add() } else { focus_last() }
            }
        });
    }
    let mode = input_mode(&Field { array: false, ..field });
    let item_label = StoredValue::new(label.clone());
    view! {
        <div class="list-input" role="group" aria-label=label node_ref=list>
            <For each=move || draft.items.get() key=|item| item.id let(item)>
                <ListItem draft item mode label=item_label add=move |()| add() remove=move |()| remove(item.id) />
            </For>
            <Button kind=ButtonKind::Quiet size=ButtonSize::Small icon=IconName::Plus press=move |_| add()>
                "Add an item"
            </Button>
        </div>
    }
}

#[component]
fn ListItem(
    draft: Draft,
    item: Item,
    mode: &'static str,
    label: StoredValue<String>,
    #[prop(into)] add: Callback<()>,
    #[prop(into)] remove: Callback<()>,
) -> impl IntoView {
    view! {
        <div class="row">
            <input
                class="input small"
                type="text"
                inputmode=mode
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                aria-label=move || format!("Item of {}", label.get_value())
                prop:value=move || item.text.get()
                on:input:target=move |event| {
                    draft.touch();
                    item.text.set(event.target().value());
                }
                on:keydown=move |event| match event.key().as_str() {
                    "Enter" if !event.ctrl_key() && !event.meta_key() => {
                        event.prevent_default();
                        event.stop_propagation();
                        add.run(());
                    }
                    "Backspace" if item.text.with_untracked(String::is_empty) => {
                        event.prevent_default();
                        remove.run(());
                    }
                    _ => {}
                }
            />
            <IconButton
                name=IconName::X
                label="Remove the item"
                size=ButtonSize::Small
                press=move |_| remove.run(())
            />
        </div>
    }
}
