//! `sba bench`: how fast an installation is, beside the bare part that bounds it.
//!
//! Each bench starts servers and processes of its own, as in production, unless it is pointed at running ones. Whole
//! and bare are measured in the same run, one after the other, so that both see the same machine.
//!
//! - [`first_token`]: from the POST to the first token at a WebSocket client, beside a NATS request;
//! - [`runs`]: runs a second, from the POST to their end, beside the same messages stored by nobody but the bench;
//! - [`jobs`]: tool jobs a second, from the queue to the recorded result, beside a bare work queue;
//! - [`takeover`]: from the death of a run's owner to its next event, beside a redelivery by NATS;
//! - [`auth`]: what it takes to know who asks, and what they may, beside a request where nobody asks;
//! - [`ingest`]: passages a second through the whole path, beside the bare embedding model.

pub mod auth;
mod corpus;
mod cpu;
mod ends;
mod figures;
pub mod first_token;
mod hops;
pub mod ingest;
pub mod jobs;
mod limits;
mod load;
mod report;
pub mod runs;
pub mod stub;
pub mod takeover;
mod target;

pub use self::{
    figures::Figures,
    report::{Case, Report},
    target::{NatsAt, Running},
};
