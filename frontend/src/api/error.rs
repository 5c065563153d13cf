//! Why a call gave no answer that can be used.

use annex_openapi::problem::{FieldError, Problem};

/// Why a call failed.
#[derive(Debug, Clone, PartialEq)]
pub enum ApiError {
    /// The server refused it, and says why.
    Problem {
        /// What the server says.
        problem: Box<Problem>,
        /// After how many seconds to try again, where the server says so.
        retry_after: Option<u32>,
    },
    /// No answer came: the server is down, or something between here and there.
    Offline,
    /// An answer came that is not of this API.
    Unreadable(String),
    /// The account is not signed in any more: nothing was sent.
    SignedOut,
    /// It came to nothing in the console itself: what is wrong, and why.
    Here(&'static str, &'static str),
}

impl ApiError {
    /// The HTTP status, where an answer came.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Problem { problem, .. } => Some(problem.status),
            _ => None,
        }
    }

    /// Whether what was asked for may have been done for all that is known.
    pub fn leaves_open(&self) -> bool {
        match self {
            Self::Problem { problem, .. } => problem.status >= 500 || problem.code == "idempotency_in_flight",
            Self::Offline | Self::Unreadable(_) => true,
            Self::SignedOut | Self::Here(..) => false,
        }
    }

    /// What is wrong, in a few words.
    pub fn title(&self) -> String {
        match self {
            Self::Problem { problem, .. } => problem.title.clone(),
            Self::Offline => "The server does not answer".to_owned(),
            Self::Unreadable(_) => "The answer cannot be read".to_owned(),
            Self::SignedOut => "This account is not signed in any more".to_owned(),
            Self::Here(title, _) => (*title).to_owned(),
        }
    }

    /// What is wrong, in a sentence.
    pub fn detail(&self) -> String {
        match self {
            Self::Problem { problem, .. } => problem.detail.clone(),
            Self::Offline => {
                "Is it running, and may this console's origin call it (ANNEX_CONSOLE_ORIGIN)?".to_owned()
            }
            Self::Unreadable(why) => why.clone(),
            Self::SignedOut => "Nothing was sent. Sign in again, and then do it once more.".to_owned(),
            Self::Here(_, why) => (*why).to_owned(),
        }
    }

    /// The places of the request that are wrong.
    pub fn fields(&self) -> &[FieldError] {
        match self {
            Self::Problem { problem, .. } => &problem.errors,
            _ => &[],
        }
    }

    /// What is wrong with a place of the request or with a part of it, where something is.
    pub fn within(&self, pointer: &str) -> Option<String> {
        let is_here = |own: &str| {
            own.strip_prefix(pointer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.fields().iter().find(|error| is_here(&error.pointer)).map(|error| error.detail.clone())
    }

    /// What is wrong with one place of the request, where something is.
    pub fn at(&self, pointer: &str) -> Option<String> {
        self.fields().iter().find(|error| error.pointer == pointer).map(|error| error.detail.clone())
    }
}
