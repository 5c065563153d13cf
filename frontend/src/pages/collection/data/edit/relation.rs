//! Choosing the row that a relation points at: by what it is called, or by its key.

use std::time::Duration;

use annex_openapi::collections::{Collection, Field, FieldType};
use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::super::filter::terms::literal;
use super::super::labels::label_field;
use super::super::sheet::use_sheet;
use super::super::value::{Look, is_null, string};
use super::draft::Draft;
use crate::api::{Api, ApiError};
use crate::browser;
use crate::shell::use_catalogue;
use crate::ui::field::fresh_id;

/// How many rows are offered.
const OFFERED: usize = 12;
/// After so many milliseconds without a key what was written is looked for.
const PATIENCE: u64 = 160;

/// A row that can be chosen.
#[derive(Debug, Clone, PartialEq)]
struct Offer {
    /// The JSON text of the key that the relation would hold.
    key: String,
    label: Option<String>,
}

/// The row that a relation points at, and a way to choose another.
#[component]
pub fn RelationInput(
    draft: Draft,
    id: String,
    about: String,
    label: String,
    autofocus: bool,
    invalid: Signal<bool>,
    chosen: Option<Callback<()>>,
) -> impl IntoView {
    let sheet = use_sheet();
    let catalogue = use_catalogue();
    let field = draft.field.get_value();
    let target = field.collection.clone().unwrap_or_default();
    let collection = untrack(|| catalogue.get(&target));
    // Nothing while the row that is chosen shows.
    let written = RwSignal::new(None::<String>);
    let offers = RwSignal::new(Vec::<Offer>::new());
    let failure = RwSignal::new(None::<String>);
    // None while nothing is written: who opens the list and leaves it changes nothing.
    let active = RwSignal::new(None::<usize>);
    let turn = StoredValue::new(0_u32);
    // Whether the rows that are offered are not yet those for what is written, and whether the best of these is waited for.
    let (is_behind, take_first) = (StoredValue::new(false), StoredValue::new(false));
    let context = StoredValue::new((field, collection));

    let shown = move || {
        if let Some(written) = written.get() {
            return written;
        }
        let key = draft.text.get();
        if draft.null.get() || key.is_empty() || is_null(&key) {
            return String::new();
        }
        sheet.labels.track();
        let label = context.with_value(|(field, _)| sheet.labels.get(field, &key, true));
        label.map_or_else(|| string(&key).into_owned(), |label| label.to_string())
    };
    // A browser says also of what is taken out of the page that it loses the keyboard.
    let close = move || {
        turn.try_update_value(|turn| *turn = turn.wrapping_add(1));
        written.try_set(None);
        offers.try_set(Vec::new());
    };
    let choose = move |offer: Offer| {
        if let Some(label) = &offer.label {
            context.with_value(|(field, _)| {
                sheet.labels.put(field.collection.as_deref().unwrap_or_default(), &offer.key, label);
            });
        }
        draft.write(offer.key);
        close();
        if let Some(chosen) = chosen {
            chosen.run(());
        }
    };
    let look = move |words: String, patience: u64| {
        let this = turn.get_value().wrapping_add(1);
        turn.set_value(this);
        is_behind.set_value(true);
        take_first.set_value(false);
        set_timeout(
            move || {
                if turn.try_get_value() != Some(this) {
                    return;
                }
                let (field, collection) = context.get_value();
                spawn_local(async move {
                    let found = offered(sheet.api, &field, collection, words.trim()).await;
                    if turn.try_get_value() == Some(this) {
                        is_behind.set_value(false);
                        failure.set(found.as_ref().err().map(ApiError::detail));
                        let found = found.unwrap_or_default();
                        active.set((!words.trim().is_empty()).then_some(0));
                        match found.first().filter(|_| take_first.get_value()).cloned() {
                            Some(first) => choose(first),
                            None => offers.set(found),
                        }
                    }
                });
            },
            Duration::from_millis(patience),
        );
    };
    let open = move || {
        if written.with_untracked(Option::is_none) {
            written.set(Some(String::new()));
            look(String::new(), 0);
        }
    };
    let has_words = move || {
        written.with_untracked(|written| written.as_ref().is_some_and(|words| !words.trim().is_empty()))
    };
    let keydown = move |event: KeyboardEvent| {
        let length = offers.with_untracked(Vec::len);
        match event.key().as_str() {
            "ArrowDown" if written.with_untracked(Option::is_none) => open(),
            "ArrowDown" if length > 0 => {
                active.update(|active| *active = Some(active.map_or(0, |active| (active + 1) % length)));
            }
            "ArrowUp" if length > 0 => {
                active.update(|active| *active = Some((active.unwrap_or(0) + length - 1) % length));
            }
            "Enter" if is_behind.get_value() && has_words() => take_first.set_value(true),
            "Enter" => {
                let offer = active
                    .get_untracked()
                    .and_then(|active| offers.with_untracked(|offers| offers.get(active).cloned()));
                let Some(offer) = offer else { return };
                choose(offer);
            }
            "Escape" if written.with_untracked(Option::is_some) && !autofocus => close(),
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    };
    let input = NodeRef::<leptos::html::Input>::new();
    if autofocus {
        Effect::new(move || {
            if let Some(input) = input.get() {
                browser::focus(&input);
                open();
            }
        });
    }
    let list = fresh_id();
    let list_id = list.clone();
    let option_id = StoredValue::new(list.clone());
    let search = format!("Search {target}");
    let placeholder = move || {
        let is_search = written.with(Option::is_some) || !draft.can_be_null() || draft.left_out.get();
        if is_search { search.clone() } else { "null".to_owned() }
    };
    view! {
        <div class="relation-input grow">
            <input
                class="input"
                id=id
                node_ref=input
                type="text"
                role="combobox"
                aria-expanded=move || offers.with(|offers| !offers.is_empty()).to_string()
                aria-controls=list
                aria-autocomplete="list"
                aria-activedescendant=move || {
                    let active = active.get().filter(|active| *active < offers.with(Vec::len))?;
                    Some(format!("{}-{active}", option_id.get_value()))
                }
                aria-label=label
                aria-describedby=about
                aria-invalid=move || invalid.get().then_some("true")
                placeholder=placeholder
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                prop:value=shown
                on:click=move |_| open()
                on:input:target=move |event| {
                    let words = event.target().value();
                    written.set(Some(words.clone()));
                    look(words, PATIENCE);
                }
                on:keydown=keydown
                on:blur=move |_| close()
            />
            <ul class="relation-offers" id=list_id role="listbox" aria-label="Rows" hidden=move || offers.with(Vec::is_empty)>
                {move || {
                    offers
                        .get()
                        .into_iter()
                        .enumerate()
                        .map(|(index, offer)| {
                            let words = offer.label.clone();
                            let key = Look::Id.show(&offer.key).into_owned();
                            view! {
                                <li
                                    class="menu-item"
                                    role="option"
                                    id=format!("{}-{index}", option_id.get_value())
                                    aria-selected=move || (active.get() == Some(index)).to_string()
                                    on:pointermove=move |_| active.set(Some(index))
                                    // Before the field loses the keyboard.
                                    on:mousedown=move |event| {
                                        event.prevent_default();
                                        choose(offer.clone());
                                    }
                                >
                                    <span class="truncate grow">{words}</span>
                                    <code class="faint">{key}</code>
                                </li>
                            }
                        })
                        .collect_view()
                }}
            </ul>
            {move || failure.get().map(|why| view! { <p class="field-error">{why}</p> })}
        </div>
    }
}

/// The rows that fit what was written, best first.
async fn offered(
    api: Api,
    field: &Field,
    collection: Option<Collection>,
    words: &str,
) -> Result<Vec<Offer>, ApiError> {
    let Some(collection) = collection else {
        let accounts = api.users(words, None).await?;
        let offer = |user: annex_openapi::auth::User| Offer {
            key: format!("\"{}\"", user.id),
            label: Some(user.email),
        };
        return Ok(accounts.items.into_iter().take(OFFERED).map(offer).collect());
    };
    let place = |name: &str| collection.fields.iter().position(|own| own.name == name);
    let Some(key_place) = field.references.as_deref().and_then(place) else { return Ok(Vec::new()) };
    let key_field = &collection.fields[key_place];
    let label = label_field(&collection);
    let mut fields = vec![key_field.name.as_str()];
    fields.extend(label.map(|label| label.name.as_str()));
    let filter = fitting(key_field, label, words);
    let rows = api.some_rows(&collection, filter, &fields, OFFERED).await?;
    let label_place = label.and_then(|label| place(&label.name));
    let offer = |row: crate::api::records::Row| {
        let label = label_place.and_then(|label| row.value(label)).filter(|label| !is_null(label));
        Some(Offer {
            key: row.value(key_place)?.to_owned(),
            label: label.map(|label| string(label).into_owned()),
        })
    };
    Ok(rows.into_iter().filter_map(offer).collect())
}

/// The filter for rows that are called so, or have that key.
fn fitting(key: &Field, label: Option<&Field>, words: &str) -> String {
    let name = |field: &Field| format!("`{}`", field.name.replace('`', "``"));
    if words.is_empty() {
        return String::new();
    }
    let mut conditions = Vec::new();
    if let Some(label) = label {
        let pattern: String = words
            .chars()
            .flat_map(|character| {
                let escape = matches!(character, '%' | '_' | '\\').then_some('\\');
                escape.into_iter().chain([character])
            })
            .collect();
        conditions.push(format!("{} ilike {}", name(label), serde_json::Value::from(format!("%{pattern}%"))));
    }
    let is_key = match key.value_type() {
        FieldType::Uuid => uuid::Uuid::parse_str(words).is_ok(),
        FieldType::Int => words.parse::<i32>().is_ok(),
        FieldType::Bigint => words.parse::<i64>().is_ok(),
        FieldType::Text => true,
        _ => false,
    };
    let written = is_key.then(|| literal(key, &serde_json::Value::from(words).to_string())).flatten();
    conditions.extend(written.map(|written| format!("{} = {written}", name(key))));
    if conditions.is_empty() { "false".to_owned() } else { conditions.join(" or ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::collection::data::fixture::books;

    #[test]
    fn rows_are_found_by_what_they_are_called_or_by_their_key() {
        let books = books();
        let (id, title) = (books.field("id").expect("an id"), books.field("title"));
        assert_eq!(fitting(id, title, ""), "");
        assert_eq!(fitting(id, title, "50%_\"x\""), r#"`title` ilike "%50\\%\\_\"x\"%""#);
        let uuid = "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f";
        assert_eq!(fitting(id, title, uuid), format!("`title` ilike \"%{uuid}%\" or `id` = \"{uuid}\""));
        assert_eq!(fitting(id, None, "x"), "false");
    }
}
