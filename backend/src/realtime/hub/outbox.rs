//! What is on its way to one client: written here by whoever has something to tell, taken by the connection when it can send.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use actix_web::body::{BodySize, MessageBody};
use annex_openapi::problem::Problem as ProblemBody;
use annex_openapi::realtime::{ErrorMessage, Resync, ResyncReason, ServerMessage, Transport};
use bytes::{BufMut, Bytes, BytesMut};
use tokio::sync::Notify;

use crate::db::Share;

/// How many bytes a connection is given at a time, so that it can be seen whether a client takes anything.
const CHUNK: usize = 64 << 10;

/// How messages are told apart on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// A text message of a WebSocket each (RFC 6455, section 5.2).
    WebSocket,
    /// A server-sent event each (HTML Living Standard, section 9.2).
    Events,
}

/// What is on its way to one client.
pub struct Outbox {
    framing: Framing,
    /// The most bytes that may wait.
    most: usize,
    state: Mutex<Pending>,
    /// Told when the connection has something to look after.
    pub called: Notify,
}

#[derive(Default)]
struct Pending {
    bytes: BytesMut,
    /// How many of them are of a message that may be of any size, which keeps no other from waiting.
    spared: usize,
    waker: Option<Waker>,
    /// How many bytes the connection has taken, all in all.
    taken: u64,
    /// Nothing more is taken.
    ended: bool,
    /// The number of the newest question who the client is.
    asked: u64,
    /// Somebody has more to tell when there is room.
    more: bool,
    /// The subscriptions that the client did not end, since that was asked last.
    over: Vec<Box<str>>,
}

impl Pending {
    /// The next bytes for the connection, at most so many.
    fn take(&mut self, most: usize) -> BytesMut {
        let bytes = self.bytes.split_to(self.bytes.len().min(most));
        self.spared = self.spared.saturating_sub(bytes.len());
        self.taken += bytes.len() as u64;
        bytes
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox").field("framing", &self.framing).finish_non_exhaustive()
    }
}

impl Outbox {
    /// An empty one, of which at most so many bytes may wait.
    pub fn new(framing: Framing, most: usize) -> Arc<Self> {
        Arc::new(Self { framing, most, state: Mutex::default(), called: Notify::new() })
    }

    fn state(&self) -> MutexGuard<'_, Pending> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a message that is written already, in two parts; `cursor` is where it stands in the log. False where the client does not
    /// take what it is sent: it is sent nothing more.
    pub fn send_parts(&self, head: &[u8], tail: &[u8], cursor: Option<&str>) -> bool {
        self.put(self.most, head, tail, cursor)
    }

    /// The same for what can be told later as well: it leaves half of the room to what cannot. False where it is to be.
    pub fn send_where_room(&self, head: &[u8], tail: &[u8], cursor: &str) -> bool {
        self.put(self.most / 2, head, tail, Some(cursor))
    }

    fn put(&self, most: usize, head: &[u8], tail: &[u8], cursor: Option<&str>) -> bool {
        let mut state = self.state();
        if state.ended {
            return true;
        }
        // A message of any size may be the last one that waits.
        if state.bytes.len() - state.spared > most {
            return false;
        }
        match self.framing {
            Framing::WebSocket => header(&mut state.bytes, 0x1, head.len() + tail.len()),
            Framing::Events => {
                if let Some(cursor) = cursor {
                    state.bytes.put_slice(b"id: ");
                    state.bytes.put_slice(cursor.as_bytes());
                    state.bytes.put_u8(b'\n');
                }
                state.bytes.put_slice(b"data: ");
            }
        }
        let from = state.bytes.len();
        state.bytes.put_slice(head);
        state.bytes.put_slice(tail);
        if self.framing == Framing::Events {
            // A line would end the data. In JSON it can only stand where a space can.
            let lines = state.bytes[from..].iter_mut().filter(|byte| matches!(**byte, b'\n' | b'\r'));
            lines.for_each(|byte| *byte = b' ');
            state.bytes.put_slice(b"\n\n");
        }
        wake(state);
        true
    }

    /// The same for what the client has asked for, however large: what follows waits behind it as if it were not there.
    pub fn send_large(&self, head: &[u8], tail: &[u8], cursor: Option<&str>) -> bool {
        let sent = self.send_parts(head, tail, cursor);
        if sent {
            let mut state = self.state();
            state.spared = state.bytes.len();
        }
        sent
    }

