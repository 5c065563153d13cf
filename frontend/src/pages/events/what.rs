//! The fields that say what something waits for.

use annex_openapi::collections::Collection;
use annex_openapi::events::EventType;
use annex_openapi::expression::Purpose;
use leptos::prelude::*;

use super::event_words;
use crate::shell::use_catalogue;
use crate::ui::{Checkbox, ExpressionEditor, Select, Subject, Submission};

/// What something waits for, as it is being written.
#[derive(Clone, Copy)]
pub struct What {
    /// What happens.
    pub events: RwSignal<Vec<EventType>>,
    /// The collection whose rows it is about.
    pub collection: RwSignal<String>,
    /// What the row must fulfil.
    pub condition: RwSignal<String>,
}

impl What {
    /// That records are created.
    pub fn empty() -> Self {
        Self {
            events: RwSignal::new(vec![EventType::RecordCreated]),
            collection: RwSignal::default(),
            condition: RwSignal::default(),
        }
    }

    /// As it is.
    pub fn of(events: &[EventType], collection: Option<&str>, condition: Option<&str>) -> Self {
        Self {
            events: RwSignal::new(events.to_vec()),
            collection: RwSignal::new(collection.unwrap_or_default().to_owned()),
            condition: RwSignal::new(condition.unwrap_or_default().to_owned()),
        }
    }

    fn is_about_records(self) -> bool {
        self.events.with(|events| events.iter().any(|event| event.is_about_records()))
    }

    /// What is written: the events, the collection and the condition; `None` where something is missing.
    pub fn read(self) -> Option<(Vec<EventType>, Option<String>, Option<String>)> {
        let events = self.events.get();
        let filled = |text: RwSignal<String>| {
            let text = text.with(|text| text.trim().to_owned());
            Some(text).filter(|text| !text.is_empty() && self.is_about_records())
        };
        let collection = filled(self.collection);
        let is_whole = !events.is_empty() && (collection.is_some() || !self.is_about_records());
        is_whole.then(|| (events, collection, filled(self.condition)))
    }

    fn toggle(self, event: EventType, on: bool) {
        self.events.update(|events| {
            events.retain(|own| *own != event);
            if on {
                events.push(event);
                events.sort_unstable();
            }
        });
    }
}

/// The fields that say what something waits for.
#[component]
pub fn WhatFields(
    what: What,
    /// What is done then: `Told of`.
    legend: &'static str,
    submission: Submission,
) -> impl IntoView {
    let catalogue = use_catalogue();
    let collections = Signal::derive(move || {
        let none = (String::new(), "Choose a collection".to_owned());
        let all = catalogue.all().unwrap_or_default().into_iter().map(|own| (own.name.clone(), own.name));
        std::iter::once(none).chain(all).collect::<Vec<_>>()
    });
    let wrong_events = submission.at("/events");
    let about_records = Memo::new(move |_| what.is_about_records());
    let chosen = Memo::new(move |_| catalogue.get(&what.collection.get()).map(|found| found.name));
    view! {
        <fieldset class="hook-events">
            <legend>{legend}</legend>
            {EventType::ALL
                .into_iter()
                .map(|event| {
                    view! {
                        <Checkbox
                            checked=Signal::derive(move || what.events.with(|events| events.contains(&event)))
                            change=move |on| what.toggle(event, on)
                        >
                            {event_words(event)}
                        </Checkbox>
                    }
                })
                .collect_view()}
            {move || wrong_events.get().map(|error| view! { <p class="field-error">{error}</p> })}
        </fieldset>
        <Show when=move || about_records.get()>
            <Select label="Collection" value=what.collection options=collections error=submission.at("/collection") />
            {move || {
                chosen
                    .get()
                    .and_then(|name| catalogue.get(&name))
                    .map(|first| {
                        view! {
                            <ExpressionEditor
                                label="Condition"
                                value=what.condition
                                subject=subject(first)
                                hint=Some("What the row must fulfil; nothing for every row.".to_owned())
                                error=submission.at("/condition")
                            />
                        }
                    })
            }}
        </Show>
    }
}

/// What the names of a condition mean.
fn subject(first: Collection) -> Subject {
    let catalogue = use_catalogue();
    let collection = Memo::new(move |before: Option<&Collection>| {
        catalogue.get(&first.name).or_else(|| before.cloned()).unwrap_or_else(|| first.clone())
    });
    let all = Memo::new(move |_| catalogue.all().unwrap_or_default());
    Subject::new(collection, all, Purpose::Filter { hidden: true })
}
