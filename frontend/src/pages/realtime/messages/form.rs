//! What to subscribe to, and as whom.

use annex_openapi::collections::{Collection, Field};
use annex_openapi::expression::Purpose;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::asked::{Asked, Other};
use super::tail::{Stand, Tail};
use crate::api::realtime::Link;
use crate::api::use_api;
use crate::pages::acting::{Acting, ActingChoice, As};
use crate::shell::use_catalogue;
use crate::ui::{
    Button, ButtonKind, Card, Checkbox, ErrorNotice, ExpressionEditor, IconName, Select, Subject, TagInput,
    TextInput,
};
use crate::url::UrlQuery;

/// The form of a subscription. What is subscribed to is in the address.
#[component]
pub fn SubscriptionForm(tail: Tail, query: UrlQuery) -> impl IntoView {
    let (api, catalogue) = (use_api(), use_catalogue());
    let asked = Memo::new(move |_| Asked::read(|name| query.get(name)));
    let begun = asked.get_untracked();
    let collection = RwSignal::new(begun.collection.clone());
    let filter = RwSignal::new(begun.filter.clone());
    let fields = RwSignal::new(begun.fields.clone());
    let expand = RwSignal::new(begun.expand.clone());
    let after = RwSignal::new(begun.after.clone());
    let snapshot = RwSignal::new(begun.snapshot);
    let acting = Acting::new();
    match begun.other {
        None => {}
        Some(Other::Nobody) => acting.who.set(As::Nobody),
        Some(Other::Account(id)) => spawn_local(async move {
            // One that is gone cannot be acted as, which is said then.
            if let Ok(user) = api.user(id).await {
                acting.user.try_set(Some(user));
                acting.who.try_set(As::User);
            }
        }),
    }
    // The first one that changes are told of, where none is chosen.
    Effect::new(move || {
        let all = catalogue.all().unwrap_or_default();
        if collection.with_untracked(String::is_empty)
            && let Some(first) = all.iter().find(|one| one.realtime).or(all.first())
        {
            collection.set(first.name.clone());
        }
    });
    if !begun.collection.is_empty() {
        tail.begin(&begun);
    }
    let written = move || Asked {
        collection: collection.get(),
        filter: filter.with(|filter| filter.trim().to_owned()),
        fields: fields.get(),
        expand: expand.get(),
        snapshot: snapshot.get(),
        after: after.with(|after| after.trim().to_owned()),
        other: match (acting.who.get(), acting.user.get()) {
            (As::Nobody, _) => Some(Other::Nobody),
            (As::User, Some(user)) => Some(Other::Account(user.id)),
            (As::Me, _) | (As::User, None) => None,
        },
    };
    let begin = move |asked: Asked| {
        query.replace(&asked.changes());
        tail.begin(&asked);
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        begin(untrack(written));
    };
    let go_on = move |_| {
        if let Some(cursor) = tail.cursor.get_untracked() {
            after.set(cursor.clone());
            begin(Asked { after: cursor, snapshot: false, ..untrack(written) });
        }
    };
    let options = Signal::derive(move || {
        let mut all: Vec<_> = catalogue.all().unwrap_or_default();
        all.sort_by_key(|one| !one.realtime);
        all.into_iter()
            .map(|one| {
                let words =
                    if one.realtime { one.name.clone() } else { format!("{} (realtime off)", one.name) };
                (one.name, words)
            })
            .collect::<Vec<_>>()
    });
    let names = move |wanted: fn(&Field) -> bool| {
        Signal::derive(move || {
            let fields = catalogue.get(&collection.get()).map(|one| one.fields).unwrap_or_default();
            fields.into_iter().filter(wanted).map(|field| field.name).collect::<Vec<_>>()
        })
    };
    let (all, relations) = (names(|_| true), names(|field| field.collection.is_some()));
    let refusal = Signal::derive(move || match tail.stand.get() {
        Stand::Refused(error) => Some(error),
        _ => None,
    });
    let is_begun = move || tail.stand.with(|stand| matches!(stand, Stand::Asked | Stand::Told));
    let sign = move || match (tail.stand.get(), tail.link.get()) {
        (Stand::None, _) => ("live-sign", "Not subscribed"),
        (Stand::Refused(_), _) => ("live-sign is-refused", "Refused"),
        (Stand::Told, _) => ("live-sign is-on", "Live"),
        (Stand::Asked, Link::Lost) => ("live-sign is-lost", "Reconnecting"),
        (Stand::Asked, _) => ("live-sign is-slow", "Connecting"),
    };
    view! {
        <Card
            title="Subscription"
            actions=move || {
                view! {
                    <span class=move || sign().0 role="status">
                        <span class="live-dot" aria-hidden="true"></span>
                        {move || sign().1}
                    </span>
                }
            }
        >
            <form class="form subscription" on:submit=submit>
                <ActingChoice acting words="Subscribe as" />
                <Select label="Collection" value=collection options />
                {move || {
                    let subject = subject(&collection.get(), catalogue);
                    subject
                        .map(|subject| {
                            view! {
                                <ExpressionEditor
                                    label="Filter"
                                    value=filter
                                    subject
                                    hint=Some("What the rows must fulfil; nothing for all that may be seen.".to_owned())
                                />
                            }
                        })
                }}
                <TagInput label="Fields" value=fields placeholder="All that may be read" suggestions=all />
                <TagInput label="Expand" value=expand placeholder="Relations to follow" suggestions=relations />
                <TextInput
                    label="After"
                    value=after
                    mono=true
                    placeholder="A cursor"
                    hint="Everything behind it is told first."
                />
                <Checkbox checked=snapshot change=move |on| snapshot.set(on)>
                    "The rows as they are come first"
                </Checkbox>
                <ErrorNotice error=refusal />
                <div class="form-actions">
                    {move || {
                        (is_begun() && tail.cursor.with(Option::is_some))
                            .then(|| {
                                view! {
                                    <Button icon=IconName::RotateCcw tip="Connects anew and goes on behind the last cursor" press=go_on>
                                        "Resume"
                                    </Button>
                                }
                            })
                    }}
                    {move || {
                        is_begun()
                            .then(|| {
                                view! {
                                    <Button icon=IconName::Square press=move |_| tail.stop()>
                                        "Stop"
                                    </Button>
                                }
                            })
                    }}
                    <Button
                        kind=ButtonKind::Primary
                        icon=IconName::Play
                        submit=true
                        disabled=Signal::derive(move || collection.with(String::is_empty))
                    >
                        "Subscribe"
                    </Button>
                </div>
            </form>
        </Card>
    }
}

/// What the names of a filter mean.
fn subject(name: &str, catalogue: crate::shell::Catalogue) -> Option<Subject> {
    let first: Collection = catalogue.get(name)?;
    let name = name.to_owned();
    let collection = Memo::new(move |before: Option<&Collection>| {
        catalogue.get(&name).or_else(|| before.cloned()).unwrap_or_else(|| first.clone())
    });
    let all = Memo::new(move |_| catalogue.all().unwrap_or_default());
    Some(Subject::new(collection, all, Purpose::Filter { hidden: true }))
}
