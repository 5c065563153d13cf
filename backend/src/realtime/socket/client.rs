//! One client, from its connection to its end.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::HttpRequest;
use actix_web::web::Data;
use annex_openapi::realtime::{
    Authenticated, ClientMessage, ErrorMessage, Follow, Pong, Resync, ResyncReason, ServerMessage, Subscribe,
    Unsubscribed,
};
use secrecy::{ExposeSecret, SecretString};
use time::OffsetDateTime;
use tokio::task::{AbortHandle, Id as TaskId, JoinError, JoinSet};

use super::MOST_SUBSCRIPTIONS;
use super::jobs::Followed;
use super::reading::{Reading, Said};
use super::subscribe::Subscriber;
use crate::app::App;
use crate::db::{Lanes, Share};
use crate::extract::{Caller, Party};
use crate::problem::{Code, Problem, Result};
use crate::realtime::feed::FeedState;
use crate::realtime::hub::{Command, ConnectionId, Outbox};

/// The session has ended, or its token (after HTTP's 401).
const UNAUTHENTICATED: u16 = 4401;
/// The server ends.
const GOING_AWAY: u16 = 1001;
/// The client does what it may not.
pub(super) const POLICY: u16 = 1008;
/// Nothing is wrong.
const NORMAL: u16 = 1000;
/// The server has a fault.
const INTERNAL_ERROR: u16 = 1011;

/// How often the client is asked whether it is there, and when it was to have answered.
const PING: Duration = Duration::from_secs(25);
const SILENCE: Duration = Duration::from_secs(75);

/// How often it is looked whether a session still lasts, where the log does not tell: that of an admin who acts as the account, or
/// where the log is not read.
const RECHECK: Duration = Duration::from_secs(4);

/// The messages that a client may send at once, and in a second.
const BURST: f64 = 100.0;
const RATE: f64 = 20.0;

/// What there is under a name: rows, or a job.
#[derive(Debug, Default)]
struct Subscription {
    /// Whether one has begun.
    began: bool,
    /// One that is to begin, in place of it.
    beginning: Option<AbortHandle>,
}

/// One client.
#[derive(Debug)]
pub struct Client {
    pub(super) id: ConnectionId,
    pub(super) outbox: Arc<Outbox>,
    pub(super) app: Data<App>,
    pub(super) lanes: Data<Lanes>,
    party: Party,
    pub(super) caller: Caller,
    /// Until when the client's token counts.
    until: Option<OffsetDateTime>,
    subscriptions: HashMap<String, Subscription>,
    /// Subscriptions that are to begin, by what the client calls them.
    beginning: JoinSet<(String, Result<()>)>,
    /// The subscriptions that are about jobs.
    pub(super) followed: Followed,
    heard: Instant,
    /// The messages that the client may send now.
    allowance: (f64, Instant),
    /// The newest question who the client is that was answered.
    answered: u64,
}

impl Client {
    /// A client that is nobody.
    pub fn new(id: ConnectionId, outbox: Arc<Outbox>, app: Data<App>, lanes: Data<Lanes>) -> Self {
        let now = Instant::now();
        Self {
            id,
            outbox,
            app,
            lanes,
            party: Party::Network(Ipv4Addr::UNSPECIFIED.into()),
            caller: Caller::ANONYMOUS,
            until: None,
            subscriptions: HashMap::new(),
            beginning: JoinSet::new(),
            followed: Followed::default(),
            heard: now,
            allowance: (BURST, now),
            answered: 0,
        }
    }

