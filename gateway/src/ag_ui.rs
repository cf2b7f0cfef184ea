//! AG-UI: the protocol of agents and user interfaces, spoken over runs.
//!
//! A client of AG-UI posts what was said so far and is answered with a stream of events. Its run is a part of a run of SBA:
//! it ends where a person is asked, and the answer begins the next. The log has all that is needed to say any part again, so
//! the same request has the same stream, from any gateway and after any cut.

mod input;
mod translate;

pub(crate) use self::{
    input::{Asks, ResumeStatus, RunAgentInput},
    translate::{Said, Translation},
};
