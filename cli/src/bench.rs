//! `sba bench`: how fast an installation is, beside the bare part that bounds it.
//!
//! Each bench starts servers and processes of its own, as in production, unless it is pointed at running ones. Whole
//! and bare are measured in the same run, one after the other, so that both see the same machine.
//!
//! - [`first_token`]: from the POST to the first token at a WebSocket client, beside a NATS request;
//! - [`ingest`]: passages a second through the whole path, beside the bare embedding model.

mod corpus;
mod figures;
pub mod first_token;
mod hops;
pub mod ingest;
mod limits;
mod load;
mod report;
mod target;

pub use self::{
    figures::Figures,
    report::{Case, Report},
    target::{NatsAt, Running},
};
