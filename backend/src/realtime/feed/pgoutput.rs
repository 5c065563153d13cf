//! The messages of Postgres's own output plugin (PostgreSQL documentation, "Logical Replication Message Formats", protocol version 1,
//! values as text).

use bytes::Bytes;

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// What a table looks like from here on.
    Relation(Relation),
    /// A row came.
    Insert {
        /// The table.
        relation: u32,
        /// The row.
        new: Tuple,
    },
    /// A row changed.
    Update {
        /// The table.
        relation: u32,
        /// The row before, where the log has the whole of it.
        old: Option<Tuple>,
        /// The row.
        new: Tuple,
    },
    /// A row went.
    Delete {
        /// The table.
        relation: u32,
        /// The row, where the log has the whole of it.
        old: Option<Tuple>,
    },
    /// All rows of these tables went.
    Truncate(Vec<u32>),
    /// Anything that says nothing of rows.
    Other,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// Its number, which the other messages call it by.
    pub id: u32,
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Its columns; those that are generated are missing.
    pub columns: Vec<Column>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// The number of its type, and what modifies that.
    pub type_: (u32, u32),
}

/// A row: its values, in the order of the table's columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tuple(pub Vec<Datum>);

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Datum {
    /// There is none.
    Null,
    /// It stands apart from its row, and did not change: it is as in the row before.
    Unchanged,
    /// Its text.
    Text(Bytes),
}

/// The message is not as Postgres documents it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a message of the log is not in its format")]
pub struct Malformed;

/// Reads a message.
///
/// # Errors
/// It is cut off, or of another format.
pub fn read(message: Bytes) -> Result<Message, Malformed> {
    let mut reader = Reader(message);
    Ok(match reader.byte()? {
        b'R' => {
            let (id, schema, name) = (reader.int()?, reader.text()?, reader.text()?);
            let _identity = reader.byte()?;
            let columns = (0..reader.short()?).map(|_| {
                let _is_key = reader.byte()?;
                let name = reader.text()?;
                Ok(Column { name, type_: (reader.int()?, reader.int()?) })
            });
            let columns = columns.collect::<Result<_, _>>()?;
            // What Postgres calls by no name is its own catalogue.
            let schema = if schema.is_empty() { "pg_catalog".to_owned() } else { schema };
            Message::Relation(Relation { id, schema, name, columns })
        }
        b'I' => {
            let relation = reader.int()?;
            reader.expect(b'N')?;
            Message::Insert { relation, new: reader.tuple()? }
        }
        b'U' => {
            let relation = reader.int()?;
            let (old, new) = match reader.byte()? {
                kind @ (b'O' | b'K') => {
                    let old = reader.tuple()?;
                    reader.expect(b'N')?;
                    (Some(old).filter(|_| kind == b'O'), reader.tuple()?)
                }
                b'N' => (None, reader.tuple()?),
                _ => return Err(Malformed),
            };
            Message::Update { relation, old, new }
        }
        b'D' => {
            let relation = reader.int()?;
            let kind @ (b'O' | b'K') = reader.byte()? else { return Err(Malformed) };
            let old = reader.tuple()?;
            Message::Delete { relation, old: Some(old).filter(|_| kind == b'O') }
        }
        b'T' => {
            let count = reader.int()?;
            let _options = reader.byte()?;
            Message::Truncate((0..count).map(|_| reader.int()).collect::<Result<_, _>>()?)
        }
        _ => Message::Other,
    })
}

struct Reader(Bytes);

impl Reader {
    fn take(&mut self, length: usize) -> Result<Bytes, Malformed> {
        if length > self.0.len() { Err(Malformed) } else { Ok(self.0.split_to(length)) }
    }

    fn byte(&mut self) -> Result<u8, Malformed> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn expect(&mut self, byte: u8) -> Result<(), Malformed> {
        if self.byte()? == byte { Ok(()) } else { Err(Malformed) }
    }

    fn short(&mut self) -> Result<u16, Malformed> {
        self.take(2).map(|bytes| u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    fn int(&mut self) -> Result<u32, Malformed> {
        self.take(4).map(|bytes| u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    fn text(&mut self) -> Result<String, Malformed> {
        let end = memchr::memchr(0, &self.0).ok_or(Malformed)?;
        let text = self.take(end)?;
        self.byte()?;
        String::from_utf8(text.into()).map_err(|_| Malformed)
    }

    fn tuple(&mut self) -> Result<Tuple, Malformed> {
        let count = self.short()?;
        let mut values = Vec::with_capacity(count.into());
        for _ in 0..count {
            values.push(match self.byte()? {
                b'n' => Datum::Null,
                b'u' => Datum::Unchanged,
                b't' => {
                    let length = self.int()? as usize;
                    Datum::Text(self.take(length)?)
                }
                _ => return Err(Malformed),
            });
        }
        Ok(Tuple(values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_as_documented() {
        let relation = b"R\0\0\0\x07public\0posts\0f\0\x02\x01id\0\0\0\0\x17\xff\xff\xff\xff\0title\0\0\0\0\x19\xff\xff\xff\xff";
        let expected = Relation {
            id: 7,
            schema: "public".to_owned(),
            name: "posts".to_owned(),
            columns: [("id", 0x17), ("title", 0x19)]
                .map(|(name, type_)| Column { name: name.to_owned(), type_: (type_, u32::MAX) })
                .to_vec(),
        };
        assert_eq!(read(Bytes::from_static(relation)), Ok(Message::Relation(expected)));
        let update = b"U\0\0\0\x07O\0\x02t\0\0\0\x011nN\0\x02t\0\0\0\x011u";
        let one = Datum::Text(Bytes::from_static(b"1"));
        let expected = Message::Update {
            relation: 7,
            old: Some(Tuple(vec![one.clone(), Datum::Null])),
            new: Tuple(vec![one, Datum::Unchanged]),
        };
        assert_eq!(read(Bytes::from_static(update)), Ok(expected));
        let key = Message::Delete { relation: 7, old: None };
        assert_eq!(read(Bytes::from_static(b"D\0\0\0\x07K\0\x01t\0\0\0\x011")), Ok(key));
        for cut in 1..update.len() {
            assert_eq!(read(Bytes::copy_from_slice(&update[..cut])), Err(Malformed), "{cut}");
        }
        assert_eq!(read(Bytes::from_static(b"Y")), Ok(Message::Other));
        assert_eq!(read(Bytes::from_static(b"T\0\0\0\x01\0\0\0\0\x07")), Ok(Message::Truncate(vec![7])));
    }
}
