//! The `sba` program.

use std::process::ExitCode;

use clap::Parser as _;
use sba::command::{self, Arguments};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Another provider can only have been installed by this line: nothing runs before it.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    match Arguments::parse().run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("sba: {}", command::reason(&error));
            ExitCode::from(command::exit(&error))
        }
    }
}
