//! Who is calling.
//!
//! The feature `auth` finds out and leaves the answer in the request; a handler says in its signature whom
//! it serves: [`Caller`] for anybody, [`SignedIn`], [`InPerson`], [`Worker`], or [`Admin`].

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload};
use uuid::Uuid;

use crate::problem::{Code, Problem};

/// The role that may do everything.
pub const ADMIN: &str = "admin";

/// The role of programs that work on jobs.
pub const WORKER: &str = "worker";

/// An account as rules see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The account.
    pub user_id: Uuid,
    /// The session, for a caller with an access token.
    pub session_id: Option<Uuid>,
    /// The admin who acts as the account, where it is not the account itself.
    pub impersonator: Option<Uuid>,
    /// The account's address.
    pub email: String,
    /// Whether the address is known to be the account's own.
    pub verified: bool,
    /// The account's roles.
    pub roles: Vec<String>,
}

impl Identity {
    /// Whether every rule is open to the account.
    pub fn is_admin(&self) -> bool {
        self.roles.iter().any(|role| role == ADMIN)
    }
}

/// Whoever is calling: an account, or nobody that is known.
#[derive(Debug, Clone, Default)]
pub struct Caller(Option<Arc<Identity>>);

impl Caller {
    /// Nobody that is known.
    pub const ANONYMOUS: Self = Self(None);

    /// That account.
    pub fn new(identity: Arc<Identity>) -> Self {
        Self(Some(identity))
    }

    /// The server itself, for work that is nobody's: every rule is open to it, and it is no account.
    pub fn server() -> Self {
        Self::new(Arc::new(Identity {
            user_id: Uuid::nil(),
            session_id: None,
            impersonator: None,
            email: String::new(),
            verified: false,
            roles: vec![ADMIN.to_owned()],
        }))
    }

    /// The account, where one is signed in.
    pub fn identity(&self) -> Option<&Identity> {
        self.0.as_deref()
    }

    /// Whether every rule is open to the caller.
    pub fn is_admin(&self) -> bool {
        self.identity().is_some_and(Identity::is_admin)
    }
}

/// A caller that is signed in.
#[derive(Debug, Clone)]
pub struct SignedIn(pub Arc<Identity>);

/// A caller that is signed in, and not an admin in the account's name: for the account's own password and sessions.
#[derive(Debug, Clone)]
pub struct InPerson(pub Arc<Identity>);

/// A caller that is an admin.
#[derive(Debug, Clone)]
pub struct Admin(pub Arc<Identity>);

/// A caller that may work on jobs: a worker, or an admin.
#[derive(Debug, Clone)]
pub struct Worker(pub Arc<Identity>);

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(request.extensions().get::<Caller>().cloned().unwrap_or_default()))
    }
}

impl FromRequest for SignedIn {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = request.extensions().get::<Caller>().cloned().unwrap_or_default();
        ready(caller.0.map(SignedIn).ok_or_else(|| {
            Problem::new(Code::Unauthenticated, "This needs an account")
                .with_hint("Send an access token from POST /v1/auth/login as `Authorization: Bearer …`")
        }))
    }
}

impl FromRequest for InPerson {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let signed_in = SignedIn::from_request(request, payload).into_inner();
        ready(signed_in.and_then(|SignedIn(identity)| {
            match identity.impersonator {
                None => Ok(InPerson(identity)),
                Some(_) => Err(Problem::new(
                    Code::Forbidden,
                    "This is for the account itself, not for who acts as it",
                )
                .with_hint("Use the token of your own account")),
            }
        }))
    }
}

impl FromRequest for Admin {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let signed_in = SignedIn::from_request(request, payload).into_inner();
        ready(signed_in.and_then(|SignedIn(identity)| {
            if identity.is_admin() {
                Ok(Admin(identity))
            } else {
                Err(Problem::new(Code::Forbidden, "This needs the role `admin`"))
            }
        }))
    }
}

impl FromRequest for Worker {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let signed_in = SignedIn::from_request(request, payload).into_inner();
        ready(signed_in.and_then(|SignedIn(identity)| {
            if identity.is_admin() || identity.roles.iter().any(|role| role == WORKER) {
                Ok(Worker(identity))
            } else {
                Err(Problem::new(Code::Forbidden, "This needs the role `worker` or `admin`"))
            }
        }))
    }
}
