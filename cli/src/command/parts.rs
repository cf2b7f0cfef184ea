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
    Fetch,
    /// Check every file of every part.
    Verify,
    /// Say where the parts are.
    Path,
}

pub(super) fn run(args: &PartsArgs) -> anyhow::Result<ExitCode> {
    let parts = Parts::locate()?;
    for part in Part::ALL {
        let path = match args.command {
            PartsCommand::Fetch => parts.ensure(part)?,
            PartsCommand::Verify => parts.verify(part)?,
            PartsCommand::Path => parts.path(part),
        };
        println!("{}", path.display());
    }
    Ok(ExitCode::SUCCESS)
}
