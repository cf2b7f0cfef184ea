//! The store, against a real Postgres.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "store_postgres/api_keys.rs"]
mod api_keys;
#[path = "store_postgres/connections.rs"]
mod connections;
#[path = "store_postgres/documents.rs"]
mod documents;
#[path = "store_postgres/effects.rs"]
mod effects;
#[path = "store_postgres/governance.rs"]
mod governance;
#[path = "store_postgres/isolation.rs"]
mod isolation;
#[path = "store_postgres/metadata.rs"]
mod metadata;
#[path = "store_postgres/nats_access.rs"]
mod nats_access;
#[path = "store_postgres/projection.rs"]
mod projection;
#[path = "store_postgres/rules.rs"]
mod rules;
#[path = "store_postgres/schedules.rs"]
mod schedules;
#[path = "store_postgres/search.rs"]
mod search;
#[path = "store_postgres/served_tools.rs"]
mod served_tools;
#[path = "store_postgres/startup.rs"]
mod startup;
#[path = "store_postgres/support.rs"]
mod support;
#[path = "store_postgres/tasks.rs"]
mod tasks;
