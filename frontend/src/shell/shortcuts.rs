//! The keys that do something, here or on every page. A page says `shortcut("mod+s", "Save", …)` for as long as it is shown; the
//! dialog that `?` opens lists what counts at the moment.

use leptos::ev::{self, KeyboardEvent};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, HtmlInputElement};

use super::keys::{Press, Progress, progress};
use crate::ui::Dialog;
use crate::ui::tooltip::Keys;

/// How long the next key of `g o` may take, in milliseconds.
const PATIENCE: f64 = 1200.0;

/// Keys that do something.
#[derive(Clone, Copy)]
struct Shortcut {
    id: u32,
    keys: &'static str,
    words: &'static str,
    everywhere: bool,
    /// What they do.
    act: Callback<()>,
}

/// The shortcuts that count now.
#[derive(Clone, Copy)]
pub struct Shortcuts {
    all: RwSignal<Vec<Shortcut>>,
    next: StoredValue<u32>,
    /// What was pressed of a shortcut of several keys, and when.
    begun: StoredValue<(Vec<Press>, f64)>,
    /// Whether the list of them is shown.
    pub shown: RwSignal<bool>,
}

/// Makes keys do something while the surrounding view is there.
pub fn shortcut(keys: &'static str, words: &'static str, act: impl Fn() + Send + Sync + 'static) {
    expect_context::<Shortcuts>().add(keys, words, false, Callback::new(move |()| act()));
}

impl Shortcuts {
    /// Listens, from now until the surrounding view is gone.
    pub(super) fn listen() -> Self {
        let this = Self {
            all: RwSignal::new(Vec::new()),
            next: StoredValue::new(0),
            begun: StoredValue::new((Vec::new(), 0.0)),
            shown: RwSignal::new(false),
        };
        let handle = window_event_listener(ev::keydown, move |event| this.hear(&event));
        on_cleanup(move || handle.remove());
        this
    }

    /// Makes keys do something on every page.
    pub(super) fn everywhere(
        self,
        keys: &'static str,
        words: &'static str,
        act: impl Fn() + Send + Sync + 'static,
    ) {
        self.add(keys, words, true, Callback::new(move |()| act()));
    }

    fn add(self, keys: &'static str, words: &'static str, everywhere: bool, act: Callback<()>) {
        let id = self.next.get_value();
        self.next.set_value(id + 1);
        self.all.update(|all| all.push(Shortcut { id, keys, words, everywhere, act }));
        on_cleanup(move || {
            self.all.try_update(|all| all.retain(|shortcut| shortcut.id != id));
        });
    }

    fn hear(self, event: &KeyboardEvent) {
        // A key may come from the browser's own completion, with no name.
        let key = js_sys::Reflect::get(event, &"key".into()).ok().and_then(|key| key.as_string());
        let Some(key) = key.filter(|_| !event.default_prevented() && !event.is_composing()) else { return };
        if matches!(key.as_str(), "Shift" | "Control" | "Alt" | "Meta") {
            return;
        }
        let press = Press {
            key,
            modifier: event.ctrl_key() || event.meta_key(),
            shift: event.shift_key(),
            alt: event.alt_key(),
        };
        // What is written can be taken back where it is written.
        if press.modifier && matches!(press.key.as_str(), "z" | "Z") && is_writing(event) {
            return;
        }
        // While one writes, or answers a dialog, only what is held with a modifier is a shortcut.
        if !press.modifier && (is_writing(event) || is_answering()) {
            return;
        }
        let now = js_sys::Date::now();
        let (mut presses, at) = self.begun.get_value();
        if now - at > PATIENCE {
            presses.clear();
        }
        presses.push(press);
        let mut found = self.find(&presses);
        if matches!(found, (Progress::None, _)) && presses.len() > 1 {
            presses.drain(..presses.len() - 1);
            found = self.find(&presses);
        }
        match found {
            (Progress::Done, Some(act)) => {
                event.prevent_default();
                self.begun.set_value((Vec::new(), now));
                act.run(());
            }
            (Progress::Begun, _) => self.begun.set_value((presses, now)),
            _ => self.begun.set_value((Vec::new(), now)),
        }
    }

    /// What the presses mean: what was said last wins.
    fn find(self, presses: &[Press]) -> (Progress, Option<Callback<()>>) {
        self.all.with_untracked(|all| {
            let mut begun = Progress::None;
            for shortcut in all.iter().rev() {
                match progress(shortcut.keys, presses) {
                    Progress::Done => return (Progress::Done, Some(shortcut.act)),
                    Progress::Begun => begun = Progress::Begun,
                    Progress::None => {}
                }
            }
            (begun, None)
        })
    }
}

/// Whether the key goes into a text.
fn is_writing(event: &KeyboardEvent) -> bool {
    let Some(target) = event.target() else { return false };
    if let Some(input) = target.dyn_ref::<HtmlInputElement>() {
        return !matches!(input.type_().as_str(), "checkbox" | "radio" | "button" | "file");
    }
    let tag = target.dyn_ref::<Element>().map(Element::tag_name);
    matches!(tag.as_deref(), Some("TEXTAREA" | "SELECT"))
        || target.dyn_ref::<HtmlElement>().is_some_and(HtmlElement::is_content_editable)
}

fn is_answering() -> bool {
    document().query_selector("dialog[open]").is_ok_and(|dialog| dialog.is_some())
}

/// The list of shortcuts.
#[component]
pub(super) fn ShortcutList() -> impl IntoView {
    let shortcuts = expect_context::<Shortcuts>();
    let group = move |title: &'static str, everywhere: bool| {
        let rows = shortcuts.all.get().into_iter().filter(|shortcut| shortcut.everywhere == everywhere);
        let rows = rows
            .map(|shortcut| {
                let steps = shortcut.keys.split(' ').enumerate();
                view! {
                    <div class="shortcut">
                        <dt>{shortcut.words}</dt>
                        <dd class="row">
                            {steps
                                .map(|(index, step)| {
                                    view! {
                                        {(index > 0).then(|| view! { <span class="faint small">"then"</span> })}
                                        <Keys keys=step />
                                    }
                                })
                                .collect_view()}
                        </dd>
                    </div>
                }
            })
            .collect_view();
        (!rows.is_empty()).then(|| {
            view! {
                <section>
                    <h3>{title}</h3>
                    <dl>{rows}</dl>
                </section>
            }
        })
    };
    view! {
        <Dialog open=shortcuts.shown title="Keyboard shortcuts">
            <div class="shortcuts">{move || group("On this page", false)} {move || group("Everywhere", true)}</div>
        </Dialog>
    }
}
