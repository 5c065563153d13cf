//! Follows what arrives, request by request, to know where a head begins and ends.
//!
//! The parser takes a bare LF for the end of a line, others in front of the server do not, and what two programs read
//! differently can hide a request. So a bare LF within a head is handed on as NUL, which the parser refuses with 400.

use std::io;

use memchr::memchr;

/// The longest line that is followed; the parser refuses a head of that size.
const MAX_LINE: usize = 128 << 10;

/// What arrives over one connection.
#[derive(Debug, Default)]
pub struct Inbound {
    state: State,
    /// The beginning of a line whose end has not arrived.
    line: Vec<u8>,
    /// How many heads have arrived whole.
    heads: u64,
}

#[derive(Debug)]
enum State {
    /// Before a request; empty lines may come, and then something has `begun`.
    Between { begun: bool },
    /// Within the headers.
    Head(Body),
    /// So many bytes of a body are still to come.
    Length(u64),
    /// The line with the size of a chunk is next.
    ChunkSize,
    /// So many bytes of a chunk and the end of its line are still to come.
    Chunk(u64),
    /// Behind the last chunk.
    Trailers,
    /// No HTTP any more, or none that the parser takes.
    Other,
}

impl Default for State {
    fn default() -> Self {
        Self::Between { begun: false }
    }
}

/// What a head says of the body behind it. The parser refuses whatever says it in two ways.
#[derive(Debug, Default)]
struct Body {
    length: u64,
    chunked: bool,
    endless: bool,
}

impl Inbound {
    /// How many heads have arrived whole.
    pub fn heads(&self) -> u64 {
        self.heads
    }

    /// Whether a head has begun to arrive, but is not whole.
    pub fn within_head(&self) -> bool {
        match self.state {
            State::Between { begun } => begun || !self.line.is_empty(),
            State::Head(_) => true,
            _ => false,
        }
    }

