//! Looking through what is changed before it is saved.

use leptos::prelude::*;

use super::super::field::type_icon;
use super::super::sheet::{Sheet, use_sheet};
use super::super::value::{Look, is_null, string};
use super::bar::count_words;
use super::staged::{Change, RowChanges};
use crate::ui::toast::use_toasts;
use crate::ui::{Button, ButtonKind, ButtonSize, Dialog, DialogShape, Icon, IconButton, IconName};

/// What is changed, row by row: what it was, what it will be.
#[component]
pub fn ReviewDialog() -> impl IntoView {
    let sheet = use_sheet();
    let toasts = use_toasts();
    let open = sheet.saving.review;
    // With the last change that is taken back there is nothing to look through.
    Effect::new(move || {
        if sheet.staged.with(super::staged::Staged::is_empty) {
            open.set(false);
        }
    });
    let title = move || sheet.staged.with(|staged| count_words(staged.count()));
    view! {
        <Dialog
            open
            title=Signal::derive(title)
            shape=DialogShape::Wide
            foot=move || {
                view! {
                    <Button press=move |_| open.set(false)>"Keep editing"</Button>
                    <Button
                        kind=ButtonKind::Primary
                        keys="mod+s"
                        busy=sheet.saving.busy
                        press=move |_| sheet.save(toasts)
                    >
                        "Save"
                    </Button>
                }
            }
        >
            {move || {
                let rows: Vec<(String, RowChanges)> = sheet
                    .staged
                    .with(|staged| staged.rows().map(|(key, row)| (key.clone(), row.clone())).collect());
                rows.into_iter().map(|(key, row)| view! { <Row key row /> }).collect_view()
            }}
        </Dialog>
    }
}

#[component]
fn Row(key: String, row: RowChanges) -> impl IntoView {
    let sheet = use_sheet();
    let undo = StoredValue::new(key.clone());
    let fields =
        row.fields.into_iter().map(|(name, change)| view! { <Field key=undo name change /> }).collect_view();
    view! {
        <section class="review-row">
            <header class="row">
                <code class="grow truncate">{crate::url::text(&key)}</code>
                <Button
                    kind=ButtonKind::Quiet
                    size=ButtonSize::Small
                    icon=IconName::Undo2
                    press=move |_| sheet.staged.update(|staged| undo.with_value(|key| staged.undo_row(key)))
                >
                    "Undo the row"
                </Button>
            </header>
            {row
                .refused
                .map(|why| {
                    view! {
                        <p class="field-error">
                            <Icon name=IconName::CircleAlert />
                            {why}
                        </p>
                    }
                })}
            <dl>{fields}</dl>
        </section>
    }
}

#[component]
fn Field(key: StoredValue<String>, name: String, change: Change) -> impl IntoView {
    let sheet = use_sheet();
    let icon = sheet.collection.with_untracked(|collection| collection.field(&name).map(type_icon));
    let (old, new) = (full(sheet, &name, &change.old), full(sheet, &name, &change.new));
    let field = StoredValue::new(name.clone());
    let undo = move |_| {
        sheet.staged.update(|staged| key.with_value(|key| field.with_value(|field| staged.undo(key, field))));
    };
    view! {
        <dt class="row">{icon.map(|name| view! { <Icon name /> })} <span class="truncate">{name}</span></dt>
        <dd>
            <div class="row">
                <del class="old">{old}</del>
                <Icon name=IconName::ArrowRight />
                <ins class="new grow">{new}</ins>
                <IconButton name=IconName::Undo2 label="Undo the change" size=ButtonSize::Small press=undo />
            </div>
            {change
                .refused
                .map(|why| {
                    view! {
                        <p class="field-error">
                            <Icon name=IconName::CircleAlert />
                            {why}
                        </p>
                    }
                })}
        </dd>
    }
}

/// A value in words, whole.
pub fn full(sheet: Sheet, field: &str, value: &str) -> String {
    if is_null(value) {
        return "null".to_owned();
    }
    sheet.collection.with_untracked(|collection| {
        let Some(field) = collection.field(field) else { return value.to_owned() };
        match Look::of(field) {
            Look::Json => value.to_owned(),
            Look::Relation => {
                let label = sheet.labels.get(field, value, true);
                label.map_or_else(|| string(value).into_owned(), |label| label.to_string())
            }
            _ => match string(value).as_ref() {
                "" => "\"\"".to_owned(),
                text => text.to_owned(),
            },
        }
    })
}
