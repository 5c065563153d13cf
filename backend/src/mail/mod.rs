//! Mail: composed from what a user says, sent over SMTP, or kept in an outbox where nothing is set to send it.

pub mod get;
pub mod list;
mod store;

use std::error::Error;
use std::str::FromStr;
use std::time::Duration;

use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::response::Category;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use secrecy::ExposeSecret;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::config;

/// How many addresses one mail goes to at the most, copies included: mail servers take no more than 100.
pub const MOST_RECIPIENTS: usize = 100;

/// How long the mail server may take for one answer.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How long a connection to it is kept for the next mail.
const IDLE: Duration = Duration::from_secs(30);
const MOST_CONNECTIONS: u32 = 10;

/// Sends mail.
#[derive(Debug)]
pub struct Mailer {
    from: Mailbox,
    smtp: Option<AsyncSmtpTransport<Tokio1Executor>>,
}

/// What a mail is to say. Addresses are `ada@example.com` or `Ada Lovelace <ada@example.com>`.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// Whom it is to.
    pub to: Vec<String>,
    /// Who gets a copy.
    pub cc: Vec<String>,
    /// Whom an answer goes to, where that is not the sender.
    pub reply_to: Option<String>,
    /// Its subject.
    pub subject: String,
    /// It as plain text.
    pub text: String,
    /// The same as HTML.
    pub html: Option<String>,
}

/// A mail that can be sent.
#[derive(Debug, Clone)]
pub struct Mail {
    draft: Draft,
    from: Mailbox,
    job_id: Uuid,
    at: OffsetDateTime,
    message_id: String,
    message: Message,
}

/// Why a draft is no mail.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDraft {
    /// An address is none.
    #[error(
        "`{0}` has an address that is not valid; one is ada@example.com or Ada Lovelace <ada@example.com>"
    )]
    Address(&'static str),
    /// It goes to nobody, or to too many.
    #[error("a mail has from 1 to {MOST_RECIPIENTS} recipients")]
    Recipients,
    /// What would be a line of its own, and so another header.
    #[error("`{0}` has a control character in it, a line break perhaps")]
    ControlCharacter(&'static str),
    /// What no mail can be.
    #[error("this is no mail: {0}")]
    Unwritable(String),
}

/// Why a mail is not sent.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SendError {
    /// The mail server will never take it.
    #[error("{0}")]
    Refused(String),
    /// It may be sent later.
    #[error("{0}")]
    NotNow(String),
}

/// The mail server cannot be prepared for.
#[derive(Debug, thiserror::Error)]
#[error("mail cannot be prepared: {0}")]
pub struct SetupError(#[from] Box<dyn Error + Send + Sync>);

impl Mailer {
    /// Prepares to send mail; no connection is made before it is needed.
    ///
    /// # Errors
    /// TLS cannot be prepared.
    pub fn new(config: &config::Mail) -> Result<Self, SetupError> {
        let smtp = match &config.smtp {
            None => None,
            Some(url) => {
                let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose_secret())
                    .map_err(|error| SetupError(error.into()))?;
                let pool = PoolConfig::new().max_size(MOST_CONNECTIONS).idle_timeout(IDLE);
                Some(builder.timeout(Some(TIMEOUT)).pool_config(pool).build())
            }
        };
        Ok(Self { from: config.from.clone(), smtp })
    }

    /// Whether there is a server to send mail.
    pub const fn is_set(&self) -> bool {
        self.smtp.is_some()
    }

    /// Makes a mail of a draft. However often a job tries to send it, it has the same id.
    ///
    /// # Errors
    /// What is wrong with the draft.
    pub fn compose(&self, draft: Draft, job_id: Uuid, at: OffsetDateTime) -> Result<Mail, InvalidDraft> {
        if !(1..=MOST_RECIPIENTS).contains(&(draft.to.len() + draft.cc.len())) || draft.to.is_empty() {
            return Err(InvalidDraft::Recipients);
        }
        if draft.subject.contains(char::is_control) {
            return Err(InvalidDraft::ControlCharacter("subject"));
        }
        let message_id = format!("<{job_id}@{}>", self.from.email.domain());
        let mut message = Message::builder()
            .message_id(Some(message_id.clone()))
            .date(at.into())
            .from(self.from.clone())
            .subject(&draft.subject);
        for to in &draft.to {
            message = message.to(address("to", to)?);
        }
        for cc in &draft.cc {
            message = message.cc(address("cc", cc)?);
        }
        if let Some(reply_to) = &draft.reply_to {
            message = message.reply_to(address("reply_to", reply_to)?);
        }
        let message = match draft.html.clone() {
            Some(html) => message.multipart(MultiPart::alternative_plain_html(draft.text.clone(), html)),
            None => message.singlepart(lettre::message::SinglePart::plain(draft.text.clone())),
        };
        let message = message.map_err(|error| InvalidDraft::Unwritable(error.to_string()))?;
        Ok(Mail { draft, from: self.from.clone(), job_id, at, message_id, message })
    }

    /// Sends a mail, and returns what the mail server said.
    ///
    /// # Errors
    /// It was not sent.
    pub async fn send(&self, mail: &Mail) -> Result<String, SendError> {
        let Some(smtp) = &self.smtp else {
            return Err(SendError::NotNow("No mail server is set".to_owned()));
        };
        match smtp.send(mail.message.clone()).await {
            Ok(response) => Ok(response.message().collect::<Vec<_>>().join(" ")),
            Err(error) => {
                // 530, 534, 535, 538: what is wrong is the password or the encryption, and not the mail.
                let sign_in = error.status().is_some_and(|code| code.category == Category::Unspecified3);
                let why = error.to_string();
                Err(if error.is_permanent() && !sign_in {
                    SendError::Refused(why)
                } else {
                    SendError::NotNow(why)
                })
            }
        }
    }
}

