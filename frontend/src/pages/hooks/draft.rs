//! A hook as it is being written.

use annex_openapi::hooks::{Hook, HookEvent, HookFailure, HookReplace};
use leptos::prelude::*;

/// What a hook can be asked before, each with its words.
pub const EVENTS: [(HookEvent, &str); 4] = [
    (HookEvent::Create, "A record is created"),
    (HookEvent::Update, "A record is updated"),
    (HookEvent::Delete, "A record is deleted"),
    (HookEvent::Register, "Somebody registers"),
];

/// The fields of a hook's form.
#[derive(Clone, Copy)]
pub struct Draft {
    /// What it is asked before.
    pub events: RwSignal<Vec<HookEvent>>,
    /// The collection; nothing for all.
    pub collection: RwSignal<String>,
    /// Where it is asked.
    pub url: RwSignal<String>,
    /// How long it may take, in milliseconds.
    pub timeout: RwSignal<String>,
    /// What becomes of the write where it does not answer.
    pub on_failure: RwSignal<String>,
    /// Whether it is asked.
    pub enabled: RwSignal<bool>,
}

impl Draft {
    /// A new hook.
    pub fn empty() -> Self {
        Self {
            events: RwSignal::new(vec![HookEvent::Create]),
            collection: RwSignal::default(),
            url: RwSignal::default(),
            timeout: RwSignal::new("5000".to_owned()),
            on_failure: RwSignal::new(HookFailure::default().as_str().to_owned()),
            enabled: RwSignal::new(true),
        }
    }

    /// A hook as it is.
    pub fn of(hook: &Hook) -> Self {
        let draft = Self::empty();
        draft.events.set(hook.events.clone());
        draft.collection.set(hook.collection.clone().unwrap_or_default());
        draft.url.set(hook.url.clone());
        draft.timeout.set(hook.timeout_ms.to_string());
        draft.on_failure.set(hook.on_failure.as_str().to_owned());
        draft.enabled.set(hook.enabled);
        draft
    }

    /// The hook as it is written; `None` where that cannot be read.
    pub fn read(self) -> Option<HookReplace> {
        let url = self.url.with(|url| url.trim().to_owned());
        let events = self.events.get();
        let timeout_ms = self.timeout.with(|text| text.trim().parse().ok())?;
        let on_failure = [HookFailure::Refuse, HookFailure::Allow]
            .into_iter()
            .find(|way| self.on_failure.with(|chosen| chosen == way.as_str()))?;
        let collection = Some(self.collection.get()).filter(|name| !name.is_empty());
        let is_said = !events.is_empty() && !url.is_empty();
        let enabled = Some(self.enabled.get());
        is_said.then_some(HookReplace {
            events,
            collection,
            url,
            timeout_ms: Some(timeout_ms),
            on_failure,
            enabled,
        })
    }

    /// Adds an event, or takes it out.
    pub fn toggle(self, event: HookEvent, on: bool) {
        self.events.update(|events| {
            events.retain(|own| *own != event);
            if on {
                events.push(event);
                events.sort_unstable();
            }
        });
    }
}
