//! What the tests that cross crates share.

pub mod api;
pub mod installation;
pub mod run_log;
