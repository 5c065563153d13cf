//! What is pressed.

use leptos::prelude::*;
use web_sys::MouseEvent;

use super::{Icon, IconName};

/// How much a button stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ButtonKind {
    /// The one thing to do next.
    Primary,
    /// Something that can be done.
    #[default]
    Secondary,
    /// Something that is there when it is looked for.
    Quiet,
    /// Something that takes away.
    Danger,
}

/// How large a button is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ButtonSize {
    /// In a row of a table or a bar.
    Small,
    /// Elsewhere.
    #[default]
    Regular,
    /// The main thing on a page.
    Large,
}

impl ButtonKind {
    fn class(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Secondary => "secondary",
            Self::Quiet => "quiet",
            Self::Danger => "danger",
        }
    }
}

impl ButtonSize {
    fn class(self) -> &'static str {
        match self {
            Self::Small => " small",
            Self::Regular => "",
            Self::Large => " large",
        }
    }
}

fn class(kind: ButtonKind, size: ButtonSize, more: &str) -> String {
    format!("button {}{}{more}", kind.class(), size.class())
}

/// A button with words. While `busy` it turns and takes no press. `submit` sends the form around it.
#[component]
pub fn Button(
    #[prop(optional)] kind: ButtonKind,
    #[prop(optional)] size: ButtonSize,
    #[prop(optional, into)] icon: Option<IconName>,
    #[prop(optional)] submit: bool,
    #[prop(optional)] wide: bool,
    #[prop(optional, into)] busy: Signal<bool>,
    #[prop(optional, into)] disabled: Signal<bool>,
    /// Keys that do the same, for the tooltip: `mod+s`.
    #[prop(optional, into)]
    keys: Option<&'static str>,
    #[prop(optional, into)] tip: Option<String>,
    #[prop(optional, into)] press: Option<Callback<MouseEvent>>,
    children: Children,
) -> impl IntoView {
    view! {
        <button
            class=class(kind, size, if wide { " wide" } else { "" })
            type=if submit { "submit" } else { "button" }
            disabled=disabled
            aria-busy=move || busy.get().then_some("true")
            data-tip=tip
            data-keys=keys
            on:click=move |event| {
                if busy.get_untracked() {
                    event.prevent_default();
                } else if let Some(press) = press {
                    press.run(event);
                }
            }
        >
            {move || {
                if busy.get() {
                    view! { <span class="spinner" aria-hidden="true"></span> }.into_any()
                } else {
                    icon.map(|name| view! { <Icon name /> }).into_any()
                }
            }}
            {children()}
        </button>
    }
}

/// A button that is an icon; `label` is what it says, also in its tooltip.
#[component]
pub fn IconButton(
    name: IconName,
    #[prop(into)] label: Signal<String>,
    #[prop(optional)] kind: Option<ButtonKind>,
    #[prop(optional)] size: ButtonSize,
    #[prop(optional, into)] keys: Option<&'static str>,
    #[prop(optional, into)] pressed: Option<Signal<bool>>,
    #[prop(optional, into)] disabled: Signal<bool>,
    #[prop(optional, into)] press: Option<Callback<MouseEvent>>,
) -> impl IntoView {
    view! {
        <button
            class=class(kind.unwrap_or(ButtonKind::Quiet), size, " icon-only")
            type="button"
            aria-label=label
            aria-pressed=move || pressed.map(|pressed| pressed.get().to_string())
            data-tip=label
            data-keys=keys
            disabled=disabled
            on:click=move |event| {
                if let Some(press) = press {
                    press.run(event);
                }
            }
        >
            <Icon name />
        </button>
    }
}

/// A link that looks like a button.
#[component]
pub fn LinkButton(
    #[prop(into)] href: Signal<String>,
    #[prop(optional)] kind: ButtonKind,
    #[prop(optional)] size: ButtonSize,
    #[prop(optional, into)] icon: Option<IconName>,
    children: Children,
) -> impl IntoView {
    view! {
        <a class=class(kind, size, "") href=href>
            {icon.map(|name| view! { <Icon name /> })}
            {children()}
        </a>
    }
}
