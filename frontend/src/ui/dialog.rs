//! What lies over the page until it is done with: the browser's own `<dialog>`, which keeps the keyboard inside and gives it
//! back afterwards.

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::{Button, ButtonKind, IconButton, IconName};

/// Where a dialog lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DialogShape {
    /// In the middle.
    #[default]
    Middle,
    /// In the middle, for much.
    Wide,
    /// At the right edge, as tall as the page.
    Drawer,
    /// At the left edge: the sidebar of a narrow screen.
    LeftDrawer,
}

impl DialogShape {
    fn class(self) -> &'static str {
        match self {
            Self::Middle => "dialog",
            Self::Wide => "dialog wide",
            Self::Drawer => "drawer",
            Self::LeftDrawer => "drawer left",
        }
    }
}

/// A dialog that shows while `open` is true; Escape and a press beside it close it. Its content is made anew each time.
#[component]
pub fn Dialog(
    open: RwSignal<bool>,
    #[prop(into)] title: Signal<String>,
    #[prop(optional)] shape: DialogShape,
    /// Whether it may be closed now; whoever says no sees to what is to be asked first.
    #[prop(optional, into)]
    may_close: Option<Callback<(), bool>>,
    /// The buttons at its foot.
    #[prop(optional, into)]
    foot: Option<ViewFn>,
    children: ChildrenFn,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    let may_close = move || may_close.is_none_or(|may_close| may_close.run(()));
    let close = move || {
        if may_close() {
            open.set(false);
        }
    };
    // What happens to the dialog itself, and to nothing in it.
    let is_own = move |event: &web_sys::Event| {
        let target = event.target();
        dialog
            .get_untracked()
            .is_some_and(|dialog| target.is_some_and(|target| dialog.is_same_node(target.dyn_ref())))
    };
    Effect::new(move || {
        let Some(dialog) = dialog.get() else { return };
        if open.get() && !dialog.open() {
            dialog.show_modal().ok();
        } else if !open.get() && dialog.open() {
            dialog.close();
        }
    });
    view! {
        <dialog
            class=shape.class()
            node_ref=dialog
            aria-label=title
            on:close=move |_| open.set(false)
            on:cancel=move |event: web_sys::Event| {
                if is_own(&event) && !may_close() {
                    event.prevent_default();
                }
            }
            on:click=move |event| {
                // A press on the dialog itself is one beside its content.
                if is_own(&event) {
                    close();
                }
            }
        >
            {move || {
                open.get()
                    .then(|| {
                        view! {
                            <header class="dialog-head">
                                <h2>{title}</h2>
                                <IconButton name=IconName::X label="Close" press=move |_| close() />
                            </header>
                            <div class="dialog-body">{children()}</div>
                            {foot.as_ref().map(|foot| view! { <footer class="dialog-foot">{foot.run()}</footer> })}
                        }
                    })
            }}
        </dialog>
    }
}

/// Asks before something is taken away.
#[component]
pub fn Confirm(
    open: RwSignal<bool>,
    #[prop(into)] title: Signal<String>,
    /// The button's words: what is done.
    #[prop(into)]
    action: String,
    /// Whether what is asked is known yet.
    #[prop(optional, into)]
    ready: Option<Signal<bool>>,
    #[prop(into)] done: Callback<()>,
    children: ChildrenFn,
) -> impl IntoView {
    let action = StoredValue::new(action);
    view! {
        <Dialog
            open
            title
            foot=move || {
                view! {
                    <Button press=move |_| open.set(false)>"Cancel"</Button>
                    <Button
                        kind=ButtonKind::Danger
                        disabled=Signal::derive(move || ready.is_some_and(|ready| !ready.get()))
                        press=move |_| {
                            open.set(false);
                            done.run(());
                        }
                    >
                        {action.get_value()}
                    </Button>
                }
            }
        >
            {children()}
        </Dialog>
    }
}
