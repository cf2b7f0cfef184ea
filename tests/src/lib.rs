//! What the tests that cross crates share.

pub mod api;
pub mod chaos;
pub mod index;
pub mod installation;
pub mod model;
pub mod provider;
pub mod proxy;
pub mod python;
pub mod run_log;
pub mod s3;
pub mod scene;
pub mod sse;
