//! What the feed tells of.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use serde::Deserialize;
use uuid::Uuid;

use crate::collections::catalogue::Table;
use crate::evaluator::Image;

/// Something that was committed.
#[derive(Debug, Clone)]
pub enum Change {
    /// A row came, changed or went.
    Row(Arc<RowChange>),
    /// All rows of a collection went.
    Truncated(Arc<Table>),
    /// A collection changed in a way that what was told of it before does not fit any more.
    Reshaped(Arc<Table>),
    /// The rules, or anything else of the collections, may be others from here on.
    Schema,
    /// That account or session changed; or any.
    Identity(Option<Uuid>),
    /// Something was said to whoever listens to a topic.
    Broadcast(Arc<OnTopic>),
    /// Somebody came to a topic, said otherwise who they are there, or went.
    Presence(Arc<OnTopic>),
}

/// What happened on a topic.
#[derive(Debug, PartialEq, Eq)]
pub struct OnTopic {
    /// The topic.
    pub topic: Box<str>,
    /// The JSON that stands in the log, with the topic in it.
    pub content: Bytes,
}

impl OnTopic {
    /// Reads what stands in the log; nothing where it is about no topic: any program may write there.
    pub fn read(content: &Bytes) -> Option<Arc<Self>> {
        #[derive(Deserialize)]
        struct Topic<'a> {
            #[serde(borrow)]
            topic: Cow<'a, str>,
        }
        let Topic { topic } = serde_json::from_slice(content).ok()?;
        Some(Arc::new(Self { topic: topic.into(), content: content.clone() }))
    }
}

/// A row that came (there was none), changed, or went (there is none).
#[derive(Debug)]
pub struct RowChange {
    /// The collection.
    pub table: Arc<Table>,
    /// The row as it was; also nothing where the log did not have it.
    pub old: Option<Image>,
    /// The row as it is.
    pub new: Option<Image>,
}

impl Change {
    /// About how many bytes it takes.
    pub fn size(&self) -> usize {
        let more = match self {
            Self::Row(row) => {
                let images = [&row.old, &row.new].into_iter().flatten();
                size_of::<RowChange>() + images.map(Image::size).sum::<usize>()
            }
            Self::Broadcast(on) | Self::Presence(on) => {
                size_of::<OnTopic>() + on.topic.len() + on.content.len()
            }
            _ => 0,
        };
        size_of::<super::Committed>() + more
    }
}
