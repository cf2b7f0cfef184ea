//! The gateway: the one door through which clients reach SBA.
//!
//! It checks who asks, turns requests into commands and jobs on JetStream, and shows clients the logs of their runs as
//! they grow. It holds no state of its own: any number of gateways serve the same tenants.
//!
//! - [`run`] and [`serve`]: the process;
//! - [`auth`]: tokens and roles; [`accounts`]: NATS identities of tenants;
//! - [`error`]: what clients are told when something fails;
//! - [`Admission`]: what letting a request in costs, for benches;
//! - [`RunView`]: a run as clients see it, for whoever shows it elsewhere.

pub mod accounts;
pub mod auth;
pub mod error;

mod ag_ui;
mod api;
mod app;
mod believed;
mod console;
mod direct;
mod extract;
mod http;
mod mint;
mod places;
mod publish;
mod routes;
mod server;
mod sessions;
mod socket;
mod stream;
mod wire;

pub use self::{
    api::{Projected, RunView},
    mint::MintError,
    server::{Admission, GatewayError, NotLetIn, run, serve},
};