    /// Begins with whoever the request says the client is; gives that party's right to be connected.
    ///
    /// # Errors
    /// `invalid_token`, `too_many_requests` where the party has too many connections.
    pub async fn begin(
        &mut self,
        request: &HttpRequest,
        caller: Caller,
        token: Option<SecretString>,
    ) -> Result<Share> {
        let bearer = request.headers().get("authorization").and_then(|value| value.to_str().ok());
        let bearer =
            bearer.and_then(|value| value.split_once(' ')).map(|(_, token)| SecretString::from(token));
        if let Some(token) = token.or(bearer.filter(|_| caller.identity().is_some())) {
            let (identity, until) = self.app.auth.identify_until(token.expose_secret(), &self.app).await?;
            self.caller = Caller::new(identity);
            self.until = Some(until);
        }
        self.party = Party::of(request, &self.caller, &self.app.config.server.trusted_proxies);
        let share = self.app.realtime.connections.try_take(self.party)?;
        self.app.realtime.tell(Command::Connect {
            id: self.id,
            outbox: Arc::clone(&self.outbox),
            caller: self.caller.clone(),
            at: self.app.clock.now(),
        });
        Ok(share)
    }

    /// Serves the client until it goes, or must.
    pub async fn serve(mut self, mut reading: Option<Reading>) {
        let mut ping = tokio::time::interval(PING);
        ping.tick().await;
        let mut recheck = tokio::time::interval(RECHECK);
        let draining = self.app.realtime.ending.clone();
        while !self.outbox.is_closed() {
            let until = self.left();
            tokio::select! {
                said = read(&mut reading) => self.hear(said).await,
                Some(begun) = self.beginning.join_next_with_id() => self.begun(begun),
                () = self.outbox.called.notified() => self.look().await,
                () = tokio::time::sleep(until) => self.end_where_over(),
                _ = recheck.tick(), if self.is_rechecked() => self.recheck().await,
                _ = ping.tick() => {
                    if reading.is_some() && self.heard.elapsed() > SILENCE {
                        self.outbox.close(NORMAL);
                    }
                    self.outbox.ping();
                }
                () = draining.cancelled() => self.outbox.close(GOING_AWAY),
            }
        }
    }

    /// How long the client's token still counts.
    fn left(&self) -> Duration {
        let left = self.until.map(|until| until - self.app.clock.now());
        left.map_or(PING, |left| left.try_into().unwrap_or(Duration::ZERO).min(PING))
    }

    fn end_where_over(&mut self) {
        if self.until.is_some_and(|until| until <= self.app.clock.now()) {
            let problem = Problem::new(Code::InvalidToken, "The access token has ended")
                .with_hint("Send `auth` with a new token before the old one ends");
            self.refuse(None, &problem);
            self.outbox.close(UNAUTHENTICATED);
        }
    }

    async fn hear(&mut self, said: Said) {
        self.heard = Instant::now();
        self.end_where_over();
        if self.outbox.is_closed() {
            return;
        }
        match said {
            Said::Text(text) => {
                if !self.may_speak() {
                    let problem = Problem::new(Code::TooManyRequests, "Too many messages came at once");
                    self.refuse(None, &problem);
                    return self.outbox.close(POLICY);
                }
                match serde_json::from_str(&text) {
                    Ok(message) => self.message(message).await,
                    Err(error) => {
                        let detail = format!("The message cannot be read: {error}");
                        self.refuse(None, &Problem::new(Code::InvalidJson, detail));
                    }
                }
            }
            Said::Ping(payload) => self.outbox.pong(&payload),
            Said::Pong => {}
            Said::Goodbye => self.outbox.close(NORMAL),
            Said::Wrong(code) => self.outbox.close(code),
        }
    }

    /// Whether the client may send one more message now.
    fn may_speak(&mut self) -> bool {
        let (left, at) = self.allowance;
        let left = (left + at.elapsed().as_secs_f64() * RATE).min(BURST) - 1.0;
        self.allowance = (left.max(0.0), Instant::now());
        left >= 0.0
    }

