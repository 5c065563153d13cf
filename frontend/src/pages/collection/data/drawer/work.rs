//! What is written in the drawer and kept nowhere else.

use std::rc::Rc;

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::browser;

type IsLost = Rc<dyn Fn() -> bool>;

/// What would be lost if the drawer were closed now.
#[derive(Clone, Copy)]
pub struct Work {
    all: StoredValue<Vec<(u32, IsLost)>, LocalStorage>,
    next: StoredValue<u32>,
}

/// The work of the surrounding drawer.
pub fn use_work() -> Work {
    expect_context()
}

impl Work {
    /// None.
    pub fn new() -> Self {
        Self { all: StoredValue::new_local(Vec::new()), next: StoredValue::new(0) }
    }

    /// Counts what is lost where `is_lost` says so, for as long as the surrounding view is there.
    pub fn add(self, is_lost: impl Fn() -> bool + 'static) {
        let id = self.next.get_value();
        self.next.set_value(id + 1);
        self.all.update_value(|all| all.push((id, Rc::new(is_lost))));
        on_cleanup(move || {
            self.all.try_update_value(|all| all.retain(|(own, _)| *own != id));
        });
    }

    /// Nothing of it matters any more.
    pub fn give_up(self) {
        self.all.try_update_value(Vec::clear);
    }

    /// Whether something would be lost.
    pub fn would_be_lost(self) -> bool {
        self.all.try_get_value().is_some_and(|all| all.iter().any(|(_, is_lost)| is_lost()))
    }
}

/// Gives the keyboard to the first field, where it is in none; a finger's keyboard would cover what is to be read.
pub fn focus_first_field() {
    if browser::has_coarse_pointer() {
        return;
    }
    // The drawer is open in the next frame.
    request_animation_frame(|| {
        if focused_field().is_none() {
            focus_field(Some(0));
        }
    });
}

/// The controls of the fields of the drawer that is open.
fn controls() -> Vec<web_sys::Element> {
    let controls = ["input", "textarea", "select", "[contenteditable=true]"];
    let controls = controls.map(|control| format!("dialog[open] .drawer-field {control}")).join(", ");
    let Ok(found) = document().query_selector_all(&controls) else { return Vec::new() };
    (0..found.length()).filter_map(|at| found.get(at)?.dyn_into().ok()).collect()
}

/// The field of the drawer that the keyboard is in.
pub fn focused_field() -> Option<usize> {
    let at = document().active_element()?;
    controls().iter().position(|control| *control == at)
}

/// Moves the keyboard to a field of the drawer, as far as there is one.
pub fn focus_field(place: Option<usize>) {
    if let Some(control) = place.and_then(|place| controls().into_iter().nth(place)) {
        browser::focus(&control);
    }
}
