//! What is to be called: a URL that holds nothing but an address.

use std::fmt;
use std::str::FromStr;

use url::{Host, Url};

/// An `http` or `https` URL of some host, without a user and a password. Whether the host may be called is known when it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target(Url);

/// Why a URL is none that can be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTarget {
    /// It has no meaning.
    #[error("the URL cannot be read")]
    Unreadable,
    /// It is something other than a web address.
    #[error("the URL must begin with http:// or https://")]
    Scheme,
    /// A user or a password is in it: they would show wherever the URL does.
    #[error("the URL must not have a user or a password in it; send them in a header")]
    UserInfo,
}

impl FromStr for Target {
    type Err = InvalidTarget;

    fn from_str(text: &str) -> Result<Self, InvalidTarget> {
        // What browsers would overlook is a mistake here: white space around, and line breaks within.
        if text.trim() != text || text.contains(char::is_control) {
            return Err(InvalidTarget::Unreadable);
        }
        let mut url = Url::parse(text).map_err(|_| InvalidTarget::Unreadable)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(InvalidTarget::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(InvalidTarget::UserInfo);
        }
        url.set_fragment(None);
        match url.host() {
            Some(_) => Ok(Self(url)),
            None => Err(InvalidTarget::Unreadable),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Target {
    /// The host as it is compared: in lower case, numbers as an address, without a dot at the end.
    pub fn host(&self) -> Host<&str> {
        match self.0.host().expect("a target was parsed with a host") {
            Host::Domain(name) => Host::Domain(name.trim_end_matches('.')),
            address => address,
        }
    }

    pub(super) fn url(&self) -> Url {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_web_address_and_nothing_else() {
        let parse = |text: &str| text.parse::<Target>().map(|target| target.to_string());
        assert_eq!(parse("https://Example.com/a?b=c#d").unwrap(), "https://example.com/a?b=c");
        assert_eq!(parse("http://example.com:8080").unwrap(), "http://example.com:8080/");
        for (text, expected) in [
            ("", InvalidTarget::Unreadable),
            ("/v1/jobs", InvalidTarget::Unreadable),
            ("https://", InvalidTarget::Unreadable),
            (" https://example.com", InvalidTarget::Unreadable),
            ("https://exa\nmple.com", InvalidTarget::Unreadable),
            ("https://example.com/\r\nhost: other", InvalidTarget::Unreadable),
            ("https://exa mple.com", InvalidTarget::Unreadable),
            ("https://1.2.3.4.5", InvalidTarget::Unreadable),
            ("https://256.256.256.256", InvalidTarget::Unreadable),
            ("file:///etc/passwd", InvalidTarget::Scheme),
            ("gopher://example.com", InvalidTarget::Scheme),
            ("unix:/run/postgresql", InvalidTarget::Scheme),
            ("data:text/plain,a", InvalidTarget::Scheme),
            ("https://ada@example.com", InvalidTarget::UserInfo),
            ("https://ada:secret@example.com", InvalidTarget::UserInfo),
            ("https://:secret@example.com", InvalidTarget::UserInfo),
            ("https://example.com@127.0.0.1", InvalidTarget::UserInfo),
        ] {
            assert_eq!(parse(text), Err(expected), "{text}");
        }
    }

    #[test]
    fn a_host_is_the_same_however_it_is_written() {
        for (text, expected) in [
            ("http://EXAMPLE.com.", "example.com"),
            ("http://0x7f.1", "127.0.0.1"),
            ("http://2130706433", "127.0.0.1"),
            ("http://0177.0.0.1", "127.0.0.1"),
            ("http://127.0.0.1.", "127.0.0.1"),
            ("http://%31%32%37.0.0.1", "127.0.0.1"),
            ("http://①②⑦.⓪.⓪.①", "127.0.0.1"),
            ("http://[0:0:0:0:0:ffff:7f00:1]", "[::ffff:7f00:1]"),
        ] {
            assert_eq!(text.parse::<Target>().unwrap().host().to_string(), expected, "{text}");
        }
    }
}
