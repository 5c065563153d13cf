//! What is subscribed to and as whom, as the address says it.

use annex_openapi::realtime::Subscribe;
use uuid::Uuid;

use crate::api::realtime::Who;
use crate::url::Change;

/// A subscription, and as whom.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// The collection; nothing where none is chosen.
    pub collection: String,
    /// What the rows must fulfil.
    pub filter: String,
    /// The fields that are told; none for all.
    pub fields: Vec<String>,
    /// The relations that are followed.
    pub expand: Vec<String>,
    /// Whether the rows as they are come first.
    pub snapshot: bool,
    /// A cursor: everything behind it is told first.
    pub after: String,
    /// As whom: oneself, or another.
    pub other: Option<Other>,
}

/// Somebody else than oneself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Other {
    /// Nobody.
    Nobody,
    /// An account.
    Account(Uuid),
}

impl Asked {
    /// Reads it from the values of a query.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        let text = |name: &str| get(name).unwrap_or_default().trim().to_owned();
        let names = |name: &str| {
            let text = text(name);
            let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
            names.map(str::to_owned).collect()
        };
        Self {
            collection: text("collection"),
            filter: text("filter"),
            fields: names("fields"),
            expand: names("expand"),
            snapshot: get("snapshot").is_some(),
            after: text("after"),
            other: match text("as").as_str() {
                "nobody" => Some(Other::Nobody),
                id => Uuid::parse_str(id).ok().map(Other::Account),
            },
        }
    }

    /// What a query has to say for it.
    pub fn changes(&self) -> [Change<'static>; 7] {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        [
            ("collection", some(&self.collection)),
            ("filter", some(&self.filter)),
            ("fields", some(&self.fields.join(","))),
            ("expand", some(&self.expand.join(","))),
            ("snapshot", self.snapshot.then(String::new)),
            ("after", some(&self.after)),
            (
                "as",
                self.other.map(|other| match other {
                    Other::Nobody => "nobody".to_owned(),
                    Other::Account(id) => id.to_string(),
                }),
            ),
        ]
    }

    /// As whom the connection is made.
    pub fn who(&self) -> Who {
        match self.other {
            None => Who::Session,
            Some(Other::Nobody) => Who::Nobody,
            Some(Other::Account(id)) => Who::Account(id),
        }
    }

    /// What is sent.
    pub fn subscribe(&self) -> Subscribe {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Subscribe {
            id: String::new(),
            collection: self.collection.clone(),
            filter: some(&self.filter),
            fields: Some(self.fields.clone()).filter(|fields| !fields.is_empty()),
            expand: self.expand.clone(),
            after: some(&self.after),
            snapshot: self.snapshot,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_says_all_of_it() {
        let asked = Asked {
            collection: "books".to_owned(),
            filter: "pages > 3".to_owned(),
            fields: vec!["id".to_owned(), "title".to_owned()],
            expand: vec!["author.country".to_owned()],
            snapshot: true,
            after: "a-b-2".to_owned(),
            other: Some(Other::Account(Uuid::from_u128(7))),
        };
        for asked in [asked, Asked { other: Some(Other::Nobody), ..Asked::default() }, Asked::default()] {
            let changes = asked.changes();
            let get = |name: &str| {
                changes.iter().find(|(own, _)| *own == name).and_then(|(_, value)| value.clone())
            };
            assert_eq!(Asked::read(get), asked);
        }
    }
}
