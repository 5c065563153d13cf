//! What a client sends over a WebSocket, message by message.

use std::pin::Pin;

use actix_http::ws::{Codec, Frame, Item, ProtocolError};
use actix_web::web::Payload;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use tokio_util::codec::Decoder;

use super::MOST_MESSAGE;

/// What a client says.
#[derive(Debug, PartialEq, Eq)]
pub enum Said {
    /// A message.
    Text(String),
    /// It asks whether the server is there.
    Ping(Bytes),
    /// It says that it is there.
    Pong,
    /// It says goodbye, or has gone.
    Goodbye,
    /// What it says is no message of the protocol; goodbye with that code.
    Wrong(u16),
}

/// Reads a client's messages.
pub struct Reading {
    payload: Pin<Box<Payload>>,
    codec: Codec,
    bytes: BytesMut,
    /// A message of several frames, so far.
    begun: Option<BytesMut>,
}

impl std::fmt::Debug for Reading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reading").finish_non_exhaustive()
    }
}

/// Close codes (RFC 6455, section 7.4.1).
const PROTOCOL_ERROR: u16 = 1002;
const UNSUPPORTED: u16 = 1003;
const NOT_UTF8: u16 = 1007;
const TOO_BIG: u16 = 1009;

impl Reading {
    /// Of a connection that speaks the protocol from here on.
    pub fn new(payload: Payload) -> Self {
        let codec = Codec::new().max_size(MOST_MESSAGE);
        Self { payload: Box::pin(payload), codec, bytes: BytesMut::new(), begun: None }
    }

    /// The next thing that the client says. Nothing is lost where it is not waited for to the end.
    pub async fn next(&mut self) -> Said {
        loop {
            match self.codec.decode(&mut self.bytes) {
                Ok(Some(frame)) => {
                    if let Some(said) = self.frame(frame) {
                        return said;
                    }
                }
                Ok(None) => match self.payload.next().await {
                    Some(Ok(bytes)) => self.bytes.extend_from_slice(&bytes),
                    Some(Err(_)) | None => return Said::Goodbye,
                },
                Err(ProtocolError::Overflow) => return Said::Wrong(TOO_BIG),
                Err(_) => return Said::Wrong(PROTOCOL_ERROR),
            }
        }
    }

    fn frame(&mut self, frame: Frame) -> Option<Said> {
        Some(match frame {
            Frame::Text(bytes) => text(bytes.into()),
            Frame::Ping(payload) => Said::Ping(payload),
            Frame::Pong(_) => Said::Pong,
            Frame::Close(_) => Said::Goodbye,
            Frame::Binary(_) | Frame::Continuation(Item::FirstBinary(_)) => Said::Wrong(UNSUPPORTED),
            Frame::Continuation(Item::FirstText(bytes)) => {
                self.begun = Some(BytesMut::from(bytes.as_ref()));
                return None;
            }
            Frame::Continuation(Item::Continue(bytes)) => {
                let begun = self.begun.as_mut()?;
                begun.extend_from_slice(&bytes);
                if begun.len() <= MOST_MESSAGE {
                    return None;
                }
                Said::Wrong(TOO_BIG)
            }
            Frame::Continuation(Item::Last(bytes)) => {
                let mut begun = self.begun.take()?;
                begun.extend_from_slice(&bytes);
                if begun.len() > MOST_MESSAGE { Said::Wrong(TOO_BIG) } else { text(begun.into()) }
            }
        })
    }
}

fn text(bytes: Vec<u8>) -> Said {
    String::from_utf8(bytes).map_or(Said::Wrong(NOT_UTF8), Said::Text)
}
