//! Runs that do not go on by themselves, with real servers: whatever was lost, each comes to its end. Every test hangs
//! where the supervisor is off.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "supervisor/support.rs"]
mod support;

#[path = "supervisor/lost.rs"]
mod lost;

#[path = "supervisor/late.rs"]
mod late;

#[path = "supervisor/calm.rs"]
mod calm;
