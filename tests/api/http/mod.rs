//! What holds for every route.

mod health;
