//! What goes wrong around the server: signals, crashes, a database that comes and goes.

mod annex;
mod channels;
mod cluster;
mod durability;
mod embedded;
mod jobs;
mod realtime;
mod stop;
mod together;
mod webhooks;
