//! Annex's own Postgres.