    async fn message(&mut self, message: ClientMessage) {
        match message {
            ClientMessage::Auth(auth) => self.authenticate(auth.token.into()).await,
            ClientMessage::Subscribe(subscribe) => {
                let id = subscribe.id.clone();
                if let Err(problem) = self.subscribe(subscribe) {
                    self.refuse(Some(&id), &problem);
                }
            }
            ClientMessage::Unsubscribe(unsubscribe) => {
                let ended = self.subscriptions.remove(&unsubscribe.id);
                ended.and_then(|ended| ended.beginning).inspect(AbortHandle::abort);
                self.followed.end(&unsubscribe.id);
                let id = unsubscribe.id.as_str().into();
                self.app.realtime.tell(Command::Unsubscribe { connection: self.id, id });
                self.send(&ServerMessage::Unsubscribed(Unsubscribed { id: unsubscribe.id }));
            }
            ClientMessage::Follow(follow) => {
                let id = follow.id.clone();
                if let Err(problem) = self.take_job(&follow).await {
                    self.refuse(Some(&id), &problem);
                }
            }
            ClientMessage::Join(join) => self.join(join).await,
            ClientMessage::Leave(leave) => self.leave(leave),
            ClientMessage::Broadcast(broadcast) => self.broadcast(broadcast).await,
            ClientMessage::Presence(presence) => self.presence(presence),
            ClientMessage::Ping(_) => self.send(&ServerMessage::Pong(Pong {})),
        }
    }

    async fn take_job(&mut self, asked: &Follow) -> Result<()> {
        let subscription = self.reserve(&asked.id)?;
        subscription.beginning.take().inspect(AbortHandle::abort);
        subscription.began = true;
        let id = asked.id.as_str().into();
        self.app.realtime.tell(Command::Unsubscribe { connection: self.id, id });
        let followed = self.follow(asked).await;
        if followed.is_err() {
            self.subscriptions.remove(&asked.id);
        }
        followed
    }

    /// Takes a name for a subscription. A job that is followed under it is not any more.
    fn reserve(&mut self, id: &str) -> Result<&mut Subscription> {
        if id.is_empty() || id.len() > 64 {
            return Err(Problem::new(Code::ValidationFailed, "`id` must be a text of 1 to 64 bytes"));
        }
        self.followed.end(id);
        for ended in self.followed.take_ended() {
            self.subscriptions.remove(&ended);
        }
        for over in self.outbox.take_over() {
            // One of the same name may be about to begin.
            if self.subscriptions.get(&*over).is_some_and(|one| one.beginning.is_none()) {
                self.subscriptions.remove(&*over);
            }
        }
        if !self.subscriptions.contains_key(id) && self.subscriptions.len() >= MOST_SUBSCRIPTIONS {
            let detail = format!("A connection has at most {MOST_SUBSCRIPTIONS} subscriptions");
            return Err(Problem::new(Code::TooManyRequests, detail));
        }
        Ok(self.subscriptions.entry(id.to_owned()).or_default())
    }

    /// Who subscriptions are of that begin now.
    pub fn subscriber(&self) -> Subscriber {
        Subscriber {
            connection: self.id,
            app: self.app.clone(),
            lanes: self.lanes.clone(),
            party: self.party,
            caller: self.caller.clone(),
        }
    }

    /// Has a subscription begin beside what else the client says: that may have to wait for the log, or for rows.
    fn subscribe(&mut self, asked: Subscribe) -> Result<()> {
        let (id, subscriber) = (asked.id.clone(), self.subscriber());
        self.reserve(&id)?;
        let beginning = self.beginning.spawn_local(async move {
            let begun = subscriber.subscribe(&asked).await;
            (asked.id, begun)
        });
        let subscription = self.subscriptions.entry(id).or_default();
        subscription.beginning.replace(beginning).inspect(AbortHandle::abort);
        Ok(())
    }

    /// A subscription has begun, or cannot.
    fn begun(&mut self, begun: std::result::Result<(TaskId, (String, Result<()>)), JoinError>) {
        let (task, (id, begun)) = match begun {
            Ok(begun) => begun,
            Err(error) if error.is_cancelled() => return,
            // The hook has logged where it was.
            Err(_) => return self.outbox.close(INTERNAL_ERROR),
        };
        let Some(subscription) = self.subscriptions.get_mut(&id) else { return };
        if subscription.beginning.as_ref().is_none_or(|newest| newest.id() != task) {
            return;
        }
        subscription.beginning = None;
        subscription.began |= begun.is_ok();
        if !subscription.began {
            self.subscriptions.remove(&id);
        }
        if let Err(problem) = begun {
            self.refuse(Some(&id), &problem);
        }
    }

