//! `sba parts`.

use std::process::ExitCode;

use clap::Subcommand;

use crate::parts::{Part, Parts};

#[derive(Debug, clap::Args)]
pub(super) struct PartsArgs {
    #[command(subcommand)]
    command: PartsCommand,
}

#[derive(Debug, Subcommand)]
enum PartsCommand {
    /// Fetch what is missing or broken.
    Fetch(Chosen),
    /// Check every file.
    Verify(Chosen),
    /// Say where the parts are, or would be.
    Path(Chosen),
}

#[derive(Debug, clap::Args)]
struct Chosen {
    /// Which parts; all where none is named.
    parts: Vec<Part>,
}

pub(super) fn run(args: &PartsArgs) -> anyhow::Result<ExitCode> {
    let parts = Parts::locate()?;
    let (PartsCommand::Fetch(chosen) | PartsCommand::Verify(chosen) | PartsCommand::Path(chosen)) = &args.command;
    let chosen = if chosen.parts.is_empty() { Part::ALL.as_slice() } else { &chosen.parts };
    for &part in chosen {
        let path = match args.command {
            PartsCommand::Fetch(_) => parts.ensure(part)?,
            PartsCommand::Verify(_) => parts.verify(part)?,
            PartsCommand::Path(_) => parts.path(part),
        };
        println!("{}", path.display());
    }
    Ok(ExitCode::SUCCESS)
}
