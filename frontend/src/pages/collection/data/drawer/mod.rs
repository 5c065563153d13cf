//! A row beside the grid: all of its fields, the rows around it, and new rows. Its key stands in the address.

mod field;
mod new;
mod row;
mod work;

use leptos::prelude::*;

use super::sheet::use_sheet;
use crate::leaving;
use crate::ui::{Confirm, Dialog, DialogShape};
use new::NewRow;
use row::OpenRow;
use work::Work;

/// The row that the address says is open; an empty key is a new row.
#[component]
pub fn Drawer() -> impl IntoView {
    let sheet = use_sheet();
    let key = Memo::new(move |_| {
        let record = sheet.address.with(|address| address.record.clone());
        record.filter(|key| !key.is_empty() || sheet.is_writable())
    });
    let work = Work::new();
    provide_context(work);
    leaving::ask(move || work.would_be_lost());
    let asking = RwSignal::new(false);
    let may_close = move |()| {
        let would_be_lost = untrack(|| work.would_be_lost());
        asking.set(would_be_lost);
        !would_be_lost
    };
    let open = RwSignal::new(key.with_untracked(Option::is_some));
    Effect::new(move || open.set(key.with(Option::is_some)));
    Effect::new(move || {
        if !open.get() && key.with_untracked(Option::is_some) {
            sheet.go(|address| address.record = None);
        }
    });
    let title = move || {
        let name = sheet.collection.with(|collection| collection.name.clone());
        if key.with(|key| key.as_deref() == Some("")) {
            format!("New row of {name}")
        } else {
            format!("Row of {name}")
        }
    };
    view! {
        <Dialog open title=Signal::derive(title) shape=DialogShape::Drawer may_close>
            {move || match key.get() {
                Some(key) if key.is_empty() => view! { <NewRow /> }.into_any(),
                Some(key) => view! { <OpenRow key /> }.into_any(),
                None => ().into_any(),
            }}
        </Dialog>
        <Confirm open=asking title="Discard what you wrote?" action="Discard" done=move |()| open.set(false)>
            <p>"It is not saved, and closing loses it."</p>
        </Confirm>
    }
}
