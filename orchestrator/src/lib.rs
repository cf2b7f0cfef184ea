//! The orchestrator: it drives runs.
//!
//! - [`domain`]: what a run does, without any I/O;
//! - [`model`]: how a run reaches a language model;
//! - [`driver`]: applies the domain's decisions to the world;
//! - [`supervisor`]: looks after runs that do not go on by themselves;
//! - [`projector`]: writes what happened to Postgres; [`retention`]: removes logs whose time has come;
//! - [`run`]: all of it, as a process.

pub mod domain;
pub mod driver;
pub mod model;
mod process;
pub mod projector;
pub mod retention;
mod schedules;
pub mod supervisor;

pub use process::{OrchestratorError, run};
