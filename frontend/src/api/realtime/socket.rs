//! The browser's own WebSocket.

use js_sys::Array;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use web_sys::{CloseEvent, MessageEvent, WebSocket};

/// The subprotocol whose messages the contract describes.
const PROTOCOL: &str = "annex.v1";
/// What the name of a subprotocol begins with that brings an access token along: a browser can send no header.
const BEARER: &str = "annex.bearer.";
/// The close code where nothing is wrong.
const NORMAL: u16 = 1000;

/// What is heard of a socket.
pub enum Heard<'a> {
    /// It is open.
    Open,
    /// A message.
    Text(&'a str),
    /// It is closed, or could not be opened; and the code.
    Closed(u16),
}

/// A socket, closed when it is let go of.
pub struct Socket {
    socket: WebSocket,
    _opened: Closure<dyn Fn()>,
    _messaged: Closure<dyn Fn(MessageEvent)>,
    _closed: Closure<dyn Fn(CloseEvent)>,
}

impl Socket {
    /// Opens a socket to the API. Nothing is heard of it any more once it is let go of.
    pub fn open(
        origin: &str,
        token: Option<&str>,
        hear: impl Fn(Heard<'_>) + Clone + 'static,
    ) -> Result<Self, JsValue> {
        // `http` becomes `ws`, and `https` `wss`.
        let url = format!("ws{}/v1/realtime", origin.strip_prefix("http").unwrap_or(origin));
        let protocols = Array::of1(&PROTOCOL.into());
        if let Some(token) = token {
            protocols.push(&format!("{BEARER}{token}").into());
        }
        let socket = WebSocket::new_with_str_sequence(&url, &protocols)?;
        let opened = Closure::<dyn Fn()>::new({
            let hear = hear.clone();
            move || hear(Heard::Open)
        });
        let messaged = Closure::<dyn Fn(MessageEvent)>::new({
            let hear = hear.clone();
            move |event: MessageEvent| {
                if let Some(text) = event.data().as_string() {
                    hear(Heard::Text(&text));
                }
            }
        });
        let closed =
            Closure::<dyn Fn(CloseEvent)>::new(move |event: CloseEvent| hear(Heard::Closed(event.code())));
        socket.set_onopen(Some(opened.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(messaged.as_ref().unchecked_ref()));
        socket.set_onclose(Some(closed.as_ref().unchecked_ref()));
        Ok(Self { socket, _opened: opened, _messaged: messaged, _closed: closed })
    }

    /// Sends a message.
    pub fn send(&self, text: &str) {
        // One that is closed is heard of, and begins anew.
        self.socket.send_with_str(text).ok();
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.socket.set_onopen(None);
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
        self.socket.close_with_code(NORMAL).ok();
    }
}
