//! What is told, as it comes.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use annex_openapi::realtime::EventType;
use leptos::prelude::*;

use super::asked::Asked;
use super::ring::{Kind, Ring};
use crate::api::realtime::{Connection, Following, Link, Message, Op, Told, Who, problem};
use crate::api::{Api, ApiError};

/// How long messages are gathered before they show, in milliseconds.
const GATHER: u64 = 120;

/// How a subscription stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Stand {
    /// There is none.
    None,
    /// It is asked for.
    Asked,
    /// What comes is told.
    Told,
    /// It was refused.
    Refused(ApiError),
}

/// One subscription, and what it was told.
#[derive(Clone, Copy)]
pub struct Tail {
    api: Api,
    /// The messages that show.
    pub ring: RwSignal<Ring>,
    /// How the connection is.
    pub link: RwSignal<Link>,
    /// How the subscription stands.
    pub stand: RwSignal<Stand>,
    /// Where in the log the last message was.
    pub cursor: RwSignal<Option<String>>,
    /// Whether what shows stays as it is.
    pub paused: RwSignal<bool>,
    /// How many have come since.
    pub waiting: RwSignal<u64>,
    state: StoredValue<Rc<State>, LocalStorage>,
}

#[derive(Default)]
struct State {
    following: RefCell<Option<Following>>,
    turn: Cell<u32>,
    /// All that came, also what does not show yet.
    ring: RefCell<Ring>,
    is_due: Cell<bool>,
}

impl Tail {
    /// No subscription yet.
    pub fn new(api: Api) -> Self {
        let this = Self {
            api,
            ring: RwSignal::new(Ring::default()),
            link: RwSignal::new(Link::Connecting),
            stand: RwSignal::new(Stand::None),
            cursor: RwSignal::new(None),
            paused: RwSignal::new(false),
            waiting: RwSignal::new(0),
            state: StoredValue::new_local(Rc::default()),
        };
        Effect::new(move || {
            if !this.paused.get() {
                this.show();
            }
        });
        on_cleanup(move || this.hang_up());
        this
    }

    fn hang_up(self) {
        if let Some(state) = self.state.try_get_value() {
            state.turn.set(state.turn.get() + 1);
            let left = state.following.take();
            drop(left);
        }
    }

    /// Ends the subscription.
    pub fn stop(self) {
        self.hang_up();
        self.stand.set(Stand::None);
        self.note("stopped", "");
    }

    /// Forgets what was told.
    pub fn clear(self) {
        if let Some(state) = self.state.try_get_value() {
            state.ring.borrow_mut().clear();
            self.show();
        }
    }

    /// Begins a subscription in place of the one before.
    pub fn begin(self, asked: &Asked) {
        self.hang_up();
        let Some(state) = self.state.try_get_value() else { return };
        self.stand.set(Stand::Asked);
        self.cursor.set(None);
        let turn = state.turn.get();
        let hear = move |told: Told<'_>| {
            if self.state.try_get_value().is_some_and(|state| state.turn.get() == turn) {
                self.hear(told);
            }
        };
        let wanted = asked.subscribe();
        // What it is called is the connection's matter.
        let sent = serde_json::to_string(&wanted).unwrap_or_default().replacen(r#""id":"","#, "", 1);
        self.note("subscribe", &sent);
        let following = match asked.who() {
            Who::Session => self.api.realtime().follow(wanted, hear),
            who => Connection::new(self.api, who).follow(wanted, hear),
        };
        *state.following.borrow_mut() = Some(following);
    }

    fn hear(self, told: Told<'_>) {
        match told {
            Told::Link(link) => {
                if self.link.get_untracked() != link {
                    match link {
                        Link::Open => self.note("connected", ""),
                        Link::Lost => self.note("connection lost", ""),
                        Link::Connecting => {}
                    }
                }
                self.link.set(link);
                if link != Link::Open && self.stand.with_untracked(|stand| *stand == Stand::Told) {
                    self.stand.set(Stand::Asked);
                }
            }
            Told::Failed(error) => self.stand.set(Stand::Refused(error.clone())),
            Told::Message(message, text) => self.message(&message, text),
        }
    }

    fn message(self, message: &Message<'_>, text: &str) {
        let (kind, name) = match (message.op, message.event()) {
            (Op::Event, Some(EventType::Enter)) => (Kind::Enter, "enter"),
            (Op::Event, Some(EventType::Update)) => (Kind::Update, "update"),
            (Op::Event, Some(EventType::Leave)) => (Kind::Leave, "leave"),
            (Op::Snapshot, _) => (Kind::Snapshot, "snapshot"),
            (Op::Subscribed, _) => (Kind::Control, "subscribed"),
            (Op::Unsubscribed, _) => (Kind::Control, "unsubscribed"),
            (Op::Authenticated, _) => (Kind::Control, "authenticated"),
            (Op::Resync, _) => (Kind::Trouble, "resync"),
            (Op::Error, _) => (Kind::Trouble, "error"),
            _ => (Kind::Control, "message"),
        };
        match message.op {
            Op::Subscribed => self.stand.set(Stand::Told),
            Op::Resync => self.stand.set(Stand::Asked),
            Op::Error if message.id.is_some() => self.stand.set(Stand::Refused(problem(text))),
            _ => {}
        }
        if message.cursor.is_some() {
            self.cursor.set(message.cursor.clone());
        }
        self.push(kind, name, message.cursor.clone(), text);
    }

    fn note(self, name: &str, text: &str) {
        self.push(Kind::Note, name, None, text);
    }

    fn push(self, kind: Kind, name: &str, cursor: Option<String>, text: &str) {
        let Some(state) = self.state.try_get_value() else { return };
        let at = js_sys::Date::now() as u64;
        state.ring.borrow_mut().push(at, kind, name.to_owned(), cursor, text);
        if !state.is_due.replace(true) {
            let later = move || {
                if let Some(state) = self.state.try_get_value() {
                    state.is_due.set(false);
                    if self.paused.get_untracked() {
                        let shown = self.ring.with_untracked(|ring| ring.count);
                        self.waiting.set(state.ring.borrow().count - shown);
                    } else {
                        self.show();
                    }
                }
            };
            set_timeout(later, Duration::from_millis(GATHER));
        }
    }

    /// Shows all that came.
    fn show(self) {
        if let Some(state) = self.state.try_get_value() {
            let ring = state.ring.borrow().clone();
            self.ring.set(ring);
            self.waiting.set(0);
        }
    }
}
