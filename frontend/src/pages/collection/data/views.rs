//! Views that were given a name: filters, orders and columns, kept in this browser as addresses.

use leptos::prelude::*;
use leptos_router::hooks::use_navigate;
use serde::{Deserialize, Serialize};

use super::address::Address;
use super::layout::Layout;
use super::sheet::{Sheet, use_sheet};
use crate::browser;
use crate::part::later;
use crate::ui::{
    Button, ButtonKind, ButtonSize, Dialog, Icon, IconButton, IconName, Menu, MenuItem, TextInput,
};
use crate::url;

/// A view with its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct View {
    name: String,
    link: String,
}

fn storage_name(sheet: Sheet) -> String {
    sheet.collection.with_untracked(|collection| format!("annex.views.{}", collection.name))
}

/// The address of what shows now: with its columns, and without the row that is open.
fn link(sheet: Sheet) -> String {
    let address = Address {
        columns: Some(sheet.layout.with_untracked(Layout::names)),
        record: None,
        new: false,
        ..sheet.address.get_untracked()
    };
    let path = sheet.collection.with_untracked(|collection| format!("/collections/{}", collection.name));
    let values: Vec<(&str, String)> =
        address.changes().into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    url::address(&path, &values)
}

/// The menu of named views.
#[component]
pub fn ViewsMenu() -> impl IntoView {
    let sheet = use_sheet();
    let navigate = StoredValue::new(use_navigate());
    let kept: Option<Vec<View>> =
        browser::stored(&storage_name(sheet)).and_then(|text| serde_json::from_str(&text).ok());
    let views = RwSignal::new(kept.unwrap_or_default());
    let open = RwSignal::new(false);
    let go = move |link: &str| navigate.with_value(|navigate| navigate(link, Default::default()));
    view! {
        <Menu
            label="Views"
            class="button quiet"
            end=true
            button=Box::new(move || {
                view! {
                    <Icon name=IconName::Bookmark />
                    <span class="only-wide">"Views"</span>
                }
                    .into_any()
            })
        >
            {views
                .get()
                .into_iter()
                .map(|view| {
                    view! {
                        <MenuItem icon=IconName::Bookmark press=move |_| go(&view.link)>
                            {view.name}
                        </MenuItem>
                    }
                })
                .collect_view()} {(!views.with(Vec::is_empty)).then(|| view! { <hr class="menu-line" /> })}
            <MenuItem icon=IconName::Plus press=move |_| open.set(true)>
                "Manage views"
            </MenuItem>
        </Menu>
        {later!(data_changes, |open: RwSignal<bool>, views: RwSignal<Vec<View>>| view! { <ViewsDialog open views /> })}
    }
}

/// Gives what shows now a name, and takes names away.
#[component]
fn ViewsDialog(open: RwSignal<bool>, views: RwSignal<Vec<View>>) -> impl IntoView {
    let sheet = use_sheet();
    let keep = move |change: &dyn Fn(&mut Vec<View>)| {
        views.update(|views: &mut Vec<View>| change(views));
        let text = views.with_untracked(|views| serde_json::to_string(views).ok());
        browser::store(&storage_name(sheet), text.as_deref());
    };
    let name = RwSignal::new(String::new());
    let save = move || {
        let view = View { name: name.get_untracked().trim().to_owned(), link: link(sheet) };
        if !view.name.is_empty() {
            keep(&|views| {
                views.retain(|other| other.name != view.name);
                views.push(view.clone());
            });
            name.set(String::new());
            open.set(false);
        }
    };
    view! {
        <Dialog open title="Views">
            <form
                class="form"
                on:submit=move |event| {
                    event.prevent_default();
                    save();
                }
            >
                <TextInput
                    label="Name of the current view"
                    value=name
                    hint="Filter, order and columns are kept in this browser. The address does the same for somebody else."
                    autofocus=true
                />
                <div class="form-actions">
                    <Button kind=ButtonKind::Primary submit=true>
                        "Save the view"
                    </Button>
                </div>
            </form>
            <ul class="views">
                {move || {
                    views
                        .get()
                        .into_iter()
                        .map(|view| {
                            let gone = view.name.clone();
                            view! {
                                <li class="row">
                                    <a class="grow truncate" href=view.link>
                                        {view.name}
                                    </a>
                                    <IconButton
                                        name=IconName::Trash2
                                        label="Remove the view"
                                        size=ButtonSize::Small
                                        press=move |_| keep(&|views| views.retain(|other| other.name != gone))
                                    />
                                </li>
                            }
                        })
                        .collect_view()
                }}
            </ul>
        </Dialog>
    }
}
