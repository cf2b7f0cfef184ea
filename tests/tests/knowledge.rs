//! Knowledge, from the bytes of a document to a document that cites it, against real servers and the real model.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "tests need ids that no other test has")]

#[path = "knowledge/bad_tools.rs"]
mod bad_tools;
#[path = "knowledge/embedding.rs"]
mod embedding;
#[path = "knowledge/jobs.rs"]
mod jobs;
#[path = "knowledge/redelivery.rs"]
mod redelivery;
#[path = "knowledge/resume.rs"]
mod resume;
#[path = "knowledge/shares.rs"]
mod shares;
#[path = "knowledge/stop.rs"]
mod stop;
#[path = "knowledge/support.rs"]
mod support;
#[path = "knowledge/sweeper.rs"]
mod sweeper;
#[path = "knowledge/tasks.rs"]
mod tasks;
#[path = "knowledge/tools.rs"]
mod tools;