    async fn authenticate(&mut self, token: SecretString) {
        match self.app.auth.identify_until(token.expose_secret(), &self.app).await {
            Ok((identity, until)) => {
                let user_id = identity.user_id;
                if self.caller.identity().map(|before| before.user_id) != Some(user_id) {
                    for id in self.followed.end_all() {
                        self.subscriptions.remove(&id);
                        let reason = ResyncReason::AccessChanged;
                        self.send(&ServerMessage::Resync(Resync { id, reason }));
                    }
                }
                self.caller = Caller::new(identity);
                self.until = Some(until);
                self.tell_who();
                self.send(&ServerMessage::Authenticated(Authenticated { user_id }));
            }
            Err(problem) => {
                self.refuse(None, &problem);
                self.outbox.close(UNAUTHENTICATED);
            }
        }
    }

    fn tell_who(&self) {
        self.app.realtime.tell(Command::Identify {
            id: self.id,
            caller: self.caller.clone(),
            asked: self.answered,
        });
    }

    /// Whether what ends the client's session may not be in the log, or the log is not read.
    fn is_rechecked(&self) -> bool {
        let Some(identity) = self.caller.identity() else { return false };
        identity.impersonator.is_some() || self.app.realtime.state() != FeedState::Reading
    }

    /// Looks whether the client's session still lasts. Where the database does not answer nothing is told anyway.
    async fn recheck(&mut self) {
        let Some(identity) = self.caller.identity() else { return };
        if matches!(self.app.auth.again(identity, &self.app).await, Ok(None)) {
            self.end_session();
        }
    }

    fn end_session(&self) {
        self.refuse(None, &Problem::new(Code::InvalidToken, "The session has ended"));
        self.outbox.close(UNAUTHENTICATED);
    }

    /// Finds out who the client is now, where that is asked, and goes on where there is room again.
    async fn look(&mut self) {
        if self.outbox.takes_more() {
            self.app.realtime.tell(Command::Room(self.id));
        }
        let asked = self.outbox.asked();
        if asked != self.answered && self.identify().await {
            self.answered = asked;
            self.tell_who();
        }
    }

    /// Reads who the client is now; false where it has to go.
    async fn identify(&mut self) -> bool {
        if let Some(identity) = self.caller.identity() {
            match self.app.auth.again(identity, &self.app).await {
                Ok(Some(identity)) => self.caller = Caller::new(Arc::new(identity)),
                Ok(None) => {
                    self.end_session();
                    return false;
                }
                Err(problem) => {
                    // It is not known who the client is, so nothing more is told.
                    self.refuse(None, &problem);
                    self.outbox.close(GOING_AWAY);
                    return false;
                }
            }
        }
        true
    }

    pub(super) fn refuse(&self, id: Option<&str>, problem: &Problem) {
        log(problem);
        self.send(&ServerMessage::Error(ErrorMessage::of(id, problem.body(""))));
    }

    /// Refuses something on a topic, which the client may have given a name.
    pub(super) fn refuse_on(&self, topic: String, id: Option<String>, problem: &Problem) {
        log(problem);
        let problem = problem.body("");
        self.send(&ServerMessage::Error(Box::new(ErrorMessage { id, topic: Some(topic), problem })));
    }

    pub(super) fn send(&self, message: &ServerMessage) {
        if !self.outbox.send(message) {
            self.outbox.close(POLICY);
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.app.realtime.tell(Command::Disconnect(self.id));
    }
}

fn log(problem: &Problem) {
    if let Some(cause) = &problem.cause {
        tracing::error!(%cause, code = problem.code.as_str(), "a message over a socket failed");
    }
}

/// The next thing that the client says, where it can say anything.
async fn read(reading: &mut Option<Reading>) -> Said {
    match reading {
        Some(reading) => reading.next().await,
        None => std::future::pending().await,
    }
}
