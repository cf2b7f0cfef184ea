//! The wire of SBA: what is said over NATS, and under which names.
//!
//! This crate spells every subject, stream, consumer and message of the system and does no I/O. Everything
//! else builds subjects by type and parses them back; no other crate holds a subject as text.
//!
//! - [`subject`]: the grammar of subjects;
//! - [`stream`] and [`consumer`]: what JetStream keeps, and who reads it;
//! - [`boundary`] and [`caller`]: what crosses between SBA's account and a tenant's, and who speaks there;
//! - [`envelope`], [`event`] and [`record`]: the log of a run;
//! - [`state`]: what a log says, folded;
//! - [`command`], [`job`] and [`heartbeat`]: what processes say to each other;
//! - [`receipt`]: what a customer's worker shows of a call that it was given;
//! - [`schedule`]: what wakes a schedule; [`role`]: what people and programs may be;
//! - [`dead`]: what the headers of a dead letter say; [`answer`]: answers of models that are kept;
//! - [`tool`]: what the built-in tools take and return;
//! - [`codec`]: CBOR, with limits;
//! - [`passage`]: how a passage of a document divides;
//! - [`visible`]: text as its reader sees it.

pub mod answer;
pub mod boundary;
pub mod caller;
pub mod codec;
pub mod command;
pub mod consumer;
pub mod dead;
pub mod envelope;
pub mod event;
pub mod heartbeat;
pub mod id;
pub mod job;
pub mod name;
pub mod passage;
pub mod receipt;
pub mod record;
pub mod role;
pub mod run;
pub mod schedule;
pub mod share;
pub mod state;
pub mod stream;
pub mod subject;
pub mod tool;
pub mod visible;
