//! A client's connection: how slow it may be, and what of it the parser is shown.
//!
//! The HTTP library bounds the time of a connection's first head alone. Here every head, the rest of a body that
//! nobody reads any more, and the taking of answers have their time, so that a client that holds a connection without
//! using it is let go.

mod inbound;
mod limit;
mod pace;

use std::cell::{Cell, RefCell};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use inbound::Inbound;
pub use limit::most_connections;
pub use pace::Pace;

use crate::telemetry::{Counted, Metrics};

/// How many times longer than a part of a request may take it may take altogether, and so may the taking of an answer.
pub const PARTS: u32 = 6;

/// How long the rest of a request is read when its answer is on its way: a connection that is closed on what it has not
/// read may take the answer with it.
const REST_TIMEOUT: Duration = Duration::from_secs(2);

/// Reads of the rest between which others have their turn.
const READS_AT_A_TIME: usize = 16;

/// A connection whose client is not waited for without end.
#[derive(Debug)]
pub struct Connection<T> {
    io: T,
    /// How long a head may take.
    patience: Duration,
    exchange: Rc<Exchange>,
    /// The head that is being waited for (by its number), and until when.
    head: Option<(u64, Pin<Box<Sleep>>)>,
    rest: Option<Pin<Box<Sleep>>>,
    /// Whether the library was told that the rest is over.
    told: bool,
    stall: Option<Stall>,
    _counted: Counted,
}

/// What the requests of a connection know of it.
#[derive(Debug, Default)]
pub struct Exchange {
    inbound: RefCell<Inbound>,
    answered: Cell<u64>,
    /// Nothing is read any more but the rest of the last request.
    ending: Cell<bool>,
    /// The client has hung up.
    gone: Cell<bool>,
}

/// A client that does not take what it is sent.
#[derive(Debug)]
struct Stall {
    pace: Pace,
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl Exchange {
    /// Whether the client has hung up, and waits for nothing any more.
    pub fn is_gone(&self) -> bool {
        self.gone.get()
    }

    /// Says that one more request is answered. Where its body goes on without end that body is not waited for: the
    /// connection ends, and true comes back.
    pub fn answered(&self) -> bool {
        self.answered.set(self.answered.get() + 1);
        let inbound = self.inbound.borrow();
        if inbound.within_chunks() && inbound.heads() == self.answered.get() {
            self.ending.set(true);
        }
        self.ending.get()
    }
}

impl<T> Connection<T> {
    /// Wraps a connection; a head may take that long.
    pub fn new(io: T, patience: Duration, metrics: &Metrics) -> Self {
        let _counted = metrics.connected();
        Self {
            io,
            patience,
            exchange: Rc::default(),
            head: None,
            rest: None,
            told: false,
            stall: None,
            _counted,
        }
    }

    /// What its requests know of it.
    pub fn exchange(&self) -> Rc<Exchange> {
        Rc::clone(&self.exchange)
    }

    /// Whether a head has been waited for too long.
    fn head_is_late(&mut self, context: &mut Context<'_>) -> bool {
        let inbound = self.exchange.inbound.borrow();
        if !inbound.within_head() {
            self.head = None;
            return false;
        }
        let number = inbound.heads();
        if self.head.as_ref().is_none_or(|(waited_for, _)| *waited_for != number) {
            self.head = Some((number, Box::pin(tokio::time::sleep(self.patience))));
        }
        self.head.as_mut().is_some_and(|(_, timer)| timer.as_mut().poll(context).is_ready())
    }

    /// Whether the rest of the last request has been read for long enough.
    fn rest_is_over(&mut self, context: &mut Context<'_>) -> bool {
        let timer = self.rest.get_or_insert_with(|| Box::pin(tokio::time::sleep(REST_TIMEOUT)));
        timer.as_mut().poll(context).is_ready()
    }
}

impl<T: AsyncRead + Unpin> Connection<T> {
    /// Reads what nobody wants any more, and ends.
    fn poll_rest(&mut self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let filled = buffer.filled().len();
        for _ in 0..READS_AT_A_TIME {
            if self.rest_is_over(context) {
                return Poll::Ready(Ok(()));
            }
            match Pin::new(&mut self.io).poll_read(context, buffer) {
                Poll::Ready(Ok(())) if buffer.filled().len() > filled => buffer.set_filled(filled),
                ended_or_pending => return ended_or_pending,
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Connection<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.exchange.ending.get() {
            return this.poll_rest(context, buffer);
        }
        let filled = buffer.filled().len();
        match Pin::new(&mut this.io).poll_read(context, buffer) {
            Poll::Ready(Ok(())) => {
                let has_room = buffer.remaining() > 0;
                let arrived = &mut buffer.filled_mut()[filled..];
                if arrived.is_empty() && has_room {
                    this.exchange.gone.set(true);
                }
                Poll::Ready(this.exchange.inbound.borrow_mut().follow(arrived))
            }
            Poll::Ready(Err(error)) => {
                this.exchange.gone.set(true);
                Poll::Ready(Err(error))
            }
            Poll::Pending if this.head_is_late(context) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Connection<T> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        match Pin::new(&mut this.io).poll_write(context, bytes) {
            Poll::Ready(Ok(length)) => {
                // Whoever still takes its answer is given the time.
                this.rest = None;
                if let Some(stall) = &mut this.stall {
                    stall.moved(length);
                }
                Poll::Ready(Ok(length))
            }
            Poll::Pending => {
                let patience = this.patience * PARTS;
                let stall =
                    this.stall.get_or_insert_with(|| Stall { pace: Pace::new(patience), waiting: None });
                if stall.is_over(context) {
                    return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                }
                Poll::Pending
            }
            failed => failed,
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        // The library reads on only when it is woken: by what arrives, or by this.
        if this.exchange.ending.get() && !this.told && this.rest_is_over(context) {
            this.told = true;
            context.waker().wake_by_ref();
        }
        Pin::new(&mut this.io).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(context)
    }
}

impl Stall {
    fn is_over(&mut self, context: &mut Context<'_>) -> bool {
        let left = self.pace.left();
        let (_, timer) =
            self.waiting.get_or_insert_with(|| (Instant::now(), Box::pin(tokio::time::sleep(left))));
        timer.as_mut().poll(context).is_ready()
    }

    fn moved(&mut self, bytes: usize) {
        let waited = self.waiting.take().map_or(Duration::ZERO, |(since, _)| since.elapsed());
        self.pace.moved(bytes, waited);
    }
}
