//! The finger: rows follow it, and go on for a while after it has left. Sideways is the browser's.

use std::cell::Cell;
use std::rc::Rc;

use leptos::prelude::*;
use web_sys::PointerEvent;

use super::view::GridView;
use crate::browser;

/// Which part of the speed is left after a millisecond.
const GLIDE: f64 = 0.9975;
/// A finger that rests for so many milliseconds before it leaves does not push.
const REST: f64 = 60.0;

/// The finger on a grid.
#[derive(Clone, Copy)]
pub struct Touch {
    view: GridView,
    drag: StoredValue<Rc<Cell<Option<Drag>>>, LocalStorage>,
}

#[derive(Clone, Copy)]
struct Drag {
    /// Which finger; none while the rows go on by themselves.
    pointer: Option<i32>,
    y: f64,
    at: f64,
    /// Pixels in a millisecond.
    speed: f64,
}

impl Touch {
    /// The finger on that grid.
    pub fn new(view: GridView) -> Self {
        Self { view, drag: StoredValue::new_local(Rc::default()) }
    }

    fn drag(self) -> Rc<Cell<Option<Drag>>> {
        self.drag.get_value()
    }

    /// A finger touches.
    pub fn down(self, event: &PointerEvent) {
        if event.pointer_type() != "mouse" && event.is_primary() {
            let (y, at) = (f64::from(event.client_y()), browser::milliseconds());
            self.drag().set(Some(Drag { pointer: Some(event.pointer_id()), y, at, speed: 0.0 }));
        }
    }

    /// A finger moves.
    pub fn moved(self, event: &PointerEvent) {
        let cell = self.drag();
        let Some(drag) = cell.get().filter(|drag| drag.pointer == Some(event.pointer_id())) else { return };
        let (y, at) = (f64::from(event.client_y()), browser::milliseconds());
        let (way, time) = (drag.y - y, (at - drag.at).max(1.0));
        // The last moves count most.
        let speed = if time > REST { way / time } else { drag.speed * 0.4 + way / time * 0.6 };
        cell.set(Some(Drag { y, at, speed, ..drag }));
        self.view.scroll_by(way);
    }

    /// A finger leaves.
    pub fn up(self, event: &PointerEvent) {
        let cell = self.drag();
        let Some(drag) = cell.get().filter(|drag| drag.pointer == Some(event.pointer_id())) else { return };
        let at = browser::milliseconds();
        if drag.speed.abs() < 0.05 || at - drag.at > REST || browser::prefers_reduced_motion() {
            cell.set(None);
            return;
        }
        cell.set(Some(Drag { pointer: None, at, ..drag }));
        request_animation_frame(move || self.glide());
    }

    /// The browser takes the finger for something else.
    pub fn cancel(self, event: &PointerEvent) {
        let cell = self.drag();
        if cell.get().is_some_and(|drag| drag.pointer == Some(event.pointer_id())) {
            cell.set(None);
        }
    }

    fn glide(self) {
        let Some(cell) = self.drag.try_get_value() else { return };
        let Some(drag) = cell.get().filter(|drag| drag.pointer.is_none()) else { return };
        let at = browser::milliseconds();
        let time = (at - drag.at).clamp(1.0, 50.0);
        let speed = drag.speed * GLIDE.powf(time);
        if speed.abs() < 0.02 || !self.view.scroll_by(drag.speed * time) {
            cell.set(None);
            return;
        }
        cell.set(Some(Drag { at, speed, ..drag }));
        request_animation_frame(move || self.glide());
    }
}
