//! Every way a request can fail: one table of codes, rendered as RFC 9457 problem details.
//!
//! A [`Problem`] is made where the fault is found and travels as an ordinary error; `telemetry` gives it
//! the request id and writes the body, so that errors of extractors and of actix itself look the same.

use std::fmt;
use std::sync::Arc;

use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError, http::StatusCode, http::header};
pub use annex_openapi::problem::FieldError;

/// The media type of a problem.
pub const MEDIA_TYPE: &str = "application/problem+json";

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal, $status:ident, $title:literal, $remedy:literal;)*) => {
        /// The kind of a problem. The table in this file is the only place that names them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[doc = $doc])+ $name,)* }

        impl Code {
            /// All of them, in the table's order.
            pub const ALL: &[Code] = &[$(Code::$name,)*];

            /// The stable name.
            pub const fn as_str(self) -> &'static str { match self { $(Code::$name => $code,)* } }

            /// The HTTP status.
            pub const fn status(self) -> StatusCode { match self { $(Code::$name => StatusCode::$status,)* } }

            /// The kind in a few words.
            pub const fn title(self) -> &'static str { match self { $(Code::$name => $title,)* } }

            /// What it means, in a sentence.
            pub fn description(self) -> &'static str {
                match self { $(Code::$name => concat!($($doc),+).trim(),)* }
            }

            /// What whoever gets it can do.
            pub const fn remedy(self) -> &'static str { match self { $(Code::$name => $remedy,)* } }
        }
    };
}