    /// Whether a body in chunks has begun to arrive, but is not whole.
    pub fn within_chunks(&self) -> bool {
        matches!(self.state, State::ChunkSize | State::Chunk(_) | State::Trailers)
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// There is a bare LF behind the last chunk, where the parser would go over it.
    pub fn follow(&mut self, bytes: &mut [u8]) -> io::Result<()> {
        let mut at = 0;
        while at < bytes.len() {
            match &mut self.state {
                State::Other => return Ok(()),
                State::Length(left) | State::Chunk(left) => {
                    let taken = (bytes.len() - at).min(usize::try_from(*left).unwrap_or(usize::MAX));
                    *left -= taken as u64;
                    at += taken;
                    self.settle();
                }
                _ => at = self.follow_line(bytes, at)?,
            }
        }
        Ok(())
    }

    /// Takes a line, or the beginning of one.
    fn follow_line(&mut self, bytes: &mut [u8], at: usize) -> io::Result<usize> {
        let Some(length) = memchr(b'\n', &bytes[at..]) else {
            self.line.extend_from_slice(&bytes[at..]);
            if self.line.len() > MAX_LINE {
                self.state = State::Other;
            }
            return Ok(bytes.len());
        };
        let end = at + length;
        let before = if length > 0 { bytes.get(end - 1) } else { self.line.last() };
        if before != Some(&b'\r') {
            if matches!(self.state, State::Trailers) {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a trailer ends in a bare LF"));
            }
            bytes[end] = 0;
            self.state = State::Other;
            return Ok(bytes.len());
        }
        let mut begun = std::mem::take(&mut self.line);
        if begun.is_empty() {
            self.take_line(&bytes[at..end - 1]);
        } else {
            begun.extend_from_slice(&bytes[at..end]);
            self.take_line(&begun[..begun.len() - 1]);
        }
        self.settle();
        Ok(end + 1)
    }

    /// Takes a whole line, without its end.
    fn take_line(&mut self, line: &[u8]) {
        match &mut self.state {
            State::Between { begun } if line.is_empty() => *begun = true,
            State::Between { .. } => {
                self.state = State::Head(Body { endless: line.starts_with(b"CONNECT "), ..Body::default() });
            }
            State::Head(body) if line.is_empty() => {
                self.heads += 1;
                self.state = match body {
                    Body { chunked: true, .. } => State::ChunkSize,
                    Body { endless: true, .. } => State::Other,
                    Body { length, .. } => State::Length(*length),
                };
            }
            State::Head(body) => body.take_header(line),
            State::ChunkSize => {
                self.state = match chunk_size(line) {
                    Some(0) => State::Trailers,
                    Some(size) => State::Chunk(size.saturating_add(2)),
                    None => State::Other,
                }
            }
            State::Trailers if line.is_empty() => self.state = State::default(),
            _ => {}
        }
    }

    /// Goes on behind what has arrived whole.
    fn settle(&mut self) {
        match self.state {
            State::Length(0) => self.state = State::default(),
            State::Chunk(0) => self.state = State::ChunkSize,
            _ => {}
        }
    }
}

impl Body {
    fn take_header(&mut self, line: &[u8]) {
        let Some(colon) = memchr(b':', line) else { return };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        // Few headers have a name as long as one of these.
        match name.len() {
            7 if name.eq_ignore_ascii_case(b"upgrade") => {
                self.endless |= value.eq_ignore_ascii_case(b"websocket")
            }
            14 if name.eq_ignore_ascii_case(b"content-length") => {
                let length = std::str::from_utf8(value).ok().and_then(|value| value.parse().ok());
                self.length = length.unwrap_or_default();
            }
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => self.chunked = true,
            _ => {}
        }
    }
}

/// The size at the beginning of a chunk's line; what follows it are extensions.
fn chunk_size(line: &[u8]) -> Option<u64> {
    let end = line.iter().position(|byte| !byte.is_ascii_hexdigit()).unwrap_or(line.len());
    u64::from_str_radix(std::str::from_utf8(&line[..end]).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    const POST: &str = "POST / HTTP/1.1\r\nhost: a\r\nCONTENT-LENGTH: 4\r\n\r\n\na\r\n";
    const CHUNKED: &str = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
        3;a=b\r\n\nab\r\n0\r\nTrailer: b\r\n\r\n";

    /// What the parser is handed, where it arrives in pieces of that size.
    fn handed_on(text: &str, size: usize) -> (Inbound, io::Result<String>) {
        let (mut inbound, mut bytes) = (Inbound::default(), text.as_bytes().to_vec());
        let followed = bytes.chunks_mut(size).try_for_each(|piece| inbound.follow(piece));
        (inbound, followed.map(|()| String::from_utf8(bytes).unwrap()))
    }

    #[test]
    fn requests_are_told_apart_however_they_arrive() {
        let text = [GET, POST, CHUNKED, "\r\n", POST, GET].concat();
        for size in 1..text.len() {
            let (inbound, handed) = handed_on(&text, size);
            assert_eq!(handed.unwrap(), text, "{size}");
            assert_eq!(inbound.heads(), 5, "{size}");
            assert!(!inbound.within_head() && !inbound.within_chunks(), "{size}: {inbound:?}");
        }
    }

    #[test]
    fn a_bare_lf_in_a_head_becomes_what_the_parser_refuses() {
        for before in ["", GET, POST, CHUNKED] {
            for (head, refused) in [
                ("GET / HTTP/1.1\nHost: a\r\n\r\n", "GET / HTTP/1.1\0Host: a\r\n\r\n"),
                ("GET / HTTP/1.1\r\nA: a\nB: b\r\n\r\n", "GET / HTTP/1.1\r\nA: a\0B: b\r\n\r\n"),
                ("GET / HTTP/1.1\r\nA: a\r\n\n", "GET / HTTP/1.1\r\nA: a\r\n\0"),
                ("\nGET / HTTP/1.1\r\n\r\n", "\0GET / HTTP/1.1\r\n\r\n"),
            ] {
                let (sent, expected) = ([before, head].concat(), [before, refused].concat());
                for size in 1..sent.len() {
                    assert_eq!(handed_on(&sent, size).1.unwrap(), expected, "{size}");
                }
            }
        }
    }

    #[test]
    fn a_bare_lf_behind_the_last_chunk_is_refused() {
        let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";
        for rest in ["\n", "A: b\n\r\n", "A: b\n\n"] {
            handed_on(&[head, rest].concat(), 7).1.unwrap_err();
        }
    }

    #[test]
    fn what_has_begun_is_known() {
        for (text, within_head, within_chunks) in [
            ("", false, false),
            ("\r\n", true, false),
            ("G", true, false),
            ("GET / HTTP/1.1\r\n", true, false),
            (GET, false, false),
            ("POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\n12", false, false),
            ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", false, true),
            ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12", false, true),
            ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", false, true),
            ("GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\nG\n", false, false),
        ] {
            let (inbound, handed) = handed_on(text, 5);
            assert_eq!(handed.unwrap(), text);
            let found = (inbound.within_head(), inbound.within_chunks());
            assert_eq!(found, (within_head, within_chunks), "{text:?}");
        }
    }
}
