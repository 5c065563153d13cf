//! Changing values: in cells and beside the grid, held back until they are saved together.

mod bar;
pub mod cell;
mod conflicts;
pub mod draft;
pub mod input;
mod kept;
mod relation;
mod review;
mod save;
pub mod staged;
pub mod text;

pub use bar::ChangesBar;
pub use conflicts::ConflictDialog;
pub use kept::{keep, kept};
pub use review::{ReviewDialog, full};
pub use save::Saving;
