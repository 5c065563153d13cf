//! A field, added or changed, in a drawer that the URL names.

use annex_openapi::collections::Field;
use leptos::prelude::*;

use super::Staging;
use super::stage::Edit;
use crate::pages::collection::frame::use_collection;
use crate::pages::collections::field::{FieldDetails, FieldDraft, NameAndType, Wrong};
use crate::ui::{Button, ButtonKind, Dialog, DialogShape, Notice};
use crate::url::use_url_query;

#[component]
pub(super) fn EditField(staging: Staging) -> impl IntoView {
    let query = use_url_query();
    let collection = use_collection();
    let named = query.memo("field");
    let open = query.dialog("field");
    let field = move || {
        let name = named.get_untracked().unwrap_or_default();
        collection.with_untracked(|collection| collection.field(&name).cloned())
    };
    let title = move || match named.get() {
        Some(name) if !name.is_empty() => format!("Change {name}"),
        _ => "Add a field".to_owned(),
    };
    view! {
        <Dialog open title=Signal::derive(title) shape=DialogShape::Drawer>
            {move || view! { <Form staging field=field() close=move || open.set(false) /> }}
        </Dialog>
    }
}

#[component]
fn Form(
    staging: Staging,
    field: Option<Field>,
    close: impl Fn() + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let draft = field.as_ref().map_or_else(|| FieldDraft::new(0), FieldDraft::of);
    // What was staged before goes on from there.
    if let Some(field) = &field {
        let before = staging.stage.with_untracked(|stage| stage.edits.get(&field.name).cloned());
        if let Some(Edit::Changed { spec, default }) = before {
            draft.take(&spec, default.as_ref().map(Option::as_ref));
        }
    }
    let first_default =
        field.as_ref().map(|field| FieldDraft::of(field).default.get_untracked()).unwrap_or_default();
    let tried = RwSignal::new(false);
    let own = field.as_ref().map(|field| field.name.clone());
    let collection = use_collection();
    let is_new = field.is_none();
    let wrong_name = move || {
        let name = draft.name.get().trim().to_owned();
        if name.is_empty() {
            return tried.get().then(|| "A field needs a name".to_owned());
        }
        let is_taken = collection.with(|collection| collection.field(&name).is_some())
            && own.as_deref() != Some(&name)
            && !staging.stage.with(|stage| matches!(stage.edits.get(&name), Some(Edit::Dropped)));
        let is_added =
            is_new && staging.stage.with(|stage| stage.added.iter().any(|added| added.name == name));
        (is_taken || is_added).then(|| format!("There is a field {name} already"))
    };
    let wrong_name = Memo::new(move |_| wrong_name());
    let wrong: Wrong = Callback::new(move |member: &'static str| match member {
        "name" => wrong_name.get(),
        _ => None,
    });
    let is_system = field.as_ref().is_some_and(|field| field.system);
    let sql_default =
        field.as_ref().filter(|_| first_default.is_empty()).and_then(|field| field.default.clone());
    let name = field.map(|field| field.name);
    let keep = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        tried.set(true);
        if draft.name.with_untracked(|name| name.trim().is_empty()) || wrong_name.get_untracked().is_some() {
            return;
        }
        let spec = untrack(|| draft.spec());
        staging.stage.update(|stage| match &name {
            None => stage.added.push(spec),
            Some(name) => {
                let is_same = draft.default.with_untracked(|text| *text == first_default);
                let default = (!is_same).then(|| spec.default.clone());
                stage.edits.insert(name.clone(), Edit::Changed { spec, default });
            }
        });
        close();
    };
    view! {
        <form class="form" on:submit=keep>
            {is_system
                .then(|| view! { <Notice>"This field comes by itself: only whether it is hidden can be changed."</Notice> })}
            <NameAndType draft wrong autofocus=true />
            <FieldDetails draft wrong />
            {sql_default
                .map(|sql| {
                    view! {
                        <p class="field-hint">
                            "Its default is " <code>{sql}</code> ", and stays unless another is given."
                        </p>
                    }
                })}
            <div class="form-actions">
                <Button press=move |_| close()>"Cancel"</Button>
                <Button kind=ButtonKind::Primary submit=true>
                    {if is_new { "Add" } else { "Keep the change" }}
                </Button>
            </div>
            <p class="field-hint">"Nothing is changed until the changes are applied."</p>
        </form>
    }
}
