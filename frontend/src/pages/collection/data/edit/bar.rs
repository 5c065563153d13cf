//! The bar that says what is changed and not saved.

use leptos::prelude::*;

use super::super::sheet::use_sheet;
use super::staged::Staged;
use crate::shell::shortcut;
use crate::ui::toast::use_toasts;
use crate::ui::{Button, ButtonKind, ButtonSize};

/// The bar that says what is changed and not saved, with ways to look through it, to take it back and to save it.
#[component]
pub fn ChangesBar() -> impl IntoView {
    let sheet = use_sheet();
    let toasts = use_toasts();
    shortcut("mod+s", "Save the changes", move || sheet.save(toasts));
    let is_empty = Memo::new(move |_| sheet.staged.with(Staged::is_empty));
    let words = move || sheet.staged.with(|staged| count_words(staged.count()));
    let discard = move |_| {
        let before = sheet.staged.get_untracked();
        sheet.staged.set(Staged::default());
        toasts.undoable("Changes discarded", sheet.restage(before), || {});
    };
    move || {
        (!is_empty.get()).then(|| {
            view! {
                <div class="changes-bar" role="region" aria-label="Changes">
                    <span class="changes-count" role="status">
                        {words}
                    </span>
                    <Button
                        kind=ButtonKind::Quiet
                        size=ButtonSize::Small
                        press=move |_| sheet.saving.review.set(true)
                    >
                        "Review"
                    </Button>
                    <Button kind=ButtonKind::Quiet size=ButtonSize::Small press=discard>
                        "Discard"
                    </Button>
                    <Button
                        kind=ButtonKind::Primary
                        size=ButtonSize::Small
                        keys="mod+s"
                        tip="Save all in one step"
                        busy=sheet.saving.busy
                        press=move |_| sheet.save(toasts)
                    >
                        "Save"
                    </Button>
                </div>
            }
        })
    }
}

/// `3 changes in 2 rows`.
pub(super) fn count_words((changes, rows): (usize, usize)) -> String {
    let plural = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    format!("{} in {}", plural(changes, "change"), plural(rows, "row"))
}
