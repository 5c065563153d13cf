//! A row that is there: what it holds, what it points at and what points at it.

use annex_openapi::collections::Collection;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::super::address::Address;
use super::super::edit::draft::Draft;
use super::super::edit::full;
use super::super::edit::staged::Staged;
use super::super::labels::label_field;
use super::super::layout::{Preferences, ordered};
use super::super::related::{incoming, related_row};
use super::super::sheet::{Sheet, use_sheet};
use super::super::value::{is_null, string};
use super::field::FieldRow;
use super::work::{focus_field, focus_first_field, focused_field, use_work};
use crate::api::ApiError;
use crate::api::records::Row;
use crate::json::indented;
use crate::shell::use_catalogue;
use crate::ui::toast::use_toasts;
use crate::ui::{
    Button, ButtonKind, CodeView, CopyButton, ErrorNotice, Icon, IconName, Language, Segmented, Skeleton,
};

/// What shows of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Fields,
    Json,
}

/// A row by its key.
#[component]
pub fn OpenRow(key: String) -> impl IntoView {
    let sheet = use_sheet();
    let toasts = use_toasts();
    let work = use_work();
    let row = RwSignal::new(None::<Row>);
    let failure = RwSignal::new(None::<ApiError>);
    let part = RwSignal::new(Part::Fields);
    let key = StoredValue::new(key);
    let read = move || {
        // The drawer may be shut before the answer comes.
        let (key, collection) = (key.get_value(), sheet.collection.get_untracked());
        spawn_local(async move {
            match sheet.read(&collection, &key).await {
                Ok((found, _)) => {
                    sheet.source.replace(std::slice::from_ref(&found));
                    failure.try_set(None);
                    row.try_set(Some(found));
                }
                Err(error) => drop(failure.try_set(Some(error))),
            }
        });
    };
    read();
    // What the list is told of the row shows here too, but not below the hands of who changes it.
    Effect::new(move || {
        sheet.source.track();
        let told = key.with_value(|key| sheet.source.find(key));
        let is_old = row.with_untracked(|row| row.is_some() && told.is_some() && *row != told);
        let is_touched =
            key.with_value(|key| sheet.staged.with_untracked(|staged| staged.row(key).is_some()));
        if is_old && !is_touched && !work.would_be_lost() {
            let focused = focused_field();
            row.set(told);
            focus_field(focused);
        }
    });
    // What was saved is read again, with what the database made of it.
    Effect::new(move |before: Option<bool>| {
        let busy = sheet.saving.busy.get();
        if before == Some(true) && !busy {
            read();
        }
        busy
    });
    let json = Signal::derive(move || {
        let collection = sheet.collection.get();
        row.with(|row| row.as_ref().map(|row| indented(&row.to_json(&collection)))).unwrap_or_default()
    });
    let delete = move |_| {
        sheet.go(Address::close);
        sheet.delete(vec![key.get_value()], toasts);
    };
    let name = move || {
        let collection = sheet.collection.get();
        row.with(|row| {
            let place = label_field(&collection)
                .and_then(|label| collection.fields.iter().position(|field| field.name == label.name))?;
            let value = row.as_ref()?.value(place).filter(|value| !is_null(value))?;
            Some(string(value).into_owned())
        })
    };
    let is_empty = Memo::new(move |_| sheet.staged.with(Staged::is_empty));
    view! {
        <div class="drawer-form">
            <div class="drawer-name">
                <div class="grow">
                    {move || name().map(|name| view! { <p class="drawer-title truncate">{name}</p> })}
                    <code class="faint truncate">{crate::url::text(&key.get_value())}</code>
                </div>
                <Segmented
                    label="Show"
                    value=part
                    change=move |to| part.set(to)
                    options=vec![(Part::Fields, "Fields"), (Part::Json, "JSON")]
                />
                <CopyButton text=json />
            </div>
            <ErrorNotice error=failure retry=move |()| read() />
            {move || match (row.get(), part.get()) {
                (None, _) => failure.with(Option::is_none).then(|| view! { <Skeleton lines=8 /> }).into_any(),
                (Some(_), Part::Json) => {
                    view! { <CodeView label="The row as JSON" text=json language=Language::Json /> }.into_any()
                }
                (Some(row), Part::Fields) => view! { <Fields row /> }.into_any(),
            }}
            <footer class="drawer-foot">
                {sheet
                    .is_writable()
                    .then(|| {
                        view! {
                            <Button kind=ButtonKind::Quiet icon=IconName::Trash2 press=delete>
                                "Delete"
                            </Button>
                        }
                    })} <span class="grow"></span>
                {move || {
                    (!is_empty.get())
                        .then(|| {
                            view! {
                                <Button
                                    kind=ButtonKind::Primary
                                    keys="mod+s"
                                    busy=sheet.saving.busy
                                    press=move |_| sheet.save(toasts)
                                >
                                    {move || match sheet.staged.with(Staged::count) {
                                        (1, _) => "Save the change".to_owned(),
                                        (count, _) => format!("Save {count} changes"),
                                    }}
                                </Button>
                            }
                        })
                }}
            </footer>
        </div>
    }
}

