//! The console: a client of the documented API like any other, on an origin of its own.

mod api;
mod app;
mod browser;
mod format;
mod json;
mod leaving;
mod pages;
mod part;
mod poll;
mod shell;
mod ui;
mod url;

fn main() {
    console_error_panic_hook::set_once();
    leptos::mount::mount_to_body(app::App);
}
