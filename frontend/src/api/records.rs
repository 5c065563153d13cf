//! Rows of collections.
