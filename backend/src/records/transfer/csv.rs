//! CSV (RFC 4180), taken apart as it arrives and written cell by cell.
//!
//! Whether a cell stood in quotes is kept: `""` is the empty text, and nothing at all is null.

/// A line of a CSV file that was taken apart.
#[derive(Debug, Default)]
pub struct Record {
    /// The line on which it begins.
    pub line: u64,
    /// What is wrong with how it is written.
    pub fault: Option<&'static str>,
    text: Vec<u8>,
    cells: Vec<(usize, bool)>,
}

impl Record {
    /// How many cells it has.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// The cells: the text, and whether it stood in quotes. None where the record is not UTF-8.
    pub fn cells(&self) -> Option<impl Iterator<Item = (&str, bool)>> {
        let text = std::str::from_utf8(&self.text).ok()?;
        let starts = std::iter::once(0).chain(self.cells.iter().map(|(end, _)| *end));
        Some(self.cells.iter().zip(starts).map(move |((end, quoted), start)| (&text[start..*end], *quoted)))
    }

    fn clear(&mut self) {
        self.fault = None;
        self.text.clear();
        self.cells.clear();
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before a cell.
    Start,
    /// In a cell without quotes.
    Plain,
    /// Between quotes.
    Quoted,
    /// Behind a quote in quotes: the end, or the first half of a quote that is meant.
    Quote,
}

/// Takes CSV apart.
#[derive(Debug)]
pub struct Splitter {
    /// Whether an empty line is a record: it is where records have one cell.
    pub keep_empty: bool,
    /// The cells of a record that are kept; an empty one has no text, so that `most` would not bound them.
    pub most_cells: usize,
    delimiter: u8,
    most: usize,
    state: State,
    after_return: bool,
    line: u64,
    record: Record,
    cell_quoted: bool,
}

/// A record is longer than is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong {
    /// The line on which it begins.
    pub line: u64,
}

impl Splitter {
    /// Cells are apart by `delimiter`; a record has at most `most` bytes, and `most_cells` cells are kept of it.
    pub fn new(delimiter: u8, most: usize, most_cells: usize) -> Self {
        Self {
            keep_empty: false,
            most_cells,
            delimiter,
            most,
            state: State::Start,
            after_return: false,
            line: 1,
            record: Record { line: 1, ..Record::default() },
            cell_quoted: false,
        }
    }