#[component]
fn Fields(row: Row) -> impl IntoView {
    let sheet = use_sheet();
    let catalogue = use_catalogue();
    let collection = sheet.collection.get_untracked();
    let fields = ordered(&collection, &Preferences::default())
        .into_iter()
        .filter_map(|field| Some(field_view(sheet, &collection, field, row.key(), row.value(field)?)))
        .collect_view();
    let value_of = |name: &str| {
        let place = collection.fields.iter().position(|field| field.name == name)?;
        row.value(place).filter(|value| !is_null(value)).map(str::to_owned)
    };
    focus_first_field();
    let incoming = incoming(&collection, |name| untrack(|| catalogue.get(name)), value_of);
    view! {
        {fields}
        {(!incoming.is_empty())
            .then(|| {
                view! {
                    <section class="drawer-related">
                        <h3>"Referenced by"</h3>
                        <ul>
                            {incoming
                                .into_iter()
                                .map(|incoming| {
                                    view! {
                                        <li>
                                            <a class="menu-item" href=incoming.link>
                                                <Icon name=IconName::Table2 />
                                                <span class="grow">{incoming.words}</span>
                                                <Icon name=IconName::ArrowRight />
                                            </a>
                                        </li>
                                    }
                                })
                                .collect_view()}
                        </ul>
                    </section>
                }
            })}
    }
}

/// A field of the row: what is written there is a change that waits to be saved.
fn field_view(sheet: Sheet, collection: &Collection, place: usize, key: &str, value: &str) -> AnyView {
    let field = collection.fields[place].clone();
    let link = related_row(&field, value);
    let more = move || {
        link.clone().map(|(words, link)| {
            view! {
                <a class="small drawer-link" href=link>
                    {words}
                    <Icon name=IconName::ArrowUpRight />
                </a>
            }
        })
    };
    if !sheet.may_write(place) {
        let shown = full(sheet, &field.name, value);
        return view! { <FieldRow field draft=None shown=Some(shown) wrong=Signal::stored(None::<String>) more /> }
            .into_any();
    }
    let (key, old, name) = (
        StoredValue::new(key.to_owned()),
        StoredValue::new(value.to_owned()),
        StoredValue::new(field.name.clone()),
    );
    let work = use_work();
    let change = move || {
        sheet
            .staged
            .with(|staged| key.with_value(|key| name.with_value(|name| staged.change(key, name).cloned())))
    };
    let begin = untrack(change).map_or_else(|| value.to_owned(), |change| change.new);
    // It is made anew when its change is taken back elsewhere.
    let generation = RwSignal::new(0_u32);
    let of_field = field.clone();
    let make = move |value: &str| {
        let draft = Draft::new(&of_field, value);
        // What can be saved is staged.
        work.add(move || draft.value().is_err());
        Effect::new(move |before: Option<()>| {
            let written = draft.value();
            if before.is_some()
                && let Ok(written) = written
            {
                key.with_value(|key| {
                    name.with_value(|name| old.with_value(|old| sheet.stage(key, name, old, written)));
                });
            }
        });
        draft
    };
    let make = StoredValue::new(make);
    let begin = StoredValue::new(begin);
    let is_changed = Memo::new(move |_| change().is_some());
    Effect::new(move |before: Option<bool>| {
        let is_changed = is_changed.get();
        if before == Some(true) && !is_changed {
            generation.update(|generation| *generation += 1);
        }
        is_changed
    });
    let undo = Callback::new(move |()| {
        sheet.staged.update(|staged| key.with_value(|key| name.with_value(|name| staged.undo(key, name))));
    });
    let field = StoredValue::new(field);
    let more = StoredValue::new(ViewFn::from(more));
    (move || {
        let draft = match generation.get() {
            0 => begin.with_value(|begin| make.with_value(|make| make(begin))),
            _ => old.with_value(|old| make.with_value(|make| make(old))),
        };
        let wrong = Signal::derive(move || {
            draft.value().err().or_else(|| change().and_then(|change| change.refused))
        });
        view! {
            <FieldRow
                field=field.get_value()
                draft=Some(draft)
                wrong
                undo=Some((is_changed.into(), undo))
                more=more.get_value()
            />
        }
    })
    .into_any()
}
