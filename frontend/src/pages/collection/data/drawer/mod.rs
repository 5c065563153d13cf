//! A row beside the grid: all of its fields, the rows around it, and new rows. Its key stands in the address.

mod field;
mod new;
mod row;
mod work;

use leptos::prelude::*;

use super::address::Address;
use super::sheet::use_sheet;
use crate::leaving::{self, Onward};
use crate::ui::{Confirm, Dialog, DialogShape};
use new::NewRow;
use row::OpenRow;
use work::Work;

/// What the address says is open.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Shown {
    /// A row that is being made.
    New,
    /// The row of that key.
    Row(String),
}

/// The row that is open, or is being made.
#[component]
pub fn Drawer() -> impl IntoView {
    let sheet = use_sheet();
    let shown = Memo::new(move |_| {
        sheet.address.with(|address| match &address.record {
            _ if address.new && sheet.is_writable() => Some(Shown::New),
            record => record.clone().map(Shown::Row),
        })
    });
    let round = RwSignal::new(0_u32);
    let work = Work::new();
    provide_context(work);
    leaving::ask(move || work.would_be_lost());
    // What waits for an answer: to be closed, where it is no way to elsewhere.
    let asking = RwSignal::new(false);
    let way = StoredValue::new(None::<Onward>);
    let may_go = move |to: Option<Onward>| {
        let would_be_lost = untrack(|| work.would_be_lost());
        if would_be_lost {
            way.set_value(to);
            asking.set(true);
        }
        !would_be_lost
    };
    let go_on = leaving::keep_view(move |to| may_go(Some(to)));
    let discard = move |()| {
        work.give_up();
        match way.get_value() {
            Some(to) => go_on(to),
            None => sheet.go(Address::close),
        }
    };
    let open = RwSignal::new(shown.with_untracked(Option::is_some));
    Effect::new(move || open.set(shown.with(Option::is_some)));
    Effect::new(move || {
        if !open.get() && shown.with_untracked(Option::is_some) {
            sheet.go(Address::close);
        }
    });
    let title = move || {
        let name = sheet.collection.with(|collection| collection.name.clone());
        match shown.get() {
            Some(Shown::New) => format!("New row of {name}"),
            _ => format!("Row of {name}"),
        }
    };
    view! {
        <Dialog open title=Signal::derive(title) shape=DialogShape::Drawer may_close=move |()| may_go(None)>
            {move || match shown.get() {
                Some(Shown::New) => {
                    round.track();
                    view! { <NewRow round /> }.into_any()
                }
                Some(Shown::Row(key)) => view! { <OpenRow key /> }.into_any(),
                None => ().into_any(),
            }}
        </Dialog>
        <Confirm open=asking title="Discard what you wrote?" action="Discard" done=discard>
            <p>"It is not saved, and closing loses it."</p>
        </Confirm>
    }
}
