//! The workers of SBA: tools, knowledge ingestion and the queues that feed them jobs.
//!
//! - [`ingest`]: from the bytes of a document to passages with vectors;
//! - [`tool`]: what a run may have done outside of the model;
//! - `job`: from a queue to a result;
//! - [`sweeper`]: what nobody needs any more, of all tenants;
//! - [`run`]: the process, with further tools where somebody has some.

mod error;
pub mod ingest;
mod job;
mod process;
pub mod sweeper;
pub mod tool;

pub use error::{Again, WorkError};
pub use process::{WorkerError, run};
