//! The commands with which people operate SBA, on real servers.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "operate/dead.rs"]
mod dead;
#[path = "operate/forks.rs"]
mod forks;
#[path = "operate/poison.rs"]
mod poison;
#[path = "operate/projection.rs"]
mod projection;
#[path = "operate/retention.rs"]
mod retention;
#[path = "operate/runs.rs"]
mod runs;
#[path = "operate/support.rs"]
mod support;
