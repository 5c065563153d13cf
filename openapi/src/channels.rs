//! Channels: topics on which clients and programs say things to one another.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::collections::given;

/// Who may do what on the topics of a channel: each an expression, `""` for everyone, or null for admins alone. The parameters of the
/// topic are its fields: text, which is read as what it is compared with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelRules {
    /// Who may join, and is told what is said.
    #[serde(default)]
    #[schema(example = "exists(members, room = $.room and user = @user.id)")]
    pub join: Option<String>,
    /// Who may say something.
    #[serde(default)]
    #[schema(example = "exists(members, room = $.room and user = @user.id)")]
    pub send: Option<String>,
    /// Who, of those that have joined, may see who is there and be seen.
    #[serde(default)]
    #[schema(example = "@user.id != null")]
    pub presence: Option<String>,
}

/// A channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Channel {
    /// Its name.
    #[schema(example = "rooms")]
    pub name: String,
    /// What its topics look like: segments with colons between them, each a word or a parameter.
    #[schema(example = "room:{room}")]
    pub topic: String,
    /// Who may do what.
    pub rules: ChannelRules,
    /// What is wrong with its rules, where something is: one that looks into a collection that is gone, for example. Such a rule
    /// denies.
    pub problems: Vec<String>,
    /// When it was declared.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// When it was changed last.
    #[serde(with = "time::serde::rfc3339")]
    pub updated_at: OffsetDateTime,
}

/// A channel to declare.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelSpec {
    /// Its name.
    #[schema(pattern = "^[a-z][a-z0-9_.-]{0,62}$", example = "rooms")]
    pub name: String,
    /// What its topics look like: segments with colons between them, each a word (letters, digits, `_`, `.`, `-`) or a parameter
    /// (`{room}`), which stands for 1 to 128 bytes without a colon. The first one is a word. Where two channels have a topic, that one counts
    /// which has a word earlier.
    #[schema(max_length = 200, example = "room:{room}")]
    pub topic: String,
    /// Who may do what; admins alone where nothing is said.
    #[serde(default)]
    pub rules: ChannelRules,
}

/// A change of some rules: a rule that is left out stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelRulesPatch {
    /// See [`ChannelRules::join`].
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub join: Option<Option<String>>,
    /// See [`ChannelRules::send`].
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub send: Option<Option<String>>,
    /// See [`ChannelRules::presence`].
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub presence: Option<Option<String>>,
}

/// A change of a channel: what is left out stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelUpdate {
    /// What its topics look like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200, example = "room:{room}")]
    pub topic: Option<String>,
    /// Who may do what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<ChannelRulesPatch>,
}

/// The channels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChannelPage {
    /// All of them, by name.
    pub items: Vec<Channel>,
    /// Always null: there is one page.
    pub next_cursor: Option<String>,
}

/// Something to say to everybody who has joined a topic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BroadcastCreate {
    /// The topic.
    #[schema(max_length = 255, example = "room:7")]
    pub topic: String,
    /// What is said: any JSON, at most 32 KiB.
    #[schema(example = json!({"text": "hello"}))]
    pub payload: Value,
}
