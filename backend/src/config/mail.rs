//! How mail is sent.

use std::str::FromStr;

use lettre::message::Mailbox;
use lettre::{AsyncSmtpTransport, Tokio1Executor};
use secrecy::SecretString;
use url::Url;

use super::source::Source;

/// How mail is sent.
#[derive(Debug, Clone)]
pub struct Mail {
    /// The server that takes it; without one it is kept in the outbox.
    pub smtp: Option<SecretString>,
    /// Whom it is from.
    pub from: Mailbox,
}

impl Mail {
    pub(super) fn from_source(source: &mut Source) -> Self {
        const FROM: (&str, &str) = ("ANNEX_MAIL_FROM", "mail.from");
        let smtp = source.maybe(
            "ANNEX_SMTP_URL",
            "mail.smtp_url",
            "smtps://user:password@host, or smtp://… with ?tls=required or ?tls=opportunistic",
        );
        let from = source.get(
            FROM.0,
            FROM.1,
            "an address such as shop@example.com or Shop <shop@example.com>",
            "annex@localhost".parse().expect("this is an address"),
        );
        if smtp.is_some() {
            source.require(FROM.0, FROM.1, "must be whom mail is from where ANNEX_SMTP_URL is set");
        }
        Self { smtp: smtp.map(|SmtpUrl(url)| url), from }
    }
}

/// A URL that the mail client understands, with what it does about TLS.
struct SmtpUrl(SecretString);

impl FromStr for SmtpUrl {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut url = Url::parse(text).map_err(|_| ())?;
        if url.username().is_empty() != url.password().is_none() {
            return Err(());
        }
        if url.scheme() == "smtp" && !url.query_pairs().any(|(name, _)| name == "tls") {
            // A password goes over no line that others read.
            let tls = if url.password().is_some() { "required" } else { "opportunistic" };
            url.query_pairs_mut().append_pair("tls", tls);
        }
        match AsyncSmtpTransport::<Tokio1Executor>::from_url(url.as_str()) {
            Ok(_) => Ok(Self(SecretString::from(url.as_str()))),
            Err(_) => Err(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_password_goes_over_tls_alone() {
        let parse = |text: &str| text.parse().map(|SmtpUrl(url)| url.expose_secret().to_owned());
        assert_eq!(parse("smtp://a:b@mail.example").unwrap(), "smtp://a:b@mail.example?tls=required");
        assert_eq!(parse("smtp://mail.example:2525").unwrap(), "smtp://mail.example:2525?tls=opportunistic");
        assert_eq!(parse("smtps://a:b@mail.example").unwrap(), "smtps://a:b@mail.example");
        for wrong in [
            "mail.example",
            "http://mail.example",
            "smtp://",
            "smtp://a@mail.example",
            "smtp://mail.example?tls=no",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_mail_server_needs_to_know_whom_mail_is_from() {
        let load = |env: &[(&str, &str)]| {
            let env = env.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
            Source::new(env, None)
                .and_then(super::super::Config::from_source)
                .map_err(|error| error.to_string())
        };
        let message = load(&[("ANNEX_SMTP_URL", "smtp://a:hunter2@mail.example")]).unwrap_err();
        assert!(message.contains("ANNEX_MAIL_FROM is not set, but must be whom mail is from"), "{message}");
        let message = load(&[("ANNEX_SMTP_URL", "smtp://hunter2@mail.example")]).unwrap_err();
        assert!(
            message.contains("ANNEX_SMTP_URL is set, but must be") && !message.contains("hunter2"),
            "{message}"
        );
        let set = [("ANNEX_SMTP_URL", "smtp://mail.example"), ("ANNEX_MAIL_FROM", "Shop <shop@example.com>")];
        assert_eq!(load(&set).unwrap().mail.from.to_string(), "Shop <shop@example.com>");
        assert_eq!(load(&[]).unwrap().mail.from.to_string(), "annex@localhost");
    }
}
