//! Messages as they stand on the wire: frames of a WebSocket (RFC 6455, section 5.2), or server-sent events.

/// What a server sends.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// A message.
    Text(&'a [u8]),
    /// It asks whether the client is there.
    Ping(&'a [u8]),
    /// It says goodbye.
    Close(&'a [u8]),
    /// Anything else.
    Other,
}

/// The first frame of what a server sent, and how many bytes it has; nothing where it is not there whole.
pub fn frame(bytes: &[u8]) -> Option<(Frame<'_>, usize)> {
    let &[first, second, ref rest @ ..] = bytes else { return None };
    let (length, begins) = match second {
        126 => (usize::from(u16::from_be_bytes(*rest.first_chunk()?)), 4),
        127 => (usize::try_from(u64::from_be_bytes(*rest.first_chunk()?)).ok()?, 10),
        length => (usize::from(length), 2),
    };
    let payload = bytes.get(begins..begins + length)?;
    let frame = match first & 0x0F {
        0x1 => Frame::Text(payload),
        0x8 => Frame::Close(payload),
        0x9 => Frame::Ping(payload),
        _ => Frame::Other,
    };
    Some((frame, begins + length))
}

/// The first event of a stream, with whatever says how long a part of the stream is, and how many bytes it has.
pub fn event(bytes: &[u8]) -> Option<(Frame<'_>, usize)> {
    let ends = bytes.windows(2).position(|two| two == b"\n\n")? + 2;
    Some((Frame::Text(&bytes[..ends]), ends))
}

/// A frame from a client, masked with zeros.
pub fn from_client(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80 | opcode];
    match payload.len() {
        short @ 0..126 => frame.push(0x80 | short as u8),
        long => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&u16::try_from(long).expect("what a client says is short").to_be_bytes());
        }
    }
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(payload);
    frame
}

/// Where the needle begins.
pub fn find(bytes: &[u8], needle: &str) -> Option<usize> {
    bytes.windows(needle.len()).position(|part| part == needle.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read_when_they_are_whole() {
        let long = [&[0x81, 126, 0, 200][..], &[b'a'; 200]].concat();
        assert_eq!(frame(&long), Some((Frame::Text(&[b'a'; 200]), 204)));
        assert_eq!(frame(&long[..203]), None);
        assert_eq!(frame(b"\x89\x01x\x88"), Some((Frame::Ping(b"x"), 3)));
        assert_eq!(frame(b"\x88\x02\x03\xe8"), Some((Frame::Close(&[3, 232]), 4)));
        assert_eq!(event(b"7\r\nid: 1\n\n\r\n"), Some((Frame::Text(b"7\r\nid: 1\n\n"), 10)));
        assert_eq!(event(b"id: 1\n"), None);
    }
}
