//! The wheel. Pads send small moves and have a motion of their own; the steps of a wheel are smoothed.

use std::cell::Cell;
use std::rc::Rc;

use leptos::prelude::*;
use web_sys::WheelEvent;

use super::view::GridView;
use crate::browser;

/// From so many pixels on a move is a step of a wheel.
const STEP: f64 = 60.0;
/// Which part of the way is left after a millisecond.
const EASE: f64 = 0.975;

/// The wheel over a grid.
#[derive(Clone, Copy)]
pub struct Wheel {
    view: GridView,
    left: StoredValue<Rc<Cell<Motion>>, LocalStorage>,
}

#[derive(Clone, Copy, Default)]
struct Motion {
    /// How far there is to go.
    left: f64,
    /// When it was moved last.
    at: f64,
    moving: bool,
}

impl Wheel {
    /// The wheel over that grid.
    pub fn new(view: GridView) -> Self {
        Self { view, left: StoredValue::new_local(Rc::default()) }
    }

    /// Takes a turn of the wheel. What goes sideways is the browser's.
    pub fn turn(self, event: &WheelEvent) {
        if event.ctrl_key() || event.shift_key() || event.delta_x().abs() > event.delta_y().abs() {
            return;
        }
        event.prevent_default();
        let scroll = self.view.scroll();
        let delta = event.delta_y()
            * match event.delta_mode() {
                WheelEvent::DOM_DELTA_LINE => scroll.row,
                WheelEvent::DOM_DELTA_PAGE => scroll.height,
                _ => 1.0,
            };
        if delta.abs() < STEP || browser::prefers_reduced_motion() {
            self.motion().set(Motion::default());
            self.view.scroll_by(delta);
            return;
        }
        let motion = self.motion();
        let now = motion.get();
        // A turn in the other direction ends the motion.
        let left = if now.left * delta < 0.0 { 0.0 } else { now.left };
        let at = if now.moving { now.at } else { browser::milliseconds() };
        motion.set(Motion { left: left + delta, at, moving: true });
        if !now.moving {
            request_animation_frame(move || self.step());
        }
    }

    fn motion(self) -> Rc<Cell<Motion>> {
        self.left.get_value()
    }

    fn step(self) {
        let Some(motion) = self.left.try_get_value() else { return };
        let Motion { left, at, moving } = motion.get();
        if !moving {
            return;
        }
        let now = browser::milliseconds();
        let rest = left * EASE.powf((now - at).max(4.0));
        let (rest, moving) = if rest.abs() < 1.0 { (0.0, false) } else { (rest, true) };
        motion.set(Motion { left: rest, at: now, moving });
        if !self.view.scroll_by(left - rest) {
            motion.set(Motion::default());
        } else if moving {
            request_animation_frame(move || self.step());
        }
    }
}
