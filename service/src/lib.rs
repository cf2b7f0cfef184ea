//! What every process of SBA shares.
//!
//! - [`config`]: what a process is told; [`clock`] and [`ids`]: what it would else take from the world;
//! - [`telemetry`], [`metrics`], [`health`], [`ops`]: what it tells operators;
//! - [`nats`], [`provision`], [`heartbeat`]: how it meets the others;
//! - [`publish`], [`standing`], [`delivery`], [`backoff`]: messages, stored, looked for and settled;
//! - [`timer`], [`wake`], [`take_out`]: messages for a time to come, and taking them back;
//! - [`dead`], [`walk`]: what could not be done, and what stands in a stream, for operators;
//! - [`log`]: the log of a run, as it is written and read;
//! - [`process`]: what each does first and last; [`shutdown`]: how it ends.

pub mod backoff;
pub mod clock;
pub mod config;
pub mod dead;
pub mod delivery;
pub mod health;
pub mod heartbeat;
pub mod ids;
pub mod log;
pub mod metrics;
pub mod nats;
pub mod ops;
pub mod process;
pub mod provision;
pub mod publish;
pub mod pull;
pub mod shares;
pub mod shutdown;
pub mod standing;
pub mod take_out;
pub mod telemetry;
pub mod timer;
pub mod wake;
pub mod walk;
