//! Accounts, sign-in and sessions.

/// What sign-in needs at run time.
#[derive(Debug, Default)]
pub struct Auth {}
