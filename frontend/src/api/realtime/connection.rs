//! The connection: made when something is followed, made again where it is lost, closed when nothing is followed any more.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};

use annex_openapi::realtime::{Authenticate, ClientMessage, Ping, Subscribe, Unsubscribe};
use gloo_timers::future::TimeoutFuture;
use leptos::ev;
use leptos::prelude::{WindowListenerHandle, document, window_event_listener};
use leptos::task::spawn_local;

use super::message::{Message, Op, problem};
use super::socket::{Heard, Socket};
use super::{Link, Told, Who, retry};
use crate::api::{Api, ApiError, Token};

/// How often it is looked whether the token is still fresh and the server still there, in milliseconds.
const BEAT: u32 = 3000;
/// After how long without a word the server is asked whether it is there.
const QUIET: f64 = 20_000.0;
/// How long it has to answer.
const PATIENCE: f64 = 10_000.0;
/// How long a connection that nobody follows anything on is kept: pages that follow each other use the same.
const LINGER: u32 = 3000;
/// When something that the server could not begin just now is asked for again.
const AGAIN: u32 = 5000;

/// The close code of a session or token that has ended.
const UNAUTHENTICATED: u16 = 4401;

type Hear = Rc<dyn Fn(Told<'_>)>;

/// A connection to the server.
pub struct Connection {
    api: Api,
    who: Who,
    state: RefCell<State>,
    own: Weak<Self>,
    listeners: Vec<WindowListenerHandle>,
}

#[derive(Default)]
struct State {
    link: Link,
    socket: Option<Socket>,
    /// Which attempt to connect is the last: what is heard of an earlier one is nothing.
    turn: u32,
    /// Whether it is there, or is to be.
    is_wanted: bool,
    failures: u32,
    token: Option<Token>,
    /// When the server was last heard, and when it was asked whether it is there.
    heard: f64,
    asked: Option<f64>,
    followed: BTreeMap<String, Followed>,
    next: u32,
}

struct Followed {
    wanted: Subscribe,
    hear: Hear,
}

/// Something that is followed, for as long as this lives.
pub struct Following {
    connection: Rc<Connection>,
    id: String,
}

impl Drop for Following {
    fn drop(&mut self) {
        self.connection.leave(&self.id);
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.listeners.drain(..).for_each(WindowListenerHandle::remove);
    }
}

impl Connection {
    /// A connection as somebody; it is not made yet.
    pub fn new(api: Api, who: Who) -> Rc<Self> {
        Rc::new_cyclic(|own: &Weak<Self>| {
            let hurry = {
                let own = own.clone();
                move || {
                    if let Some(own) = own.upgrade().filter(|_| !document().hidden()) {
                        own.hurry();
                    }
                }
            };
            let listeners = vec![
                window_event_listener(ev::online, {
                    let hurry = hurry.clone();
                    move |_| hurry()
                }),
                window_event_listener(ev::visibilitychange, move |_| hurry()),
            ];
            Self { api, who, state: RefCell::default(), own: own.clone(), listeners }
        })
    }

    /// Follows the rows of a collection; what it is called is the connection's matter. Where the connection is lost it goes on behind
    /// the last cursor, and what must begin anew begins anew by itself, once it was said.
    pub fn follow(&self, mut wanted: Subscribe, hear: impl Fn(Told<'_>) + 'static) -> Following {
        let connection = self.own.upgrade().expect("a connection lives while it is used");
        let (id, link, is_wanted) = {
            let mut state = self.state.borrow_mut();
            state.next += 1;
            wanted.id = state.next.to_string();
            let id = wanted.id.clone();
            state.followed.insert(id.clone(), Followed { wanted, hear: Rc::new(hear) });
            (id, state.link, std::mem::replace(&mut state.is_wanted, true))
        };
        self.tell(&id, || Told::Link(link));
        if is_wanted {
            self.subscribe(&id);
        } else {
            self.connect(false);
        }
        Following { connection, id }
    }

    fn leave(&self, id: &str) {
        let (_left, is_last) = {
            let mut state = self.state.borrow_mut();
            let left = state.followed.remove(id);
            if left.is_some() && state.link == Link::Open {
                state.send(&ClientMessage::Unsubscribe(Unsubscribe { id: id.to_owned() }));
            }
            (left, state.followed.is_empty())
        };
        let Some(this) = self.own.upgrade().filter(|_| is_last) else { return };
        spawn_local(async move {
            TimeoutFuture::new(LINGER).await;
            let mut state = this.state.borrow_mut();
            if state.followed.is_empty() {
                (state.is_wanted, state.link) = (false, Link::Connecting);
                (state.turn, state.failures) = (state.turn + 1, 0);
                state.hang_up();
            }
        });
    }

    /// Makes the connection, as another attempt than all before.
    fn connect(&self, is_in_doubt: bool) {
        let Some(this) = self.own.upgrade() else { return };
        let (turn, kept) = {
            let mut state = self.state.borrow_mut();
            state.turn += 1;
            (state.turn, state.token.take().filter(|token| !token.is_stale() && !is_in_doubt))
        };
        spawn_local(async move {
            let token = match kept.filter(|_| this.who != Who::Session) {
                Some(token) => Ok(Some(token)),
                None => this.who.token(this.api, is_in_doubt).await,
            };
            let origin = this.api.origin().await;
            if this.state.borrow().turn != turn {
                return;
            }
            match (token, origin) {
                (Ok(token), Ok(origin)) => this.open(turn, &origin, token),
                // Nobody can be connected as: that is so until somebody wants it again.
                (Err(error), _)
                    if error == ApiError::SignedOut || matches!(error.status(), Some(400..=428)) =>
                {
                    this.state.borrow_mut().is_wanted = false;
                    this.link(Link::Lost);
                    this.tell_all(|| Some(Told::Failed(&error)));
                }
                _ => this.lost(turn, false),
            }
        });
    }

    fn open(&self, turn: u32, origin: &str, token: Option<Token>) {
        let own = self.own.clone();
        let hear = move |heard: Heard<'_>| {
            let Some(this) = own.upgrade().filter(|this| this.state.borrow().turn == turn) else { return };
            match heard {
                Heard::Open => this.opened(turn),
                Heard::Text(text) => this.heard(text),
                Heard::Closed(code) => this.lost(turn, code == UNAUTHENTICATED),
            }
        };
        let socket = Socket::open(origin, token.as_ref().map(|token| token.text.as_str()), hear);
        let mut state = self.state.borrow_mut();
        state.token = token;
        match socket {
            Ok(socket) => state.socket = Some(socket),
            Err(_) => {
                drop(state);
                self.lost(turn, false);
            }
        }
    }

    fn opened(&self, turn: u32) {
        let ids: Vec<String> = {
            let mut state = self.state.borrow_mut();
            (state.failures, state.heard, state.asked) = (0, js_sys::Date::now(), None);
            state.followed.keys().cloned().collect()
        };
        self.link(Link::Open);
        ids.iter().for_each(|id| self.subscribe(id));
        let own = self.own.clone();
        spawn_local(async move {
            loop {
                TimeoutFuture::new(BEAT).await;
                let Some(this) = own.upgrade() else { return };
                if this.state.borrow().turn != turn || this.state.borrow().link != Link::Open {
                    return;
                }
                this.beat(turn).await;
            }
        });
    }

    /// Gives the server a new token before the old one ends, and finds out whether it is still there.
    async fn beat(&self, turn: u32) {
        let token = self.state.borrow().token.clone();
        if let Some(token) = token {
            // What fails is tried again at the next beat; a session that is over ends all this.
            let next = self.who.next(self.api, &token).await.ok().flatten();
            let mut state = self.state.borrow_mut();
            if state.turn != turn {
                return;
            }
            if let Some(next) = next {
                state.send(&ClientMessage::Auth(Authenticate { token: next.text.clone() }));
                state.token = Some(next);
            }
        }
        let mut state = self.state.borrow_mut();
        let now = js_sys::Date::now();
        match state.asked {
            Some(asked) if state.heard >= asked => state.asked = None,
            Some(asked) if now - asked > PATIENCE => {
                state.hang_up();
                drop(state);
                self.lost(turn, false);
            }
            None if now - state.heard > QUIET => {
                state.asked = Some(now);
                state.send(&ClientMessage::Ping(Ping {}));
            }
            _ => {}
        }
    }

    /// The connection is lost, or could not be made: it is tried again after a while.
    fn lost(&self, turn: u32, is_token: bool) {
        let wait = {
            let mut state = self.state.borrow_mut();
            if state.turn != turn {
                return;
            }
            state.turn += 1;
            state.hang_up();
            let wait = retry::wait(state.failures, js_sys::Math::random());
            state.failures += 1;
            wait
        };
        self.link(Link::Lost);
        let (own, turn) = (self.own.clone(), turn + 1);
        spawn_local(async move {
            TimeoutFuture::new(wait).await;
            let Some(this) = own.upgrade() else { return };
            let (is_current, failures) = {
                let state = this.state.borrow();
                (state.turn == turn && state.is_wanted, state.failures)
            };
            if is_current {
                // A handshake that is refused looks as one that nobody answers.
                this.connect(is_token || failures > 1);
            }
        });
    }

    /// Tries again at once where it is waited for another attempt.
    fn hurry(&self) {
        let is_lost = {
            let mut state = self.state.borrow_mut();
            let is_lost = state.is_wanted && state.link == Link::Lost && state.socket.is_none();
            if is_lost {
                state.failures = 0;
            }
            is_lost
        };
        if is_lost {
            self.connect(true);
        }
    }

    fn subscribe(&self, id: &str) {
        let mut state = self.state.borrow_mut();
        let wanted = state.followed.get(id).map(|followed| followed.wanted.clone());
        if let Some(mut wanted) = wanted.filter(|_| state.link == Link::Open) {
            // What was told once goes on behind that.
            wanted.snapshot &= wanted.after.is_none();
            state.send(&ClientMessage::Subscribe(wanted));
        }
    }

    fn heard(&self, text: &str) {
        self.state.borrow_mut().heard = js_sys::Date::now();
        let Some(message) = Message::read(text) else { return };
        let Some(id) = message.id.clone() else {
            if message.op != Op::Pong {
                self.tell_all(|| Message::read(text).map(|message| Told::Message(message, text)));
            }
            return;
        };
        let anew = self.note(&id, &message, text);
        self.tell(&id, || Told::Message(message, text));
        let own = self.own.clone();
        if let Some(after) = anew {
            spawn_local(async move {
                TimeoutFuture::new(after).await;
                if let Some(own) = own.upgrade() {
                    own.subscribe(&id);
                }
            });
        }
    }

    /// Takes note of where something stands; after how many milliseconds to begin it anew, where it has to.
    fn note(&self, id: &str, message: &Message<'_>, text: &str) -> Option<u32> {
        let mut state = self.state.borrow_mut();
        let wanted = &mut state.followed.get_mut(id)?.wanted;
        match message.op {
            Op::Resync => {
                wanted.after = None;
                Some(0)
            }
            Op::Error => match problem(text) {
                ApiError::Problem { problem, .. } if problem.code == "invalid_cursor" => {
                    wanted.after.take().map(|_| 0)
                }
                error => error.status().is_some_and(|status| status >= 500 || status == 429).then_some(AGAIN),
            },
            Op::Subscribed | Op::Event => {
                wanted.after.clone_from(&message.cursor);
                None
            }
            _ => None,
        }
    }

    fn link(&self, link: Link) {
        let is_other = std::mem::replace(&mut self.state.borrow_mut().link, link) != link;
        if is_other {
            self.tell_all(|| Some(Told::Link(link)));
        }
    }

    /// Tells one follower, which may follow and leave what it wants meanwhile.
    fn tell<'a>(&self, id: &str, told: impl FnOnce() -> Told<'a>) {
        let hear = self.state.borrow().followed.get(id).map(|followed| followed.hear.clone());
        if let Some(hear) = hear {
            hear(told());
        }
    }

    fn tell_all<'a>(&self, told: impl Fn() -> Option<Told<'a>>) {
        let all: Vec<Hear> =
            self.state.borrow().followed.values().map(|followed| followed.hear.clone()).collect();
        for hear in all {
            if let Some(told) = told() {
                hear(told);
            }
        }
    }
}

impl State {
    fn send(&mut self, message: &ClientMessage) {
        if let Some(socket) = &self.socket {
            socket.send(&serde_json::to_string(message).expect("the contract's types have JSON forms"));
        }
    }

    fn hang_up(&mut self) {
        self.socket = None;
    }
}
