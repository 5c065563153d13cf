//! Server-sent events, as they come in pieces.

/// What has come of a stream and is no whole event yet.
#[derive(Default)]
pub(super) struct EventReader {
    rest: Vec<u8>,
}

impl EventReader {
    /// Takes a piece of the stream; the data of each event that is whole now.
    pub(super) fn push(&mut self, piece: &[u8]) -> Vec<String> {
        // The end of a line is told in three ways; one is enough to look for.
        self.rest.extend(piece.iter().filter(|byte| **byte != b'\r'));
        let mut events = Vec::new();
        while let Some(end) = self.rest.windows(2).position(|pair| pair == b"\n\n") {
            let event: Vec<u8> = self.rest.drain(..end + 2).collect();
            let event = String::from_utf8_lossy(&event);
            let lines = event.lines().filter_map(|line| line.strip_prefix("data:"));
            let lines: Vec<&str> = lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
            if !lines.is_empty() {
                events.push(lines.join("\n"));
            }
        }
        events
    }
}

#[cfg(test)]
mod tests {
    use super::EventReader;

    #[test]
    fn events_are_read_however_they_are_cut() {
        let stream = ": hello\n\nevent: log\nid: 7\ndata: {\"a\":\"ä\"}\n\ndata:one\r\ndata: two\r\n\r\ndata: unfinished";
        let whole = EventReader::default().push(stream.as_bytes());
        assert_eq!(whole, ["{\"a\":\"ä\"}", "one\ntwo"]);
        let mut reader = EventReader::default();
        let cut: Vec<String> = stream.as_bytes().iter().flat_map(|byte| reader.push(&[*byte])).collect();
        assert_eq!(cut, whole);
        assert_eq!(reader.push(b"\n\n"), ["unfinished"]);
    }
}
