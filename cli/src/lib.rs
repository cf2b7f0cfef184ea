//! What the `sba` program is made of.
//!
//! - [`command`]: its subcommands; [`demo`] and [`dev`]: the two that run a whole installation;
//! - [`mod@bench`]: how fast one is;
//! - [`process`]: one process of SBA;
//! - [`parts`], [`local`] and [`guard`]: real servers as children, for development, the demo and tests;
//! - [`operate`]: what commands reach that do not go through a gateway;
//! - [`client`]: SBA's API, as the command line uses it.

pub mod bench;
pub mod client;
pub mod command;
pub mod demo;
pub mod dev;
pub mod guard;
pub mod local;
pub mod operate;
pub mod parts;
pub mod process;
