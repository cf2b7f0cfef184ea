//! Real servers as children, for development, the demo and tests: NATS, Postgres and the model server.
//!
//! They are the servers of production with production's configuration, on free ports of 127.0.0.1, each under a guard
//! (see [`crate::guard`]) that stops it and removes its data when this process ends, however it ends. A server that is
//! dropped is stopped; its data goes with it.
//!
//! Starting a server blocks for a moment at most, and then waits, without blocking, until the server answers.

mod error;
pub(crate) mod held;
mod model_server;
mod ports;
mod process;
mod random;
mod run_folder;
mod stack;

pub mod nats;
pub mod postgres;

pub use self::error::LocalError;
pub use self::model_server::{ModelServer, ModelServerOptions};
pub use self::nats::{Durability, HubAccount, NatsCluster, NatsServer};
pub use self::postgres::Postgres;
pub use self::run_folder::RunFolder;
pub use self::stack::{Ground, SbaProcess, Stack, StackModel, StackOptions};