codes! {
    /// The request cannot be read at all.
    BadRequest = "bad_request", BAD_REQUEST, "The request cannot be read",
        "Look at `detail`: the request broke off, or is not HTTP as it should be.";
    /// The body is not JSON, or not the JSON that is asked for.
    InvalidJson = "invalid_json", BAD_REQUEST, "The body is not valid JSON",
        "Send one JSON value (RFC 8259), without repeated keys and nested at most 64 deep; `detail` has the line and the column.";
    /// A query parameter is unknown, repeated or wrong.
    InvalidParameter = "invalid_parameter", BAD_REQUEST, "A parameter is not valid",
        "Mend the parameter that `errors` names; `hint` lists what there is.";
    /// A filter cannot be parsed or does not fit the collection.
    InvalidExpression = "invalid_expression", BAD_REQUEST, "The expression is not valid",
        "Mend the expression at the character that `detail` names; `hint` has the nearest name that exists.";
    /// A cursor was not made by this list.
    InvalidCursor = "invalid_cursor", BAD_REQUEST, "The cursor is not valid",
        "Leave `cursor` out to begin anew, with the same filter and sort from page to page.";
    /// `search` on a collection without a full-text index.
    SearchUnavailable = "search_unavailable", BAD_REQUEST, "The collection cannot be searched",
        "Give the collection an index of the kind `full_text`, or use `filter`.";
    /// No credentials, or none that count.
    Unauthenticated = "unauthenticated", UNAUTHORIZED, "Sign in first",
        "Sign in with `POST /v1/auth/login` and send the access token as `Authorization: Bearer …`.";
    /// The access token is expired, revoked or forged.
    InvalidToken = "invalid_token", UNAUTHORIZED, "The token is not valid",
        "Get a new access token with `POST /v1/auth/refresh`, or sign in again.";
    /// Wrong e-mail or password.
    InvalidCredentials = "invalid_credentials", UNAUTHORIZED, "The e-mail or the password is wrong",
        "Check the e-mail and the password.";
    /// Signed in, but not allowed.
    Forbidden = "forbidden", FORBIDDEN, "This is not allowed",
        "Use an account that may do it, or ask an admin for the role.";
    /// There is no such thing, or the caller may not know of it.
    NotFound = "not_found", NOT_FOUND, "There is nothing here",
        "Check the path and the id; what the caller may not read looks the same.";
    /// The route exists, not for this method.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "The method is not allowed here",
        "Use one of the methods that `Allow` lists.";
    /// None of the offered media types can be answered.
    NotAcceptable = "not_acceptable", NOT_ACCEPTABLE, "The answer has no such media type",
        "Ask for a media type that the operation documents.";
    /// The request took too long to arrive.
    RequestTimeout = "request_timeout", REQUEST_TIMEOUT, "The request took too long to arrive",
        "Send the request again, faster.";
    /// The collection has realtime off, or the database alone can decide who may see its rows.
    NotLive = "not_live", CONFLICT, "Changes of these rows cannot be told",
        "Do as `hint` says: changes are told of collections that have realtime on, under conditions that can be decided row by row.";
    /// The state of things does not allow it.
    Conflict = "conflict", CONFLICT, "This conflicts with what is there",
        "Read what is there now, and decide again.";
    /// The e-mail address has an account.
    EmailTaken = "email_taken", CONFLICT, "The e-mail address is taken",
        "Sign in instead, or register with another address.";
    /// Another value must be unique.
    NotUnique = "not_unique", CONFLICT, "A value must be unique",
        "Choose another value for the field that `errors` names.";
    /// Other rows point at this one.
    StillReferenced = "still_referenced", CONFLICT, "Other rows point at this one",
        "Delete or change the rows that point at this one first.";
    /// The first admin exists.
    AlreadySetUp = "already_set_up", CONFLICT, "The first admin has been made",
        "Sign in as the admin that was made.";
    /// The same idempotency key is being worked on.
    IdempotencyInFlight = "idempotency_in_flight", CONFLICT, "The same request is being worked on",
        "Wait for the first answer, or send the same request again in a moment.";
    /// The job is not held under that lease any more.
    StaleLease = "stale_lease", CONFLICT, "The lease is gone",
        "Stop working on the job: it has ended, or another worker has it. Nothing was written.";
    /// The job or the batch is not in a state that allows it.
    JobStateConflict = "job_state_conflict", CONFLICT, "The job is not in a state for that",
        "Read the job, and decide again.";
    /// `If-Match` does not hold.
    PreconditionFailed = "precondition_failed", PRECONDITION_FAILED, "It has changed meanwhile",
        "Read it again, and make the change from its new `ETag`.";
    /// The body is larger than is allowed.
    PayloadTooLarge = "payload_too_large", PAYLOAD_TOO_LARGE, "The body is too large",
        "Send less at a time; for many rows there is the import.";
    /// The query is longer than is allowed.
    UriTooLong = "uri_too_long", URI_TOO_LONG, "The URL is too long",
        "Shorten the query, for instance the filter.";
    /// The file ends before the part that is asked for.
    RangeNotSatisfiable = "range_not_satisfiable", RANGE_NOT_SATISFIABLE, "The file has no such part",
        "Ask for a part that the file has: `detail` says how long it is.";
    /// The body's media type is not the operation's.
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "The media type is not supported",
        "Send the media type that the operation documents.";
    /// Fields of the body are wrong.
    ValidationFailed = "validation_failed", UNPROCESSABLE_ENTITY, "The request is not valid",
        "Mend the places that `errors` names, and send it again.";
    /// The same idempotency key came with another body.
    IdempotencyMismatch = "idempotency_mismatch", UNPROCESSABLE_ENTITY, "The idempotency key was used with another request",
        "Use a new key for a new request.";
    /// A row that is needed for the operation is missing or wrong, in a batch or an import.
    OperationFailed = "operation_failed", UNPROCESSABLE_ENTITY, "An operation failed",
        "Mend the operation that `errors` names; nothing was done.";
    /// A program that is asked before something is written refuses it.
    Refused = "refused", UNPROCESSABLE_ENTITY, "This is refused",
        "Mend what `detail` and `errors` say.";
    /// A client that is told of changes does not take what it is sent.
    SlowConsumer = "slow_consumer", TOO_MANY_REQUESTS, "Messages are not taken fast enough",
        "Connect again with the last cursor, and take messages faster or subscribe to less.";
    /// Too many requests.
    TooManyRequests = "too_many_requests", TOO_MANY_REQUESTS, "Too many requests",
        "Wait as long as `Retry-After` says.";
    /// The header section is larger than is allowed.
    HeadersTooLarge = "headers_too_large", REQUEST_HEADER_FIELDS_TOO_LARGE, "The headers are too large",
        "Send fewer or shorter headers.";
    /// A fault of the server.
    Internal = "internal", INTERNAL_SERVER_ERROR, "Something went wrong here",
        "Try again; where it stays, give the request id to whoever runs the server: the log has the cause.";
    /// A program that must agree to the write did not answer as it must.
    HookFailed = "hook_failed", BAD_GATEWAY, "A program that is asked did not answer",
        "Try again as `Retry-After` says; nothing was written.";
    /// The database cannot be reached.
    DatabaseUnavailable = "database_unavailable", SERVICE_UNAVAILABLE, "The database cannot be reached",
        "Try again as `Retry-After` says.";
    /// The server has more work than it can take.
    Overloaded = "overloaded", SERVICE_UNAVAILABLE, "The server is busy",
        "Try again as `Retry-After` says.";
    /// The statement ran longer than is allowed.
    StatementTimeout = "statement_timeout", GATEWAY_TIMEOUT, "The query took too long",
        "Ask for less: a narrower filter, a smaller page, an index on what is filtered and sorted by.";
}

/// How many requests are allowed in a while, or at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// What is counted.
    pub name: &'static str,
    /// How many.
    pub quota: u32,
    /// In how many seconds that many come back; nothing where they come back as requests end.
    pub window: Option<u32>,
}