    /// Sends a message. False where the client does not take what it is sent.
    pub fn send(&self, message: &ServerMessage) -> bool {
        let text = serde_json::to_vec(message).expect("a message can be written as JSON");
        self.send_parts(&text, b"", None)
    }

    /// The same, with where the client is in the log from there on.
    pub fn send_at(&self, message: &ServerMessage, cursor: &str) -> bool {
        let text = serde_json::to_vec(message).expect("a message can be written as JSON");
        self.send_parts(&text, b"", Some(cursor))
    }

    /// Says that a subscription has to begin anew. A stream of events is about that alone: it ends, and whoever connects again does so
    /// without the cursor. False where the client does not take what it is sent.
    pub fn begin_anew(&self, id: &str, reason: ResyncReason) -> bool {
        let message = ServerMessage::Resync(Resync { id: id.to_owned(), reason });
        self.state().over.push(id.into());
        match self.framing {
            Framing::WebSocket => self.send(&message),
            Framing::Events => {
                self.send_at(&message, "");
                self.close(0);
                true
            }
        }
    }

    /// Says that a subscription cannot begin.
    pub fn refuse(&self, id: &str, problem: ProblemBody) {
        self.state().over.push(id.into());
        self.send(&ServerMessage::Error(ErrorMessage::of(Some(id), problem)));
    }

    /// The subscriptions that are over without the client having ended them, each told once.
    pub fn take_over(&self) -> Vec<Box<str>> {
        std::mem::take(&mut self.state().over)
    }

    /// Whether there is room for more than a message; where there is not, the connection is told when there is.
    pub fn has_room(&self) -> bool {
        let mut state = self.state();
        let is_full = !state.ended && state.bytes.len() > self.most / 2;
        // Whoever else waits is to be told as well.
        state.more |= is_full;
        !is_full
    }

    /// Whether somebody waited for room, and there is some now.
    pub fn takes_more(&self) -> bool {
        let mut state = self.state();
        let does = state.more && state.bytes.len() <= self.most / 2;
        state.more &= !does;
        does
    }

    /// Asks whether the client is there (RFC 6455, section 5.5.2).
    pub fn ping(&self) {
        let mut state = self.state();
        // What waits to be taken tells as much.
        if state.ended || !state.bytes.is_empty() {
            return;
        }
        match self.framing {
            Framing::WebSocket => header(&mut state.bytes, 0x9, 0),
            Framing::Events => state.bytes.put_slice(b": still here\n\n"),
        }
        wake(state);
    }

    /// Answers a client that asks whether the server is there.
    pub fn pong(&self, payload: &[u8]) {
        let mut state = self.state();
        if !state.ended && state.bytes.len() + payload.len() < self.most {
            header(&mut state.bytes, 0xA, payload.len());
            state.bytes.put_slice(payload);
            wake(state);
        }
    }

    /// Sends a last message, in place of what the client has not taken yet, and says goodbye with that code (RFC 6455, section 7.4).
    pub fn give_up(&self, message: &ServerMessage, code: u16) {
        let mut state = self.state();
        if !state.ended {
            state.bytes.clear();
            state.spared = 0;
            drop(state);
            self.send(message);
            self.close(code);
        }
    }

    /// Says goodbye with that code, behind everything that waits.
    pub fn close(&self, code: u16) {
        let mut state = self.state();
        if state.ended {
            return;
        }
        if self.framing == Framing::WebSocket {
            header(&mut state.bytes, 0x8, 2);
            state.bytes.put_u16(code);
        }
        state.ended = true;
        wake(state);
        self.called.notify_one();
    }

    /// How the client is connected.
    pub fn transport(&self) -> Transport {
        match self.framing {
            Framing::WebSocket => Transport::Websocket,
            Framing::Events => Transport::Sse,
        }
    }

    /// All that waits, as a connection takes it.
    #[cfg(test)]
    pub fn take(&self) -> BytesMut {
        self.state().take(usize::MAX)
    }

    /// How many bytes the connection has taken, all in all.
    pub fn taken(&self) -> u64 {
        self.state().taken
    }

    /// How many bytes wait.
    pub fn waiting(&self) -> usize {
        self.state().bytes.len()
    }

    /// Whether goodbye was said.
    pub fn is_closed(&self) -> bool {
        self.state().ended
    }

