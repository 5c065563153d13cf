//! Changes of rows, told as they are committed. All that the console follows shares one connection of its session, which is there while
//! something is followed, is made again where it is lost, and then goes on behind the last thing that was told.

mod connection;
mod message;
mod retry;
mod socket;
mod who;

use std::rc::Rc;

pub use connection::{Connection, Following};
pub use message::{Message, Op, problem};
pub use who::Who;

use annex_openapi::realtime::RealtimeStatus;

use super::{Api, ApiError, Call};

/// How the connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Link {
    /// It is not there yet.
    #[default]
    Connecting,
    /// It is there.
    Open,
    /// It was lost, or could not be made: that is tried again by itself.
    Lost,
}

/// What a follower is told.
pub enum Told<'a> {
    /// The connection is another way than before.
    Link(Link),
    /// The server says something, of what is followed or of the connection; and its text.
    Message(Message<'a>, &'a str),
    /// It cannot be connected as who is meant, and that is not tried again.
    Failed(&'a ApiError),
}

impl Api {
    /// How the server that answers reads the log of changes, and who is told of them.
    pub async fn realtime_status(self) -> Result<RealtimeStatus, ApiError> {
        self.fetch(Call::get("/v1/realtime/status")).await
    }

    /// The connection of the session.
    pub fn realtime(self) -> Rc<Connection> {
        thread_local! {
            static SHARED: std::cell::OnceCell<Rc<Connection>> = const { std::cell::OnceCell::new() };
        }
        SHARED.with(|shared| shared.get_or_init(|| Connection::new(self, Who::Session)).clone())
    }
}
