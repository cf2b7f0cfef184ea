//! The gateway on real servers: NATS, Postgres and a folder for blobs. What an orchestrator or a worker would do, the
//! tests do themselves.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "gateway/artifacts.rs"]
mod artifacts;
#[path = "gateway/codecs.rs"]
mod codecs;
#[path = "gateway/control.rs"]
mod control;
#[path = "gateway/deflate.rs"]
mod deflate;
#[path = "gateway/documents.rs"]
mod documents;
#[path = "gateway/events.rs"]
mod events;
#[path = "gateway/execute.rs"]
mod execute;
#[path = "gateway/fork.rs"]
mod fork;
#[path = "gateway/keys.rs"]
mod keys;
#[path = "gateway/keys_end.rs"]
mod keys_end;
#[path = "gateway/keys_outage.rs"]
mod keys_outage;
#[path = "gateway/nats.rs"]
mod nats;
#[path = "gateway/oidc.rs"]
mod oidc;
#[path = "gateway/oidc_keys.rs"]
mod oidc_keys;
#[path = "gateway/runs.rs"]
mod runs;
#[path = "gateway/schedules.rs"]
mod schedules;
#[path = "gateway/session_stream.rs"]
mod session_stream;
#[path = "gateway/sessions.rs"]
mod sessions;
#[path = "gateway/snapshots.rs"]
mod snapshots;
#[path = "gateway/stream.rs"]
mod stream;
#[path = "gateway/support.rs"]
mod support;
#[path = "gateway/talk.rs"]
mod talk;
#[path = "gateway/tasks.rs"]
mod tasks;
#[path = "gateway/tenants.rs"]
mod tenants;
#[path = "gateway/who.rs"]
mod who;
