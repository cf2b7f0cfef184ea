//! What the tests that cross crates share.

pub mod installation;
pub mod run_log;
