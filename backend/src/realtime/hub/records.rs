//! The records of a snapshot, as JSON, each found by its key.

use std::collections::HashMap;

/// Records, in order.
#[derive(Debug, Default)]
pub struct Records {
    list: Vec<Option<Box<[u8]>>>,
    /// The place of the record with that key, written as JSON.
    places: HashMap<Box<[u8]>, usize>,
    size: usize,
}

impl Records {
    /// How many bytes they take.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Adds a record, or puts it in the place of the one with its key.
    pub fn put(&mut self, key: Vec<u8>, record: Vec<u8>) {
        self.size += record.len() + 1;
        match self.places.get(&*key) {
            Some(place) => self.list[*place] = Some(record.into()),
            None => {
                self.places.insert(key.into(), self.list.len());
                self.list.push(Some(record.into()));
            }
        }
    }

    /// Takes the record with that key away.
    pub fn remove(&mut self, key: &[u8]) {
        if let Some(place) = self.places.remove(key) {
            self.list[place] = None;
        }
    }

    /// Takes all of them away.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Writes them as a list.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.reserve(self.size + 2);
        out.push(b'[');
        for (place, record) in self.list.iter().flatten().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            out.extend_from_slice(record);
        }
        out.push(b']');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_found_by_their_key() {
        let mut records = Records::default();
        for (key, record) in [("a", "1"), ("b", "2"), ("c", "3"), ("b", "4")] {
            records.put(key.into(), record.into());
        }
        records.remove(b"a");
        records.remove(b"d");
        let mut written = Vec::new();
        records.write(&mut written);
        assert_eq!(written, b"[4,3]");
        records.put("a".into(), "5".into());
        written.clear();
        records.write(&mut written);
        assert_eq!(written, b"[4,3,5]");
    }
}
