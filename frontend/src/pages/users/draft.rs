//! An account as it is being edited, and what of it differs.

use annex_openapi::auth::{User, UserCreate, UserUpdate};
use leptos::prelude::*;

/// The fields of an account's form.
#[derive(Clone, Copy)]
pub struct Draft {
    /// The address that signs in.
    pub email: RwSignal<String>,
    /// How the person wants to be called.
    pub name: RwSignal<String>,
    /// What the account may do beyond the rules.
    pub roles: RwSignal<Vec<String>>,
    /// Whether the address is known to be the account's own.
    pub verified: RwSignal<bool>,
    /// Whether the account may not sign in.
    pub disabled: RwSignal<bool>,
}

impl Draft {
    /// A new account.
    pub fn empty() -> Self {
        Self {
            email: RwSignal::default(),
            name: RwSignal::default(),
            roles: RwSignal::default(),
            verified: RwSignal::new(true),
            disabled: RwSignal::new(false),
        }
    }

    /// The account as it is.
    pub fn of(user: &User) -> Self {
        let this = Self::empty();
        this.reset(user);
        this
    }

    /// Forgets what was edited.
    pub fn reset(self, user: &User) {
        self.email.set(user.email.clone());
        self.name.set(user.display_name.clone().unwrap_or_default());
        self.roles.set(user.roles.clone());
        self.verified.set(user.verified);
        self.disabled.set(user.disabled);
    }

    /// The account to make, with a password where one is given.
    pub fn creation(self, password: String) -> UserCreate {
        UserCreate {
            email: self.email.get_untracked().trim().to_owned(),
            password: Some(password).filter(|password| !password.is_empty()),
            display_name: name(&self.name.get_untracked()),
            verified: self.verified.get_untracked(),
            roles: self.roles.get_untracked(),
        }
    }

    /// What differs from the account; `None` where nothing does.
    pub fn changes(self, user: &User) -> Option<UserUpdate> {
        difference(
            user,
            self.email.get().trim(),
            name(&self.name.get()),
            self.roles.get(),
            self.verified.get(),
            self.disabled.get(),
        )
    }
}

/// A name; none where nothing is written.
fn name(text: &str) -> Option<String> {
    Some(text.trim()).filter(|name| !name.is_empty()).map(str::to_owned)
}

fn difference(
    user: &User,
    email: &str,
    name: Option<String>,
    mut roles: Vec<String>,
    verified: bool,
    disabled: bool,
) -> Option<UserUpdate> {
    let mut before = user.roles.clone();
    before.sort();
    roles.sort();
    let update = UserUpdate {
        email: (email != user.email).then(|| email.to_owned()),
        password: None,
        display_name: (name != user.display_name).then_some(name),
        // The server takes it for unverified where the address changes and nothing is said.
        verified: (verified != user.verified || (email != user.email && verified)).then_some(verified),
        roles: (roles != before).then_some(roles),
        disabled: (disabled != user.disabled).then_some(disabled),
    };
    let is_empty = update.email.is_none()
        && update.display_name.is_none()
        && update.verified.is_none()
        && update.roles.is_none()
        && update.disabled.is_none();
    (!is_empty).then_some(update)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::OffsetDateTime;
    use uuid::Uuid;

    use super::*;

    fn ada() -> User {
        User {
            id: Uuid::nil(),
            email: "ada@example.com".to_owned(),
            verified: true,
            display_name: Some("Ada".to_owned()),
            roles: vec!["admin".to_owned(), "editor".to_owned()],
            disabled: false,
            created_at: OffsetDateTime::UNIX_EPOCH,
            updated_at: OffsetDateTime::UNIX_EPOCH,
        }
    }

    fn sent(email: &str, called: &str, roles: &[&str], verified: bool, disabled: bool) -> serde_json::Value {
        let roles = roles.iter().map(|role| (*role).to_owned()).collect();
        json!(difference(&ada(), email, name(called), roles, verified, disabled))
    }

    #[test]
    fn only_what_differs_is_sent() {
        assert_eq!(sent("ada@example.com", " Ada ", &["editor", "admin"], true, false), json!(null));
        assert_eq!(
            sent("ada@example.com", "", &["admin", "editor"], true, false),
            json!({"display_name": null})
        );
        assert_eq!(
            sent("ada@example.com", "Ada", &["editor"], true, true),
            json!({"roles": ["editor"], "disabled": true})
        );
    }

    #[test]
    fn a_new_address_says_whether_it_is_verified() {
        let roles = ["admin", "editor"];
        assert_eq!(sent("a@b.c", "Ada", &roles, true, false), json!({"email": "a@b.c", "verified": true}));
        assert_eq!(sent("a@b.c", "Ada", &roles, false, false), json!({"email": "a@b.c", "verified": false}));
    }
}
