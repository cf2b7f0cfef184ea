//! Watching runs.
//!
//! A run that somebody watches has one [`watch::Watch`] per gateway: one subscription to its live events and a bounded
//! ring of encoded frames that all its viewers share. [`tail`] fills the ring; a [`viewer::Viewer`] is a position in it.
//! Live events are said at most once, so everything that arrives is checked by `seq`: a gap is filled from the log, and
//! [`verify`] compares quiet runs with it. A viewer that the ring has left behind reads the log until it has caught up.

mod ended;
mod frame;
mod hub;
mod ring;
mod tail;
mod verify;
mod viewer;
mod watch;

pub(crate) mod socket;
pub(crate) mod sse;

pub(crate) use self::{
    ended::farewell,
    frame::Frame,
    hub::{Hub, JoinError, Limits},
    ring::Room,
    viewer::{Lost, Viewer},
};
