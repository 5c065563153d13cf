//! The fields of a new collection, in their order.

use annex_openapi::collections::FieldType;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::Element;

use super::Draft;
use crate::browser;
use crate::pages::collections::field::{FieldDetails, FieldDraft, NameAndType, Wrong};
use crate::pages::collections::planning::Planning;
use crate::ui::{Badge, Button, Icon, IconButton, IconName, Menu, MenuItem, Tone};

/// The fields: added, taken away, and moved with the pointer or with the arrow keys.
#[component]
pub(super) fn Fields(draft: Draft, planning: Planning) -> impl IntoView {
    let fields = draft.fields;
    let next = StoredValue::new(2_u32);
    let added = StoredValue::new(None::<u32>);
    let dragged = RwSignal::new(None::<u32>);
    let add = move |_| {
        let id = next.get_value();
        next.set_value(id + 1);
        added.set_value(Some(id));
        fields.update(|fields| fields.push(FieldDraft::new(id)));
    };
    view! {
        <p class="small soft">
            "Every collection also has "<code>"id"</code>", "<code>"created_at"</code>" and "<code>"updated_at"</code>"."
        </p>
        <ol class="field-rows">
            <For each=move || fields.get() key=|field| field.id let(field)>
                <FieldRow draft field planning dragged autofocus=added.get_value() == Some(field.id) />
            </For>
        </ol>
        <Button icon=IconName::Plus press=add>
            "Add a field"
        </Button>
    }
}

/// Moves a field to another place.
fn move_to(fields: RwSignal<Vec<FieldDraft>>, id: u32, place: impl FnOnce(usize) -> Option<usize>) {
    let Some(from) = fields.with_untracked(|fields| fields.iter().position(|field| field.id == id)) else {
        return;
    };
    let Some(to) = place(from).filter(|to| *to != from) else { return };
    if to < fields.with_untracked(Vec::len) {
        fields.update(|fields| {
            let field = fields.remove(from);
            fields.insert(to, field);
        });
    }
}

#[component]
fn FieldRow(
    draft: Draft,
    field: FieldDraft,
    planning: Planning,
    dragged: RwSignal<Option<u32>>,
    autofocus: bool,
) -> impl IntoView {
    let fields = draft.fields;
    let wrong: Wrong = Callback::new(move |member: &'static str| {
        let place = draft.place_of(field)?;
        planning.within(&format!("/fields/{place}/{member}"))
    });
    let is_asked = move || matches!(field.field_type(), FieldType::Relation | FieldType::Enum);
    let open = RwSignal::new(false);
    let is_open = Memo::new(move |_| open.get() || is_asked());
    let name = move || match field.name.get() {
        name if name.is_empty() => "the field".to_owned(),
        name => name,
    };
    let up = move || move_to(fields, field.id, |from| from.checked_sub(1));
    let down = move || move_to(fields, field.id, |from| Some(from + 1));
    let remove = move || fields.update(|fields| fields.retain(|other| other.id != field.id));
    let grip_id = format!("grip-{}", field.id);
    let this_grip = grip_id.clone();
    let step = move |event: leptos::ev::KeyboardEvent| {
        match event.key().as_str() {
            "ArrowUp" => up(),
            "ArrowDown" => down(),
            _ => return,
        }
        event.prevent_default();
        // The row is moved in the page, which takes the keyboard from it.
        let grip = this_grip.clone();
        request_animation_frame(move || {
            if let Some(grip) = document().get_element_by_id(&grip) {
                browser::focus(&grip);
            }
        });
    };
    let over = move |event: leptos::ev::DragEvent| {
        let Some(moved) = dragged.get_untracked() else { return };
        event.prevent_default();
        if moved == field.id {
            return;
        }
        let here = fields.with_untracked(|fields| fields.iter().position(|other| other.id == field.id));
        // Only past the middle, so that rows of different heights do not go to and fro.
        let row = event.current_target().and_then(|target| target.dyn_into::<Element>().ok());
        let beyond = row.is_some_and(|row| {
            let rect = row.get_bounding_client_rect();
            f64::from(event.client_y()) > rect.top() + rect.height() / 2.0
        });
        let from = fields.with_untracked(|fields| fields.iter().position(|other| other.id == moved));
        if let (Some(here), Some(from)) = (here, from)
            && (from < here) == beyond
        {
            move_to(fields, moved, |_| Some(here));
        }
    };
    view! {
        <li class="field-row" class:dragged=move || dragged.get() == Some(field.id) on:dragover=over on:drop=|event| event.prevent_default()>
            <button
                type="button"
                class="grip"
                id=grip_id
                draggable="true"
                aria-label=move || format!("Move {}: arrow up, arrow down", name())
                data-tip="Drag, or press the arrow keys"
                on:keydown=step
                on:dragstart=move |event| {
                    dragged.set(Some(field.id));
                    if let Some(data) = event.data_transfer() {
                        data.set_data("text/plain", &field.name.get_untracked()).ok();
                    }
                }
                on:dragend=move |_| dragged.set(None)
            >
                <Icon name=IconName::GripVertical />
            </button>
            <div class="field-main">
                <NameAndType draft=field wrong autofocus />
                <div class="field-flags">
                    {move || flags(field)}
                    <IconButton
                        name=IconName::SlidersHorizontal
                        label=Signal::derive(move || format!("Options of {}", name()))
                        pressed=Signal::derive(move || is_open.get())
                        press=move |_| open.update(|open| *open = !*open)
                    />
                    <Menu label="More" end=true button=Box::new(|| view! { <Icon name=IconName::Ellipsis /> }.into_any())>
                        <MenuItem icon=IconName::ArrowUp press=move |_| up()>
                            "Move up"
                        </MenuItem>
                        <MenuItem icon=IconName::ArrowDown press=move |_| down()>
                            "Move down"
                        </MenuItem>
                        <MenuItem icon=IconName::Trash2 danger=true press=move |_| remove()>
                            "Remove"
                        </MenuItem>
                    </Menu>
                </div>
                <Show when=move || is_open.get()>
                    <div class="field-details">
                        <FieldDetails draft=field wrong own=draft.name />
                    </div>
                </Show>
            </div>
        </li>
    }
}

/// What the field demands, while its options are shut.
fn flags(field: FieldDraft) -> impl IntoView {
    let marks = [
        (field.required, "required"),
        (field.unique, "unique"),
        (field.array, "list"),
        (field.hidden, "hidden"),
    ];
    marks
        .into_iter()
        .filter(|(on, _)| on.get())
        .map(|(_, words)| view! { <Badge tone=Tone::Neutral>{words}</Badge> })
        .collect_view()
}