/// A failed request: what to answer, and (not for the client) why.
#[derive(Debug, Clone)]
pub struct Problem {
    /// The kind.
    pub code: Code,
    /// What happened this time.
    pub detail: String,
    /// The places that are wrong.
    pub errors: Vec<FieldError>,
    /// What to do next.
    pub hint: Option<String>,
    /// In how many seconds to try again.
    pub retry_after: Option<u32>,
    /// The limit that was reached.
    pub rate_limit: Option<Box<RateLimit>>,
    /// What the log is told; never sent.
    pub cause: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

/// What a handler returns.
pub type Result<T, E = Problem> = std::result::Result<T, E>;

impl Problem {
    /// A problem of that kind, with a sentence on what happened.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            errors: Vec::new(),
            hint: None,
            retry_after: None,
            rate_limit: None,
            cause: None,
        }
    }

    /// A fault of the server: the client is told nothing, the log is told the cause.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let mut problem = Self::new(
            Code::Internal,
            "The server could not answer; the fault is logged under this request id",
        );
        problem.cause = Some(Arc::from(cause.into()));
        problem
    }

    /// Nothing there, or nothing that the caller may know of.
    pub fn not_found(what: impl fmt::Display) -> Self {
        Self::new(Code::NotFound, format!("There is no {what}"))
    }

    /// The database does not answer; try again in a moment.
    pub fn database_unavailable(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let mut problem =
            Self::new(Code::DatabaseUnavailable, "The database does not answer; try again in a moment");
        problem.retry_after = Some(1);
        problem.cause = Some(Arc::from(cause.into()));
        problem
    }

    /// A body with wrong fields.
    pub fn validation(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [one] => one.detail.clone(),
            many => format!("{} places in the body are not valid", many.len()),
        };
        Self::new(Code::ValidationFailed, detail).with_errors(errors)
    }

    /// A wrong query parameter.
    pub fn parameter(name: &str, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self::new(Code::InvalidParameter, detail.clone()).with_errors(vec![FieldError::new(
            format!("?{name}"),
            Code::InvalidParameter.as_str(),
            detail,
        )])
    }

    /// The same, with the wrong places.
    pub fn with_errors(mut self, errors: Vec<FieldError>) -> Self {
        self.errors = errors;
        self
    }

    /// The same, with what to do next.
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same, with when to try again, in seconds.
    pub fn with_retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// That limit was reached; there is room again in so many seconds.
    pub fn too_many(limit: RateLimit, seconds: u32) -> Self {
        let detail = match limit.window {
            Some(_) => format!("Too many requests; the next is possible in {seconds} s"),
            None => {
                format!("There are {} such requests of yours under way; wait for one to end", limit.quota)
            }
        };
        let mut problem = Self::new(Code::TooManyRequests, detail).with_retry_after(seconds);
        problem.rate_limit = Some(Box::new(limit));
        problem
    }

    /// The body, for the request of that id.
    pub fn body(&self, request_id: &str) -> annex_openapi::problem::Problem {
        annex_openapi::problem::Problem {
            type_: format!("/problems/{}", self.code.as_str()),
            title: self.code.title().to_owned(),
            status: self.code.status().as_u16(),
            detail: self.detail.clone(),
            code: self.code.as_str().to_owned(),
            request_id: request_id.to_owned(),
            errors: self.errors.clone(),
            hint: self.hint.clone(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.detail)?;
        match &self.cause {
            Some(cause) => write!(f, " ({cause})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    /// The head alone: `telemetry` writes the body, since it knows the request's id.
    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponseBuilder::new(self.code.status());
        if let Some(seconds) = self.retry_after {
            response.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        if let Some(RateLimit { name, quota, window }) = self.rate_limit.as_deref().copied() {
            let reset = self.retry_after.or(window).unwrap_or_default();
            let unit = window.map_or("qu=\"concurrent-requests\"".to_owned(), |window| format!("w={window}"));
            response.insert_header(("ratelimit-policy", format!("\"{name}\";q={quota};{unit}")));
            response.insert_header(("ratelimit", format!("\"{name}\";r=0;t={reset}")));
        }
        match self.code {
            Code::InvalidToken => {
                response.insert_header((header::WWW_AUTHENTICATE, r#"Bearer error="invalid_token""#));
            }
            code if code.status() == StatusCode::UNAUTHORIZED => {
                response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
            }
            _ => {}
        }
        response.finish()
    }
}

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Io(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::Tls(_) => Problem::database_unavailable(error),
            // Class 57P: the server shuts down or starts up. Class 08: connection exceptions. 53300: no connection left.
            sqlx::Error::Database(inner)
                if inner.code().is_some_and(|code| {
                    code.starts_with("57P") || code.starts_with("08") || code == "53300"
                }) =>
            {
                Problem::database_unavailable(error)
            }
            _ => Problem::internal(error),
        }
    }
}
