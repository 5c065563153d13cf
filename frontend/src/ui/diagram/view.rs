//! The piece of a diagram that is seen, moved and scaled by pointer, fingers, wheel and keys.

use leptos::prelude::*;
use web_sys::{KeyboardEvent, PointerEvent, WheelEvent};

/// The least and the largest scale.
const SCALES: (f64, f64) = (0.2, 2.0);
/// How far an arrow key moves, in pixels.
const STEP: f64 = 64.0;

/// What is seen: the diagram is scaled by `scale`, then moved by `x` and `y`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// To the right, in pixels.
    pub x: f64,
    /// Down, in pixels.
    pub y: f64,
    /// How large.
    pub scale: f64,
}

impl Window {
    /// All of a diagram in the middle of a place of that size, no larger than it is; its beginning where that would be too small.
    pub fn fit(diagram: (f64, f64), place: (f64, f64), least: f64) -> Self {
        const MARGIN: f64 = 32.0;
        let ratio = |diagram: f64, place: f64| (place - 2.0 * MARGIN).max(1.0) / diagram.max(1.0);
        let scale = ratio(diagram.0, place.0).min(ratio(diagram.1, place.1)).clamp(least, 1.0);
        Self {
            x: ((place.0 - diagram.0 * scale) / 2.0).max(MARGIN.min(place.0 / 24.0)),
            y: ((place.1 - diagram.1 * scale) / 2.0).max(MARGIN.min(place.1 / 8.0)),
            scale,
        }
    }

    fn moved(self, x: f64, y: f64) -> Self {
        Self { x: self.x + x, y: self.y + y, ..self }
    }

    /// Scaled by a factor; the point under (x, y) stays there.
    pub fn zoomed(self, factor: f64, x: f64, y: f64) -> Self {
        let scale = (self.scale * factor).clamp(SCALES.0, SCALES.1);
        let factor = scale / self.scale;
        Self { x: x - (x - self.x) * factor, y: y - (y - self.y) * factor, scale }
    }
}

/// The fingers and pointers that hold the diagram, and the window that they move.
#[derive(Clone, Copy)]
pub struct Hold {
    window: RwSignal<Window>,
    pointers: StoredValue<Vec<(i32, f64, f64)>>,
    /// Whether it was moved since it was taken: such a press opens nothing.
    moved: StoredValue<bool>,
}

impl Hold {
    /// Nothing is held.
    pub fn new(window: RwSignal<Window>) -> Self {
        Self { window, pointers: StoredValue::new(Vec::new()), moved: StoredValue::new(false) }
    }

    /// Whether the last press moved the diagram.
    pub fn was_moved(self) -> bool {
        self.moved.get_value()
    }

    /// A pointer takes it.
    pub fn down(self, event: &PointerEvent) {
        if event.button() == 0 {
            self.moved.set_value(false);
            let pointer = (event.pointer_id(), f64::from(event.client_x()), f64::from(event.client_y()));
            self.pointers.update_value(|pointers| pointers.push(pointer));
        }
    }

    /// A pointer moves it; two scale it.
    pub fn drag(self, event: &PointerEvent, origin: (f64, f64)) {
        let (id, x, y) = (event.pointer_id(), f64::from(event.client_x()), f64::from(event.client_y()));
        let pointers = self.pointers.get_value();
        let Some(&(_, from_x, from_y)) = pointers.iter().find(|pointer| pointer.0 == id) else { return };
        if !self.moved.get_value() && (x - from_x).hypot(y - from_y) < 4.0 {
            return;
        }
        self.moved.set_value(true);
        match pointers.iter().find(|pointer| pointer.0 != id) {
            None => self.window.update(|window| *window = window.moved(x - from_x, y - from_y)),
            Some(&(_, other_x, other_y)) => {
                let before = (from_x - other_x).hypot(from_y - other_y).max(1.0);
                let factor = (x - other_x).hypot(y - other_y) / before;
                let middle = (f64::midpoint(x, other_x) - origin.0, f64::midpoint(y, other_y) - origin.1);
                self.window.update(|window| *window = window.zoomed(factor, middle.0, middle.1));
            }
        }
        self.pointers.update_value(|pointers| {
            if let Some(pointer) = pointers.iter_mut().find(|pointer| pointer.0 == id) {
                *pointer = (id, x, y);
            }
        });
    }

    /// A pointer lets go.
    pub fn up(self, event: &PointerEvent) {
        let id = event.pointer_id();
        self.pointers.update_value(|pointers| pointers.retain(|pointer| pointer.0 != id));
    }

    /// The wheel moves, and with the control key (or two fingers on a pad) scales.
    pub fn wheel(self, event: &WheelEvent, origin: (f64, f64)) {
        event.prevent_default();
        let (x, y) = (f64::from(event.client_x()) - origin.0, f64::from(event.client_y()) - origin.1);
        self.window.update(|window| {
            *window = if event.ctrl_key() || event.meta_key() {
                window.zoomed((-event.delta_y() / 300.0).exp(), x, y)
            } else {
                window.moved(-event.delta_x(), -event.delta_y())
            };
        });
    }

    /// Arrow keys move, plus and minus scale; true where the key meant something.
    pub fn key(self, event: &KeyboardEvent, size: (f64, f64)) -> bool {
        let (x, y) = (size.0 / 2.0, size.1 / 2.0);
        let change: fn(Window, f64, f64) -> Window = match event.key().as_str() {
            "ArrowLeft" => |window, _, _| window.moved(STEP, 0.0),
            "ArrowRight" => |window, _, _| window.moved(-STEP, 0.0),
            "ArrowUp" => |window, _, _| window.moved(0.0, STEP),
            "ArrowDown" => |window, _, _| window.moved(0.0, -STEP),
            "+" | "=" => |window, x, y| window.zoomed(1.25, x, y),
            "-" => |window, x, y| window.zoomed(0.8, x, y),
            _ => return false,
        };
        self.window.update(|window| *window = change(*window, x, y));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::Window;

    #[test]
    fn all_of_it_fits_and_nothing_grows() {
        let small = Window::fit((200.0, 100.0), (1000.0, 600.0), 0.2);
        assert_eq!((small.scale, small.x, small.y), (1.0, 400.0, 250.0));
        let large = Window::fit((4000.0, 1000.0), (1000.0, 600.0), 0.2);
        assert!((large.scale - 936.0 / 4000.0).abs() < 1e-9);
    }

    #[test]
    fn the_point_under_the_pointer_stays() {
        let window = Window { x: 10.0, y: 20.0, scale: 1.0 };
        let zoomed = window.zoomed(1.5, 110.0, 220.0);
        let place = |window: Window| ((110.0 - window.x) / window.scale, (220.0 - window.y) / window.scale);
        assert_eq!(place(window), place(zoomed));
        assert_eq!(window.zoomed(100.0, 0.0, 0.0).scale, 2.0);
    }
}
