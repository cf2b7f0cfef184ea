//! Tenants straight on NATS, with credentials that the gateway gave them.

#[path = "nats/access.rs"]
mod access;
#[path = "nats/attacks.rs"]
mod attacks;
#[path = "nats/commands.rs"]
mod commands;
#[path = "nats/credentials.rs"]
mod credentials;
#[path = "nats/earlier.rs"]
mod earlier;
#[path = "nats/feed.rs"]
mod feed;
#[path = "nats/python.rs"]
mod python;
#[path = "nats/revoke.rs"]
mod revoke;
#[path = "nats/watch.rs"]
mod watch;
