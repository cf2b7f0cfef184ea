//! `sba projection`: what Postgres has of the log.

mod rebuild;
mod status;

use std::process::ExitCode;

use clap::Subcommand;

use super::block_on;

#[derive(Debug, clap::Args)]
pub(super) struct ProjectionArgs {
    #[command(subcommand)]
    command: ProjectionCommand,
}

#[derive(Debug, Subcommand)]
enum ProjectionCommand {
    /// Say how far the log was written to Postgres, and what was left out.
    Status(status::StatusArgs),
    /// Make the rows of runs anew from their logs, while runs go on.
    ///
    /// Each run's rows are replaced at once, so nobody sees it in between. A run whose log was removed is not touched.
    /// It can be interrupted, and begun again.
    Rebuild(rebuild::RebuildArgs),
}

pub(super) fn run(args: ProjectionArgs) -> anyhow::Result<ExitCode> {
    block_on(async {
        match args.command {
            ProjectionCommand::Status(args) => status::run(&args).await,
            ProjectionCommand::Rebuild(args) => rebuild::run(&args).await,
        }
    })
}
