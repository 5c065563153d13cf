//! What is told of a change of a row, as JSON.

use annex_openapi::events::EventType;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::collections::catalogue::Table;
use crate::evaluator::Image;
use crate::realtime::Position;
use crate::records::wire::encode::write_string;
use crate::records::wire::text::write_json;

/// The largest event, in bytes: a larger one has its record left out.
const MAX_EVENT: usize = 256 << 10;

/// A change of a row that somebody is told of.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// What happened.
    pub event: EventType,
    /// The collection.
    pub table: &'a Table,
    /// The row: as it is, or was where it went.
    pub row: &'a Image,
    /// The row before, where it is another now.
    pub previous: Option<&'a Image>,
    /// Where the change stands.
    pub position: Position,
    /// When it was committed.
    pub at: OffsetDateTime,
}

impl Told<'_> {
    /// What it is about: the collection and the record's key.
    pub fn subject(&self) -> String {
        let mut subject = self.table.collection.name.clone();
        for column in &self.table.key {
            subject.push('/');
            subject.push_str(self.row.get(*column).unwrap_or_default());
        }
        subject
    }

    /// The event as JSON, with those columns of the record.
    pub fn write(&self, columns: &[usize]) -> String {
        let body = self.write_with(Some(columns));
        if body.len() <= MAX_EVENT { body } else { self.write_with(None) }
    }

    /// The same without the record.
    pub fn write_without_record(&self) -> String {
        self.write_with(None)
    }

    fn write_with(&self, columns: Option<&[usize]>) -> String {
        let mut out = Vec::with_capacity(256 + self.row.size());
        out.extend_from_slice(b"{\"type\":\"");
        out.extend_from_slice(self.event.as_str().as_bytes());
        out.extend_from_slice(b"\",\"timestamp\":\"");
        out.extend_from_slice(self.at.format(&Rfc3339).unwrap_or_default().as_bytes());
        out.extend_from_slice(b"\",\"data\":{\"collection\":");
        write_string(&mut out, self.table.collection.name.as_bytes());
        out.extend_from_slice(b",\"id\":");
        self.write_key(&mut out);
        out.extend_from_slice(b",\"record\":");
        self.write_row(&mut out, columns, Some(self.row));
        if self.event == EventType::RecordUpdated {
            out.extend_from_slice(b",\"previous\":");
            self.write_row(&mut out, columns, self.previous);
        }
        let Position { commit, change } = self.position;
        out.extend_from_slice(format!(",\"position\":\"{commit:016x}-{change:08x}\"}}}}").as_bytes());
        String::from_utf8(out).expect("what Postgres sends is UTF-8")
    }

    fn write_key(&self, out: &mut Vec<u8>) {
        let value = |out: &mut Vec<u8>, column: usize| {
            write_json(out, &self.table.columns[column], self.row.get(column))
        };
        match *self.table.key {
            [column] => value(out, column),
            ref columns => {
                out.push(b'[');
                for (place, column) in columns.iter().enumerate() {
                    if place > 0 {
                        out.push(b',');
                    }
                    value(out, *column);
                }
                out.push(b']');
            }
        }
    }

    fn write_row(&self, out: &mut Vec<u8>, columns: Option<&[usize]>, row: Option<&Image>) {
        let (Some(columns), Some(row)) = (columns, row) else { return out.extend_from_slice(b"null") };
        out.push(b'{');
        for (place, &column) in columns.iter().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            out.extend_from_slice(self.table.json_key(column));
            write_json(out, &self.table.columns[column], row.get(column));
        }
        out.push(b'}');
    }
}