    /// Asks the connection who the client is now; gives the number of the question.
    pub fn ask(&self) -> u64 {
        let mut state = self.state();
        state.asked += 1;
        let asked = state.asked;
        drop(state);
        self.called.notify_one();
        asked
    }

    /// The number of the newest question who the client is.
    pub fn asked(&self) -> u64 {
        self.state().asked
    }
}

fn wake(mut state: MutexGuard<'_, Pending>) {
    let waker = state.waker.take();
    drop(state);
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// The beginning of a whole WebSocket message: a server does not mask.
fn header(bytes: &mut BytesMut, opcode: u8, length: usize) {
    bytes.reserve(10 + length);
    bytes.put_u8(0x80 | opcode);
    match length {
        0..126 => bytes.put_u8(length as u8),
        126..65_536 => {
            bytes.put_u8(126);
            bytes.put_u16(length as u16);
        }
        _ => {
            bytes.put_u8(127);
            bytes.put_u64(length as u64);
        }
    }
}

/// The body of the answer to a client that connects: all that it is sent.
#[derive(Debug)]
pub struct Sending {
    /// What it is sent.
    pub outbox: Arc<Outbox>,
    /// Its party's right to be connected, which lasts as long as the connection does.
    pub share: Share,
}

impl MessageBody for Sending {
    type Error = actix_web::Error;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let mut state = self.outbox.state();
        if !state.bytes.is_empty() {
            let bytes = state.take(CHUNK).freeze();
            let more = state.more;
            drop(state);
            if more {
                self.outbox.called.notify_one();
            }
            return Poll::Ready(Some(Ok(bytes)));
        }
        if state.ended {
            return Poll::Ready(None);
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sending {
    /// The connection is gone.
    fn drop(&mut self) {
        let mut state = self.outbox.state();
        state.ended = true;
        (state.bytes, state.spared) = Default::default();
        drop(state);
        self.outbox.called.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(outbox: &Outbox) -> Vec<u8> {
        outbox.state().bytes.to_vec()
    }

    #[test]
    fn messages_are_framed() {
        let socket = Outbox::new(Framing::WebSocket, 1 << 20);
        assert!(socket.send_parts(b"{\"a\":", b"1}", Some("c")));
        assert_eq!(waiting(&socket), b"\x81\x07{\"a\":1}");
        let long = vec![b' '; 70_000];
        assert!(socket.send_parts(&long, b"", None));
        assert_eq!(waiting(&socket)[9..19], [0x81, 127, 0, 0, 0, 0, 0, 1, 0x11, 0x70]);
        let events = Outbox::new(Framing::Events, 1 << 20);
        assert!(events.send_parts(b"{}", b"", Some("c")));
        assert_eq!(waiting(&events), b"id: c\ndata: {}\n\n");
    }

    #[test]
    fn a_large_answer_keeps_nothing_from_waiting() {
        let outbox = Outbox::new(Framing::WebSocket, 100);
        assert!(outbox.send_large(&[b' '; 5000], b"", None));
        assert!(outbox.send_parts(&[b' '; 120], b"", None) && !outbox.has_room());
        assert!(!outbox.send_parts(&[b' '; 1], b"", None));
        outbox.take();
        assert!(outbox.send_parts(&[b' '; 120], b"", None));
        assert!(!outbox.send_large(&[b' '; 5000], b"", None), "it waits until there is room");
    }

    #[test]
    fn who_does_not_take_what_is_sent_is_told_so_last() {
        let outbox = Outbox::new(Framing::WebSocket, 100);
        assert!(outbox.send_parts(&[b' '; 120], b"", None));
        assert!(!outbox.send_parts(&[b' '; 30], b"", None));
        outbox.give_up(&ServerMessage::Pong(annex_openapi::realtime::Pong {}), 1008);
        let waits = waiting(&outbox);
        assert_eq!(waits[2..15], *b"{\"op\":\"pong\"}");
        assert_eq!(waits[15..], [0x88, 2, 0x03, 0xF0]);
        assert!(outbox.is_closed() && outbox.send_parts(b"x", b"", None));
        assert_eq!(waiting(&outbox), waits);
    }

    #[test]
    fn who_waits_for_room_is_told_though_another_finds_some() {
        let outbox = Outbox::new(Framing::WebSocket, 100);
        assert!(outbox.send_parts(&[b' '; 80], b"", None) && !outbox.has_room());
        outbox.take();
        assert!(outbox.has_room() && outbox.takes_more() && !outbox.takes_more());
    }
}
