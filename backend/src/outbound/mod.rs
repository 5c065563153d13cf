//! The one way in which the server calls other hosts on behalf of its users: jobs, webhooks, hooks.
//!
//! What a user names must never lead into the network that the server stands in (server-side request forgery). So only hosts of
//! the public internet are called, at an address that was checked, without following redirects and without proxies, and neither a
//! slow nor an endless answer holds anything up.

mod address;
mod guard;
mod headers;
mod places;
mod signature;
mod target;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use reqwest::{Client, Method, StatusCode};
use url::Host;

pub use guard::Refused;
pub use headers::{header_map, readable, retry_after};
pub use signature::{secret_text, sign};
pub use target::{InvalidTarget, Target};

use crate::config;
use guard::Guard;
use places::Places;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Calls other hosts.
#[derive(Debug)]
pub struct Outbound {
    client: Client,
    guard: Guard,
    places: Places,
    max_response: usize,
}

/// What is asked of another host.
#[derive(Debug, Clone)]
pub struct Call {
    /// Its method.
    pub method: Method,
    /// Where.
    pub target: Target,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body; empty for none.
    pub body: Bytes,
    /// How long it may take, with all that belongs to it: a free place, the lookup, the connection, the answer.
    pub timeout: Duration,
}

/// What another host answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The host may not be called.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The name of the host leads nowhere.
    #[error("`{0}` cannot be found")]
    NotFound(String),
    /// The host does not take the connection.
    #[error("`{host}` cannot be connected to: {why}")]
    Connect {
        /// The host.
        host: String,
        /// Why not.
        why: String,
    },
    /// There was no whole answer in time.
    #[error("`{host}` did not answer within {} s", .timeout.as_secs_f64())]
    TimedOut {
        /// The host.
        host: String,
        /// How long it had.
        timeout: Duration,
    },
    /// The answer is larger than is read.
    #[error("the answer of `{host}` is larger than {most} bytes")]
    TooLarge {
        /// The host.
        host: String,
        /// How large it may be.
        most: usize,
    },
    /// What came is no answer, or not all of it came.
    #[error("`{host}` broke the call off: {why}")]
    Broken {
        /// The host.
        host: String,
        /// Why.
        why: String,
    },
}

impl CallError {
    /// Whether another try may help.
    pub fn is_passing(&self) -> bool {
        !matches!(self, Self::Refused(_) | Self::TooLarge { .. })
    }

    /// For programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Refused(_) => "host_refused",
            Self::NotFound(_) => "host_not_found",
            Self::Connect { .. } => "connect_failed",
            Self::TimedOut { .. } => "timed_out",
            Self::TooLarge { .. } => "answer_too_large",
            Self::Broken { .. } => "connection_broken",
        }
    }
}

/// Why calls cannot be prepared.
#[derive(Debug, thiserror::Error)]
#[error("calls to other hosts cannot be prepared: {0}")]
pub struct SetupError(#[from] Box<dyn Error + Send + Sync>);

impl Outbound {
    /// Prepares calls.
    ///
    /// # Errors
    /// Neither TLS nor the lookup of names can be prepared.
    pub fn new(config: &config::Outbound) -> Result<Self, SetupError> {
        let guard = Guard::new(config).map_err(|error| SetupError(error.into()))?;
        let client = Client::builder()
            .user_agent(concat!("Annex/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(guard.clone())
            .redirect(Policy::none())
            .no_proxy()
            .referer(false)
            .connect_timeout(CONNECT_TIMEOUT)
            .build()
            .map_err(|error| SetupError(error.into()))?;
        let places = Places::new(config.per_host);
        Ok(Self { client, guard, places, max_response: config.max_response })
    }

    /// Calls another host.
    ///
    /// # Errors
    /// There is no answer. An answer that says no is one.
    pub async fn call(&self, call: Call) -> Result<Answer, CallError> {
        let host = call.target.host().to_string();
        // The client looks names up with the guard, and takes addresses as they are.
        match call.target.host() {
            Host::Domain(_) => {}
            Host::Ipv4(address) => self.guard.check(address.into())?,
            Host::Ipv6(address) => self.guard.check(address.into())?,
        }
        let timeout = call.timeout;
        match tokio::time::timeout(timeout, self.answer(call, &host)).await {
            Ok(answer) => answer,
            Err(_) => Err(CallError::TimedOut { host, timeout }),
        }
    }

    async fn answer(&self, call: Call, host: &str) -> Result<Answer, CallError> {
        let _place = self.places.take(host.to_owned()).await;
        let mut request = self.client.request(call.method, call.target.url()).headers(call.headers);
        if !call.body.is_empty() {
            request = request.body(call.body);
        }
        let mut response = request.send().await.map_err(|error| explain(&error, host))?;
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| explain(&error, host))? {
            if body.len() + chunk.len() > self.max_response {
                return Err(CallError::TooLarge { host: host.to_owned(), most: self.max_response });
            }
            body.extend_from_slice(&chunk);
        }
        let status = response.status();
        Ok(Answer { status, headers: std::mem::take(response.headers_mut()), body: body.freeze() })
    }
}

fn explain(error: &reqwest::Error, host: &str) -> CallError {
    let causes = || std::iter::successors(error.source(), |&cause| cause.source());
    if let Some(refused) = causes().find_map(|cause| cause.downcast_ref::<Refused>()) {
        return CallError::Refused(refused.clone());
    }
    let host = host.to_owned();
    if causes().any(|cause| cause.is::<hickory_resolver::net::NetError>()) {
        return CallError::NotFound(host);
    }
    let why = causes().last().map_or_else(|| error.to_string(), ToString::to_string);
    if error.is_connect() { CallError::Connect { host, why } } else { CallError::Broken { host, why } }
}
