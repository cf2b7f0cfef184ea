//! Watching runs.
//!
//! A run that somebody watches has one [`watch::Watch`] per gateway: one subscription to its live events and a bounded
//! ring of encoded frames that all its viewers share. [`tail`] fills the ring; a [`viewer::Viewer`] is a position in it.
//! Live events are said at most once, so everything that arrives is checked by `seq`: a gap is filled from the log, and
//! [`verify`] compares quiet runs with it. A viewer that the ring has left behind reads the log until it has caught up.

mod codec;
mod feed;
mod frame;
mod hub;
mod keeping;
mod ring;
mod tail;
mod verify;
mod viewer;
mod watch;

pub(crate) mod notice;
pub(crate) mod sse;

pub(crate) use self::{
    codec::{Codec, Unreadable},
    feed::Feed,
    frame::{Frame, Unwritable},
    hub::{Hub, JoinError, Limits},
    keeping::Keeping,
    ring::Room,
    viewer::{BATCH, From, Lost, Start},
};
