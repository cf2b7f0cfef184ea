//! The workers of SBA: tools, knowledge ingestion and the queues that feed them jobs.
//!
//! - [`ingest`]: from the bytes of a document to passages with vectors;
//! - [`tool`]: what a run may have done outside of the model;
//! - `job`: from a queue to a result;
//! - [`run`]: the process, with further tools where somebody has some.

mod error;
pub mod ingest;
mod job;
mod process;
pub mod tool;

pub use error::{Again, WorkError};
pub use process::{WorkerError, run};
