//! Light or dark: what was chosen in this browser, or else what its system says.

use leptos::prelude::*;

use crate::browser;

/// Where the choice is kept; `js/main.js` reads it before the console starts.
const KEY: &str = "annex.theme";

/// What was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// As the system has it.
    System,
    /// Dark words on a light page.
    Light,
    /// Light words on a dark page.
    Dark,
}

impl Theme {
    fn name(self) -> Option<&'static str> {
        match self {
            Self::System => None,
            Self::Light => Some("light"),
            Self::Dark => Some("dark"),
        }
    }
}

/// The theme of this browser.
#[derive(Clone, Copy)]
pub struct Appearance(RwSignal<Theme>);

/// The theme, to be read and chosen.
pub fn use_appearance() -> Appearance {
    expect_context()
}

impl Appearance {
    /// What was chosen before.
    pub(super) fn kept() -> Self {
        let kept = browser::stored(KEY);
        let theme = [Theme::Light, Theme::Dark].into_iter().find(|theme| theme.name() == kept.as_deref());
        Self(RwSignal::new(theme.unwrap_or(Theme::System)))
    }

    /// What is chosen.
    pub fn theme(self) -> Theme {
        self.0.get()
    }

    /// Chooses it, now and for later.
    pub fn choose(self, theme: Theme) {
        self.0.set(theme);
        browser::store(KEY, theme.name());
        browser::set_root_attribute("data-theme", theme.name());
    }
}