    /// Takes in more of the file, and gives each record that has ended to `each`.
    ///
    /// # Errors
    /// A record is too long, or what `each` says.
    pub fn split<E: From<TooLong>>(
        &mut self,
        mut bytes: &[u8],
        each: &mut impl FnMut(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.after_return && !bytes.is_empty() {
            self.after_return = false;
            bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
        }
        while let Some(&byte) = bytes.first() {
            let run = self.run(bytes);
            if run > 0 {
                self.push(&bytes[..run])?;
                if self.state == State::Quoted {
                    self.line += bytes[..run].iter().filter(|byte| **byte == b'\n').count() as u64;
                }
                bytes = &bytes[run..];
                continue;
            }
            bytes = &bytes[1..];
            match (self.state, byte) {
                (State::Start, b'"') => {
                    self.cell_quoted = true;
                    self.state = State::Quoted;
                }
                (State::Quoted, _) => self.state = State::Quote,
                (State::Quote, b'"') => {
                    self.push(b"\"")?;
                    self.state = State::Quoted;
                }
                (State::Plain, b'"') => {
                    self.record.fault = Some("has a quote within a cell that does not begin with one");
                    self.push(b"\"")?;
                }
                (_, b'\n' | b'\r') => {
                    if byte == b'\r' {
                        match bytes.first() {
                            Some(b'\n') => bytes = &bytes[1..],
                            Some(_) => {}
                            None => self.after_return = true,
                        }
                    }
                    self.line += 1;
                    self.finish(each)?;
                }
                _ => self.close_cell(),
            }
        }
        Ok(())
    }

    /// The file has ended.
    ///
    /// # Errors
    /// What `each` says.
    pub fn end<E>(&mut self, each: &mut impl FnMut(&mut Self) -> Result<(), E>) -> Result<(), E> {
        if self.state == State::Quoted {
            self.record.fault = Some("has a quote that is never closed");
        }
        if self.state == State::Start && self.record.cells.is_empty() {
            return Ok(());
        }
        self.finish(each)
    }

    /// The record that has ended.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// How many of the next bytes are a cell's text as they are.
    fn run(&mut self, bytes: &[u8]) -> usize {
        let delimiter = self.delimiter;
        let special = |byte: &u8| *byte == delimiter || matches!(*byte, b'"' | b'\n' | b'\r');
        match self.state {
            State::Quoted => bytes.iter().position(|byte| *byte == b'"').unwrap_or(bytes.len()),
            State::Start | State::Plain => {
                let run = bytes.iter().position(special).unwrap_or(bytes.len());
                if run > 0 {
                    self.state = State::Plain;
                }
                run
            }
            State::Quote => {
                let run = bytes.iter().position(special).unwrap_or(bytes.len());
                if run > 0 {
                    self.record.fault = Some("has text behind the closing quote of a cell");
                    self.state = State::Plain;
                }
                run
            }
        }
    }

    fn push(&mut self, text: &[u8]) -> Result<(), TooLong> {
        self.record.text.extend_from_slice(text);
        if self.record.text.len() > self.most {
            return Err(TooLong { line: self.record.line });
        }
        Ok(())
    }

    fn close_cell(&mut self) {
        if self.record.cells.len() < self.most_cells {
            self.record.cells.push((self.record.text.len(), self.cell_quoted));
        }
        self.cell_quoted = false;
        self.state = State::Start;
    }

    fn finish<E>(&mut self, each: &mut impl FnMut(&mut Self) -> Result<(), E>) -> Result<(), E> {
        let empty = self.state == State::Start && self.record.cells.is_empty();
        let told = if empty && !self.keep_empty {
            Ok(())
        } else {
            self.close_cell();
            each(self)
        };
        self.state = State::Start;
        self.cell_quoted = false;
        self.record.clear();
        self.record.line = self.line;
        told
    }
}

/// Writes a cell; none is null.
pub fn write_cell(out: &mut Vec<u8>, cell: Option<&[u8]>) {
    let Some(cell) = cell else { return };
    let plain = !cell.is_empty() && !cell.iter().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r'));
    // A byte order mark at the very start would be taken for one.
    if plain && !cell.starts_with("\u{feff}".as_bytes()) {
        return out.extend_from_slice(cell);
    }
    out.push(b'"');
    for part in cell.split_inclusive(|byte| *byte == b'"') {
        out.extend_from_slice(part);
        if part.ends_with(b"\"") {
            out.push(b'"');
        }
    }
    out.push(b'"');
}

/// Whether a spreadsheet would take the cell for a formula (OWASP, "CSV Injection").
pub fn is_formula(cell: &[u8]) -> bool {
    matches!(cell.first(), Some(b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Cells = Vec<Option<String>>;

    impl From<TooLong> for String {
        fn from(too_long: TooLong) -> Self {
            format!("line {} is too long", too_long.line)
        }
    }

    /// The records of a file that arrives in pieces of that size, each with its line and its fault.
    fn split(text: &[u8], piece: usize, columns: usize) -> Vec<(u64, Cells, Option<&'static str>)> {
        let mut splitter = Splitter::new(b',', 1 << 20, 100);
        splitter.keep_empty = columns == 1;
        let mut records = Vec::new();
        let mut each = |splitter: &mut Splitter| {
            let record = splitter.record();
            let cell = |(text, quoted): (&str, bool)| (quoted || !text.is_empty()).then(|| text.to_owned());
            records.push((record.line, record.cells().unwrap().map(cell).collect(), record.fault));
            Ok::<(), String>(())
        };
        for piece in text.chunks(piece.max(1)) {
            splitter.split(piece, &mut each).unwrap();
        }
        splitter.end(&mut each).unwrap();
        records
    }

    fn some(cells: &[&str]) -> Cells {
        cells.iter().map(|cell| Some((*cell).to_owned())).collect()
    }

    #[test]
    fn quotes_newlines_and_empty_cells_are_told_apart() {
        for piece in 1..20 {
            let text = b"a,b\r\n\"x\"\"y\",\"1\n2\"\n\n,\"\"\rlast,";
            let records = split(text, piece, 2);
            let lines: Vec<u64> = records.iter().map(|(line, ..)| *line).collect();
            assert_eq!(lines, [1, 2, 5, 6], "{piece}");
            assert_eq!(records[0].1, some(&["a", "b"]));
            assert_eq!(records[1].1, some(&["x\"y", "1\n2"]));
            assert_eq!(records[2].1, [None, Some(String::new())]);
            assert_eq!(records[3].1, [Some("last".to_owned()), None]);
            assert!(records.iter().all(|(.., fault)| fault.is_none()));
        }
    }

    #[test]
    fn wrong_quotes_are_told_and_the_next_line_is_read() {
        let records = split(b"a\"b,c\n\"a\"b,c\nok,ok\n\"never", 7, 2);
        assert!(records[0].2.unwrap().contains("within a cell"));
        assert!(records[1].2.unwrap().contains("behind the closing quote"));
        assert_eq!((records[2].1.clone(), records[2].2), (some(&["ok", "ok"]), None));
        assert!(records[3].2.unwrap().contains("never closed"));
    }

    #[test]
    fn a_record_has_an_end() {
        let mut splitter = Splitter::new(b',', 8, 2);
        let mut each = |_: &mut Splitter| Ok::<(), String>(());
        splitter.split(b"a\n\"12345", &mut each).unwrap();
        assert_eq!(splitter.split(b"67890", &mut each).unwrap_err(), "line 2 is too long");
        for quotes in ["\"".repeat(100), format!("a{}", "\"".repeat(100))] {
            let mut splitter = Splitter::new(b',', 8, 2);
            assert_eq!(splitter.split(quotes.as_bytes(), &mut each).unwrap_err(), "line 1 is too long");
        }
    }

    #[test]
    fn cells_that_are_too_many_are_not_kept() {
        let mut splitter = Splitter::new(b',', 8, 3);
        let mut each = |splitter: &mut Splitter| {
            assert_eq!(splitter.record().len(), 3);
            assert_eq!(splitter.record().cells().unwrap().next(), Some(("a", false)));
            Ok::<(), String>(())
        };
        splitter.split(format!("a{},b\n", ",".repeat(1 << 16)).as_bytes(), &mut each).unwrap();
        assert!(splitter.record.cells.capacity() < 16);
    }

    #[test]
    fn formulas_are_known_by_how_they_begin() {
        for formula in ["=1+1", "+1", "-1", "@sum(a1)", "\t=1", "\r=1"] {
            assert!(is_formula(formula.as_bytes()), "{formula:?}");
        }
        for text in ["", "1", "a=1", " =1", "'=1"] {
            assert!(!is_formula(text.as_bytes()), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            rows in (1usize..5).prop_flat_map(|columns| {
                let cell = proptest::option::of("[a\",\r\n \u{e9}\u{feff}=;-]{0,6}");
                proptest::collection::vec(proptest::collection::vec(cell, columns), 1..6)
            }),
            piece in 1usize..9,
        ) {
            let mut file = Vec::new();
            for row in &rows {
                for (index, cell) in row.iter().enumerate() {
                    if index > 0 {
                        file.push(b',');
                    }
                    write_cell(&mut file, cell.as_deref().map(str::as_bytes));
                }
                file.extend_from_slice(b"\r\n");
            }
            let read = split(&file, piece, rows[0].len());
            prop_assert!(read.iter().all(|(.., fault)| fault.is_none()));
            prop_assert_eq!(read.into_iter().map(|(_, cells, _)| cells).collect::<Vec<_>>(), rows);
        }
    }
}
