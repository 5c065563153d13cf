//! What a password must be, and how it is kept.

mod hasher;

use std::collections::HashSet;
use std::sync::LazyLock;

use annex_openapi::problem::FieldError;
use secrecy::{ExposeSecret, SecretString};
use unicode_normalization::UnicodeNormalization;

use super::email::Email;

pub use hasher::{Hasher, Outcome};

const MIN_LENGTH: usize = 15;
const MAX_LENGTH: usize = 256;

/// Words that say nothing secret here.
const PRODUCT: [&str; 2] = ["annex", "password"];

/// The commonest passwords; where they come from is in `common.LICENSE`.
static COMMON: LazyLock<HashSet<&str>> = LazyLock::new(|| include_str!("common.txt").lines().collect());

/// A password as somebody typed it, in the one form that equal text has (NFKC).
#[derive(Debug, Clone)]
pub struct Attempt(SecretString);

impl Attempt {
    /// Takes a password in, to be compared with the right one.
    pub fn new(text: &str) -> Self {
        // What is too long cannot be right, and is not worth the work of being normalised.
        let bounded = if text.chars().nth(MAX_LENGTH).is_some() { "" } else { text };
        Self(bounded.nfkc().collect::<String>().into())
    }

    pub(super) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// A password that is good enough for the account of an address.
#[derive(Debug, Clone)]
pub struct Password(Attempt);

impl Password {
    /// Takes a new password in; no rule asks for kinds of characters, and nothing is cut off.
    ///
    /// # Errors
    /// In a sentence, what a password must be.
    pub fn parse(text: &str, email: &Email) -> Result<Self, String> {
        check_length(text)?;
        let attempt = Attempt::new(text);
        if is_guessable(attempt.expose(), email) {
            return Err("is too easy to guess: it is among the commonest ones, repeats itself, or says little beside \
                        the address and the product's name"
                .to_owned());
        }
        Ok(Self(attempt))
    }

    /// The password in that member of a body.
    ///
    /// # Errors
    /// The member with what it must be.
    pub fn member(name: &str, text: &str, email: &Email) -> Result<Self, FieldError> {
        Self::parse(text, email).map_err(|detail| wrong_member(name, &detail))
    }

    /// The address and the password in the members `email` and `password` of a body. What is wrong with either is told
    /// at once; what a wrong address would make of the password is not asked.
    ///
    /// # Errors
    /// The members with what they must be.
    pub fn members(email: &str, password: &str) -> Result<(Email, Self), Vec<FieldError>> {
        match Email::member(email) {
            Ok(email) => match Self::member("password", password, &email) {
                Ok(password) => Ok((email, password)),
                Err(error) => Err(vec![error]),
            },
            Err(error) => {
                let password = check_length(password).map_err(|detail| wrong_member("password", &detail));
                Err([Some(error), password.err()].into_iter().flatten().collect())
            }
        }
    }

    pub(super) fn expose(&self) -> &str {
        self.0.expose()
    }
}

fn wrong_member(name: &str, detail: &str) -> FieldError {
    FieldError::new(format!("/{name}"), "invalid_password", format!("`{name}` {detail}"))
}

fn check_length(text: &str) -> Result<(), String> {
    let length = text.chars().count();
    if length < MIN_LENGTH {
        return Err(format!("must have at least {MIN_LENGTH} characters; a few words make a good one"));
    }
    if length > MAX_LENGTH {
        return Err(format!("must not have more than {MAX_LENGTH} characters"));
    }
    Ok(())
}

fn is_guessable(password: &str, email: &Email) -> bool {
    let password = password.to_lowercase();
    is_common(&password) || is_common(repeated_unit(&password)) || says_little(&password, email)
}

fn is_common(text: &str) -> bool {
    COMMON.contains(text)
}

/// The shortest text that, repeated, is `text`, where that is short; otherwise all of it.
fn repeated_unit(text: &str) -> &str {
    let ends = text.char_indices().map(|(at, _)| at).skip(1);
    let unit = ends.map(|at| &text[..at]).find(|unit| {
        text.len().is_multiple_of(unit.len())
            && text.as_bytes().chunks(unit.len()).all(|chunk| chunk == unit.as_bytes())
    });
    match unit {
        // Nothing short becomes secret by being repeated; it stands for the commonest of all.
        Some(unit) if unit.chars().count() <= 6 => "123456",
        Some(unit) => unit,
        None => text,
    }
}

/// Whether little is left once the words of the context are taken away.
fn says_little(password: &str, email: &Email) -> bool {
    let address = email.as_str().to_lowercase();
    let (local, domain) = (email.local().to_lowercase(), email.domain().to_lowercase());
    let site = domain.split('.').next().unwrap_or_default();
    let words = [address.as_str(), &local, &domain, site].into_iter().chain(PRODUCT);
    let mut rest = password.to_owned();
    for word in words.filter(|word| word.chars().count() >= 3) {
        rest = rest.replace(word, "");
    }
    if rest.len() == password.len() {
        return false;
    }
    let rest: String = rest.chars().filter(|c| c.is_alphanumeric()).collect();
    rest.chars().count() < 6 || is_common(&rest) || is_common(repeated_unit(&rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_guessable_passwords_and_wrong_lengths_are_refused() {
        let email = Email::parse("Grace.Hopper@navy.example").unwrap();
        for good in [
            "seven quiet otters",
            "               .",
            "!@#$%^&*()_+{}|",
            "grace.hopper likes cobol",
            "annex of seven otters",
            "пятнадцать букв",
            "x7x7x7 otters in a row",
            &format!("{}.", "seven otters ".repeat(19)),
        ] {
            assert!(Password::parse(good, &email).is_ok(), "{good}");
        }
        for bad in [
            "",
            "fourteen chars",
            "aaaaaaaaaaaaaaaaaaaa",
            "passwordpassword",
            "PasswordPassword",
            "123456789987654321",
            "123123123123123",
            "grace.hopper@navy.example",
            "Grace.Hopper-navy-1",
            "annexannexannex1",
            "annex-navy-password",
            &"a secret otter! ".repeat(17),
        ] {
            assert!(Password::parse(bad, &email).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_list_holds_what_it_says() {
        assert!(COMMON.len() >= 3000);
        assert!(COMMON.iter().all(|word| *word == word.to_lowercase()));
    }

    #[test]
    fn equal_text_is_equal_however_it_is_composed() {
        assert_eq!(Attempt::new("caf\u{e9}").expose(), Attempt::new("cafe\u{301}").expose());
        assert_eq!(Attempt::new(&"x".repeat(257)).expose(), "");
    }

    #[test]
    fn a_password_is_not_shown() {
        let email = Email::parse("ada@example.com").unwrap();
        let shown = format!("{:?}", Password::parse("seven quiet otters", &email).unwrap());
        assert!(!shown.contains("otters"), "{shown}");
    }
}