fn address(member: &'static str, text: &str) -> Result<Mailbox, InvalidDraft> {
    if text.contains(char::is_control) {
        return Err(InvalidDraft::ControlCharacter(member));
    }
    Mailbox::from_str(text.trim()).map_err(|_| InvalidDraft::Address(member))
}

impl Mail {
    /// What mail servers know it by.
    pub fn message_id(&self) -> &str {
        &self.message_id
    }

    /// Puts it into the outbox instead.
    ///
    /// # Errors
    /// The database does not take it.
    pub async fn keep(&self, connection: &mut PgConnection, id: Uuid) -> sqlx::Result<()> {
        store::insert(connection, id, self).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compose(draft: Draft) -> Result<Mail, InvalidDraft> {
        let from = "Shop <shop@example.com>".parse().unwrap();
        let mailer = Mailer::new(&config::Mail { smtp: None, from }).unwrap();
        mailer.compose(draft, Uuid::nil(), time::macros::datetime!(2026-01-31 12:00:00 UTC))
    }

    fn draft() -> Draft {
        Draft {
            to: vec!["Ada Lovelace <ada@example.com>".to_owned()],
            subject: "Grüße".to_owned(),
            text: "Hello\n.\nAda".to_owned(),
            ..Draft::default()
        }
    }

    #[test]
    fn a_mail_is_what_the_draft_says() {
        let mail = compose(Draft {
            cc: vec!["b@example.com".to_owned()],
            reply_to: Some("c@example.com".to_owned()),
            html: Some("<p>Hello</p>".to_owned()),
            ..draft()
        });
        let text = String::from_utf8(mail.unwrap().message.formatted()).unwrap();
        for line in [
            "From: Shop <shop@example.com>",
            "To: \"Ada Lovelace\" <ada@example.com>",
            "Cc: b@example.com",
            "Reply-To: c@example.com",
            "Subject: =?utf-8?b?R3LDvMOfZQ==?=",
            "Date: Sat, 31 Jan 2026 12:00:00 +0000",
            "Message-ID: <00000000-0000-0000-0000-000000000000@example.com>",
        ] {
            assert!(text.contains(&format!("{line}\r\n")), "{line} in {text}");
        }
        assert!(text.contains("multipart/alternative") && text.contains("<p>Hello</p>"), "{text}");
    }

    #[test]
    fn no_header_comes_in_by_way_of_another() {
        let bad = "Bcc: eve@example.com";
        for line_break in ["\r\n", "\n", "\r", "\r\n ", "\0", "\u{85}"] {
            let text = format!("a{line_break}{bad}");
            assert_eq!(
                compose(Draft { subject: text.clone(), ..draft() }).unwrap_err(),
                InvalidDraft::ControlCharacter("subject")
            );
            let to = vec![format!("Ada{line_break}{bad} <ada@example.com>")];
            assert_eq!(compose(Draft { to, ..draft() }).unwrap_err(), InvalidDraft::ControlCharacter("to"));
            let cc = vec![format!("ada@example.com{line_break}{bad}")];
            assert_eq!(compose(Draft { cc, ..draft() }).unwrap_err(), InvalidDraft::ControlCharacter("cc"));
            let reply_to = Some(format!("{line_break}{bad}"));
            let error = compose(Draft { reply_to, ..draft() }).unwrap_err();
            assert_eq!(error, InvalidDraft::ControlCharacter("reply_to"));
        }
    }

    #[test]
    fn who_cannot_get_mail_is_told() {
        for wrong in [
            "",
            "ada",
            "ada@",
            "@example.com",
            "ada@example.com, eve@example.com",
            "Ada <ada@example.com",
            "<>",
        ] {
            let to = vec![wrong.to_owned()];
            assert_eq!(compose(Draft { to, ..draft() }).unwrap_err(), InvalidDraft::Address("to"), "{wrong}");
        }
        let many = |count: usize| vec!["ada@example.com".to_owned(); count];
        for (to, cc) in [(0, 0), (0, 1), (101, 0), (50, 51)] {
            let draft = Draft { to: many(to), cc: many(cc), ..draft() };
            assert_eq!(compose(draft).unwrap_err(), InvalidDraft::Recipients);
        }
        assert!(compose(Draft { to: many(50), cc: many(50), ..draft() }).is_ok());
    }
}
