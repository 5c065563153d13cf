//! `email.send`: sends a mail.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::jobs::{Completed, Context, Job, JobError};
use crate::mail::{self, Draft, SendError};

/// The arguments.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EmailSend {
    to: Addresses,
    cc: Option<Addresses>,
    reply_to: Option<String>,
    subject: String,
    text: String,
    html: Option<String>,
}

/// One address or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Addresses {
    One(String),
    Many(Vec<String>),
}

impl From<Addresses> for Vec<String> {
    fn from(addresses: Addresses) -> Self {
        match addresses {
            Addresses::One(address) => vec![address],
            Addresses::Many(addresses) => addresses,
        }
    }
}

impl Job for EmailSend {
    const KIND: &'static str = "email.send";
    const DESCRIPTION: &'static str = "Sends a mail; where no mail server is set, it goes to the outbox.";

    fn schema() -> Option<Value> {
        let address = json!({
            "type": "string", "minLength": 3, "maxLength": 400, "pattern": "@",
            "examples": ["ada@example.com", "Ada Lovelace <ada@example.com>"],
        });
        let addresses = json!({"anyOf": [
            address, {"type": "array", "minItems": 1, "maxItems": mail::MOST_RECIPIENTS, "items": address},
        ]});
        Some(json!({
            "type": "object",
            "properties": {
                "to": addresses,
                "cc": addresses,
                "reply_to": address,
                "subject": {"type": "string", "maxLength": 900},
                "text": {"type": "string", "description": "The mail as plain text"},
                "html": {"type": "string", "description": "The same for readers that show HTML"},
            },
            "required": ["to", "subject", "text"],
            "additionalProperties": false,
        }))
    }

    async fn run(self, context: Context) -> Result<Completed, JobError> {
        let draft = Draft {
            to: self.to.into(),
            cc: self.cc.map_or_else(Vec::new, Into::into),
            reply_to: self.reply_to,
            subject: self.subject,
            text: self.text,
            html: self.html,
        };
        let app = context.app();
        let mail = app
            .mailer
            .compose(draft, context.job_id(), app.clock.now())
            .map_err(|wrong| JobError::permanent("invalid_arguments", wrong.to_string()))?;
        if !app.mailer.is_set() {
            let mut transaction = context.begin().await?;
            let id = app.clock.uuid_v7();
            mail.keep(&mut transaction, id).await?;
            return context.complete(transaction, Some(json!({"outbox_id": id}))).await;
        }
        match app.mailer.send(&mail).await {
            Ok(said) => Ok(json!({"message_id": mail.message_id(), "answer": said}).into()),
            Err(SendError::Refused(why)) => Err(JobError::permanent("mail_refused", why)),
            Err(SendError::NotNow(why)) => Err(JobError::retry(why).code("mail_not_sent")),
        }
    }
}
