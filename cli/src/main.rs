//! The `sba` program.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "sba", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a server that ends when this process's parent does.
    #[command(hide = true)]
    Guard(sba::guard::GuardArgs),
}

fn main() -> anyhow::Result<ExitCode> {
    match Arguments::parse().command {
        Command::Guard(args) => Ok(sba::guard::run(&args).map(ExitCode::from)?),
    }
}
