//! What the `sba` program is made of: its parts, the local servers and their guard.

pub mod guard;
pub mod local;
pub mod parts;
