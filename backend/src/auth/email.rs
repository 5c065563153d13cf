//! An e-mail address, parsed once at the edge.

use annex_openapi::problem::FieldError;

/// An address that mail could reach; its spelling is kept, its case does not tell accounts apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// Takes the address in.
    ///
    /// # Errors
    /// In a sentence, what an address must be.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || "must be an e-mail address, such as ada@example.com".to_owned();
        if text.len() > 254 {
            return Err("must not be longer than 254 bytes".to_owned());
        }
        let (local, domain) = text.split_once('@').ok_or_else(wrong)?;
        let visible = |part: &str| part.chars().all(|c| !c.is_whitespace() && !c.is_control());
        let label = |label: &str| {
            !label.is_empty()
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let sound = (1..=64).contains(&local.len()) && visible(local) && domain.split('.').all(label);
        if sound { Ok(Self(text.to_owned())) } else { Err(wrong()) }
    }

    /// The address in a body's member `email`.
    ///
    /// # Errors
    /// The member with what it must be.
    pub fn member(text: &str) -> Result<Self, FieldError> {
        Self::parse(text)
            .map_err(|detail| FieldError::new("/email", "invalid_email", format!("`email` {detail}")))
    }

    /// As it was spelled.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The one spelling that all of an address's spellings share.
    pub fn folded(&self) -> String {
        Self::fold(&self.0)
    }

    /// The same of an address that is kept.
    pub fn fold(text: &str) -> String {
        text.to_lowercase()
    }

    /// What is before the `@`.
    pub fn local(&self) -> &str {
        self.0.split('@').next().unwrap_or_default()
    }

    /// What is after the `@`.
    pub fn domain(&self) -> &str {
        self.0.split('@').next_back().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_other_text() {
        for good in [
            "ada@example.com",
            "A.L+x@sub.example.co",
            "o'neil@example.com",
            "ädä@bücher.example",
            "a@localhost",
        ] {
            assert_eq!(Email::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "a da@example.com",
            "ada@exa mple.com",
            "ada@@example.com",
            "ada@a@b.com",
            "ada@example..com",
            "ada@-example.com",
            "ada@example.com\n",
            "ada\0@example.com",
            "ada@.com",
        ] {
            assert!(Email::parse(bad).is_err(), "{bad:?}");
        }
        assert!(Email::parse(&format!("{}@example.com", "a".repeat(65))).is_err());
    }

    #[test]
    fn case_alone_tells_no_addresses_apart() {
        let folded = |text: &str| Email::parse(text).unwrap().folded();
        assert_eq!(folded("Ian@Example.COM"), folded("ian@example.com"));
        assert_eq!(folded("ÄDÄ@example.com"), folded("ädä@example.com"));
        for other in ["İan@example.com", "ıan@example.com"] {
            assert_ne!(folded(other), folded("ian@example.com"), "{other}");
        }
    }
}
