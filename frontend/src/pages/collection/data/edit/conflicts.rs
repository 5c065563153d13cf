//! What somebody else has changed while it was changed here: which of the two shall be.

use leptos::prelude::*;

use super::super::sheet::use_sheet;
use super::review::full;
use super::staged::Conflict;
use crate::ui::field::fresh_id;
use crate::ui::toast::use_toasts;
use crate::ui::{Button, ButtonKind, Dialog, DialogShape};

/// Asks for each field that somebody else has changed too, which value shall be.
#[component]
pub fn ConflictDialog() -> impl IntoView {
    let sheet = use_sheet();
    let toasts = use_toasts();
    let conflicts = sheet.saving.conflicts;
    let open = RwSignal::new(false);
    // Which are settled by the value of this side, where that is chosen.
    let yours = RwSignal::new(Vec::<Option<bool>>::new());
    Effect::new(move || {
        let count = conflicts.with(Vec::len);
        yours.set(vec![None; count]);
        open.set(count > 0);
    });
    Effect::new(move || {
        if !open.get() && conflicts.with_untracked(|conflicts| !conflicts.is_empty()) {
            conflicts.set(Vec::new());
        }
    });
    let undecided = Signal::derive(move || yours.with(|yours| yours.contains(&None)));
    let settle = move |_| {
        if undecided.get_untracked() {
            return;
        }
        let (found, choices) = (conflicts.get_untracked(), yours.get_untracked());
        sheet.staged.update(|staged| {
            for (conflict, yours) in found.iter().zip(choices.into_iter().flatten()) {
                staged.settle(conflict, yours);
            }
        });
        conflicts.set(Vec::new());
        sheet.save(toasts);
    };
    view! {
        <Dialog
            open
            title="Somebody else has changed these too"
            shape=DialogShape::Wide
            foot=move || {
                view! {
                    <Button press=move |_| open.set(false)>"Cancel"</Button>
                    <Button kind=ButtonKind::Primary disabled=undecided press=settle>
                        "Save"
                    </Button>
                }
            }
        >
            <p class="soft small">"Nothing is saved yet. Choose for each what it shall be."</p>
            {move || {
                conflicts
                    .get()
                    .into_iter()
                    .enumerate()
                    .map(|(index, conflict)| view! { <Choice index conflict yours /> })
                    .collect_view()
            }}
        </Dialog>
    }
}

#[component]
fn Choice(index: usize, conflict: Conflict, yours: RwSignal<Vec<Option<bool>>>) -> impl IntoView {
    let sheet = use_sheet();
    let name = fresh_id();
    let choice = |is_yours: bool, who: &'static str, value: &str| {
        let words = full(sheet, &conflict.field, value);
        view! {
            <label class="conflict-choice">
                <input
                    type="radio"
                    name=name.clone()
                    prop:checked=move || yours.with(|yours| yours.get(index) == Some(&Some(is_yours)))
                    on:change=move |_| yours.update(|yours| yours[index] = Some(is_yours))
                />
                <span class="faint">{who}</span>
                <span class="grow">{words}</span>
            </label>
        }
    };
    let legend = format!("{} of {}", conflict.field, crate::url::text(&conflict.key));
    let before = format!("It was {}", full(sheet, &conflict.field, &conflict.before));
    view! {
        <fieldset class="conflict">
            <legend>{legend}</legend>
            {choice(false, "Theirs", &conflict.theirs)} {choice(true, "Yours", &conflict.yours)}
            <p class="field-hint">{before}</p>
        </fieldset>
    }
}
