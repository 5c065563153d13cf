//! One socket, from its connection to its end.

use std::cell::RefCell;
use std::io::{Error, ErrorKind, Result};
use std::rc::Rc;

use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use crate::Options;
use crate::frames::{Frame, event, find, frame, from_client};
use crate::tally::Tally;

thread_local! {
    /// What has just arrived: sockets have nothing of their own but what is not whole.
    static ARRIVED: RefCell<Vec<u8>> = RefCell::new(vec![0; 256 << 10]);
}

/// Connects a socket and counts what it is sent, until the server ends it.
pub async fn hold(
    number: usize,
    options: Rc<Options>,
    token: Option<Rc<str>>,
    tally: Rc<Tally>,
    connecting: Rc<Semaphore>,
) -> Result<()> {
    let turn = connecting.acquire().await.expect("the semaphore is not closed");
    let stream = TcpStream::connect(("127.0.0.1", options.port)).await?;
    stream.set_nodelay(true)?;
    write(&stream, request(&options, token.as_deref()).as_bytes()).await?;
    let mut socket =
        Socket { number, options, tally, left: Vec::new(), is_open: false, to_send: Vec::new(), ready: 0 };
    while !socket.is_open {
        socket.read(&stream).await?;
    }
    for round in 0..socket.options.rounds {
        for say in &socket.options.say {
            let text = say.replace("{n}", &number.to_string()).replace("{k}", &round.to_string());
            socket.to_send.extend(from_client(0x1, text.as_bytes()));
        }
    }
    let mut turn = Some(turn);
    loop {
        if socket.options.ready.is_none() || socket.ready >= socket.options.rounds {
            drop(turn.take());
        }
        if !socket.to_send.is_empty() {
            write(&stream, &std::mem::take(&mut socket.to_send)).await?;
        }
        socket.read(&stream).await?;
    }
}

fn request(options: &Options, token: Option<&str>) -> String {
    let token = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let upgrade = if options.events { "Accept: text/event-stream\r\n" } else { upgrade };
    format!("GET {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n{upgrade}{token}\r\n", options.path, options.port)
}

async fn write(stream: &TcpStream, mut bytes: &[u8]) -> Result<()> {
    while !bytes.is_empty() {
        stream.writable().await?;
        match stream.try_write(bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

struct Socket {
    number: usize,
    options: Rc<Options>,
    tally: Rc<Tally>,
    /// What has arrived and is not whole.
    left: Vec<u8>,
    /// Whether the server has answered the request.
    is_open: bool,
    to_send: Vec<u8>,
    /// In how many rounds it is ready.
    ready: usize,
}

impl Socket {
    /// Takes what has arrived.
    async fn read(&mut self, stream: &TcpStream) -> Result<()> {
        stream.readable().await?;
        ARRIVED.with_borrow_mut(|arrived| {
            let many = match stream.try_read(arrived) {
                Ok(0) => return Err(Error::other("the server closed the connection")),
                Ok(many) => many,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            self.tally.arrived(many);
            if self.left.is_empty() {
                let taken = self.take(&arrived[..many])?;
                self.left = arrived[taken..many].to_vec();
            } else {
                self.left.extend_from_slice(&arrived[..many]);
                let bytes = std::mem::take(&mut self.left);
                let taken = self.take(&bytes)?;
                self.left = bytes[taken..].to_vec();
            }
            Ok(())
        })
    }

    /// Takes what is whole; gives how many bytes that is.
    fn take(&mut self, bytes: &[u8]) -> Result<usize> {
        let mut at = 0;
        if !self.is_open {
            let Some(head) = find(bytes, "\r\n\r\n") else { return Ok(0) };
            let status = bytes.get(9..12).unwrap_or_default();
            if status != b"101" && status != b"200" {
                return Err(Error::other(String::from_utf8_lossy(bytes)));
            }
            self.is_open = true;
            self.tally.opened();
            at = head + 4;
        }
        let next = if self.options.events { event } else { frame };
        while let Some((frame, length)) = next(&bytes[at..]) {
            at += length;
            match frame {
                Frame::Text(message) => self.message(message),
                Frame::Ping(payload) => self.to_send.extend(from_client(0xA, payload)),
                Frame::Close(_) => return Err(Error::other("the server said goodbye")),
                Frame::Other => {}
            }
        }
        Ok(at)
    }

    fn message(&mut self, message: &[u8]) {
        if self.tally.take(self.number, message, &self.options) {
            self.ready += 1;
        }
        if let [asked, answer] = &self.options.answer[..]
            && message == asked.as_bytes()
        {
            self.to_send.extend(from_client(0x1, answer.as_bytes()));
        }
    }
}
