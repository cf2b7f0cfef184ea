//! The gateway: the one door through which clients reach SBA.

pub mod accounts;
