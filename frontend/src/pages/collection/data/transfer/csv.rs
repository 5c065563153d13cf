//! CSV as far as a browser has to know it: the first lines of a file to look at, and the file without some of its columns.

/// The signs that may stand between cells, the likeliest first.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The rows at the beginning of a text; one that may go on behind its end is left out, unless the text is `whole`.
pub fn rows(text: &str, delimiter: u8, most: usize, whole: bool) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let mut quoted = false;
    let mut characters = text.trim_start_matches('\u{feff}').chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted => {
                if characters.next_if_eq(&'"').is_some() {
                    cell.push('"');
                } else {
                    quoted = false;
                }
            }
            '"' if cell.is_empty() => quoted = true,
            _ if quoted => cell.push(character),
            _ if character == char::from(delimiter) => row.push(std::mem::take(&mut cell)),
            '\n' => {
                if cell.ends_with('\r') {
                    cell.pop();
                }
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
                if rows.len() == most {
                    return rows;
                }
            }
            _ => cell.push(character),
        }
    }
    if whole && !(row.is_empty() && cell.is_empty()) {
        row.push(cell);
        rows.push(row);
    }
    rows
}

/// The sign that stands between the cells of a text: that which its header has most often.
pub fn delimiter(text: &str) -> u8 {
    let header = text.lines().next().unwrap_or_default();
    let count = |delimiter: &u8| header.bytes().filter(|byte| byte == delimiter).count();
    let most = DELIMITERS.iter().map(count).max().unwrap_or_default();
    DELIMITERS.into_iter().find(|delimiter| count(delimiter) == most).unwrap_or(b',')
}

/// A line of names.
pub fn header(names: &[&str], delimiter: u8) -> String {
    let cell = |name: &&str| {
        let bare = !name.bytes().any(|byte| byte == delimiter || matches!(byte, b'"' | b'\n' | b'\r'));
        if bare { (*name).to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
    };
    let mut line = names.iter().map(cell).collect::<Vec<_>>().join(&char::from(delimiter).to_string());
    line.push('\n');
    line
}

/// Where in a cell a piece of a file ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// At its beginning: a quote here begins a text in quotes.
    Start,
    /// Within words of which quotes are a part.
    Plain,
    /// Within quotes.
    Quoted,
    /// Behind a quote within quotes: another one stands for a quote, anything else is behind the text.
    Closed,
}

/// Takes columns out of a file that comes piece by piece, and its header. What stays is not touched: its line numbers are those of the
/// file.
pub struct Rewriter {
    delimiter: u8,
    /// Which columns stay.
    kept: Vec<bool>,
    column: usize,
    at: At,
    /// Whether a cell of this line was written.
    begun: bool,
    in_header: bool,
}

impl Rewriter {
    /// Keeps these columns.
    pub fn new(kept: Vec<bool>, delimiter: u8) -> Self {
        Self { delimiter, kept, column: 0, at: At::Start, begun: false, in_header: true }
    }

    fn keeps(&self) -> bool {
        // A line with more cells than the header is wrong, and stays so.
        !self.in_header && self.kept.get(self.column).copied().unwrap_or(true)
    }

    /// What stays of the next piece.
    pub fn piece(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(bytes.len());
        for &byte in bytes {
            let was_quoted = self.at == At::Quoted;
            self.at = match (self.at, byte) {
                (At::Start | At::Closed, b'"') => At::Quoted,
                (At::Quoted, b'"') => At::Closed,
                (At::Quoted, _) => At::Quoted,
                _ => At::Plain,
            };
            if byte == self.delimiter && !was_quoted {
                self.at = At::Start;
                if self.keeps() {
                    self.begun = true;
                }
                self.column += 1;
                if self.keeps() && self.begun {
                    out.push(byte);
                }
            } else if byte == b'\n' && !was_quoted {
                self.at = At::Start;
                if !self.in_header {
                    out.push(byte);
                }
                (self.column, self.begun, self.in_header) = (0, false, false);
            } else if self.keeps() {
                out.push(byte);
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_read_as_rfc_4180_says() {
        let text = "\u{feff}a,b\r\n\"x, \"\"y\"\"\nz\",2\r\n,\n3";
        assert_eq!(
            rows(text, b',', 9, true),
            [vec!["a", "b"], vec!["x, \"y\"\nz", "2"], vec!["", ""], vec!["3"]]
        );
        assert_eq!(rows(text, b',', 9, false).len(), 3);
        assert_eq!(rows(text, b',', 1, true).len(), 1);
    }

    #[test]
    fn the_sign_between_cells_is_found() {
        assert_eq!(delimiter("a;b;c\n1,5;2;3"), b';');
        assert_eq!(delimiter("a\tb\n"), b'\t');
        assert_eq!(delimiter("a,b;c,d\n"), b',');
        assert_eq!(delimiter("alone\n"), b',');
    }

    #[test]
    fn names_are_quoted_where_they_must_be() {
        assert_eq!(header(&["a", "b,c", "d\"e"], b','), "a,\"b,c\",\"d\"\"e\"\n");
    }

    fn rewritten(text: &str, kept: &[bool]) -> Vec<String> {
        // However the file is cut, the same comes out.
        (1..=text.len())
            .map(|size| {
                let mut rewriter = Rewriter::new(kept.to_vec(), b',');
                let pieces = text.as_bytes().chunks(size).flat_map(|piece| rewriter.piece(piece));
                String::from_utf8(pieces.collect()).expect("whole characters")
            })
            .collect()
    }

    #[test]
    fn columns_are_taken_out_wherever_the_file_is_cut() {
        let text = "a,b,c\r\n1,\"x,\"\"\n\",ä\n,,\n4,5,6";
        for out in rewritten(text, &[true, false, true]) {
            assert_eq!(out, "1,ä\n,\n4,6");
        }
        for out in rewritten(text, &[false, true, false]) {
            assert_eq!(out, "\"x,\"\"\n\"\n\n5");
        }
        for out in rewritten("a,b\n5\" x,1\n6,2\n", &[false, true]) {
            assert_eq!(out, "1\n2\n");
        }
        for out in rewritten(text, &[true, true, true]) {
            assert_eq!(out, "1,\"x,\"\"\n\",ä\n,,\n4,5,6");
        }
    }
}
