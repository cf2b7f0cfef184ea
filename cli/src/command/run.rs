//! `sba run`: runs, read from their logs and commanded there, whether a gateway is up or not.

mod cancel;
mod fork;
mod list;
mod named;
mod replay;
mod show;
mod watch;

use std::process::ExitCode;

use clap::Subcommand;

use super::block_on;

#[derive(Debug, clap::Args)]
pub(super) struct RunArgs {
    #[command(subcommand)]
    command: RunCommand,
}

#[derive(Debug, Subcommand)]
enum RunCommand {
    /// List the runs that said something lately, the latest first.
    List(list::ListArgs),
    /// Show a run: where it stands, its steps, its calls, what it asks and what it took.
    ///
    /// A run whose log was removed is shown from what Postgres has of it; for that its tenant must be named.
    Show(show::ShowArgs),
    /// Show what a run says, from its start and then as it happens, until it ends.
    Watch(watch::WatchArgs),
    /// End a run early.
    Cancel(cancel::CancelArgs),
    /// Print what a run said, or say it again on another subject, at once or in its own time.
    ///
    /// Nothing is done again: neither the model nor a tool is called. What a newer version wrote is passed on as it stands.
    Replay(replay::ReplayArgs),
    /// Start a new run that takes over a run's results up to a step, and goes on from there.
    Fork(fork::ForkArgs),
}

pub(super) fn run(args: RunArgs) -> anyhow::Result<ExitCode> {
    block_on(async {
        match args.command {
            RunCommand::List(args) => list::run(&args).await,
            RunCommand::Show(args) => show::run(&args).await,
            RunCommand::Watch(args) => watch::run(&args).await,
            RunCommand::Cancel(args) => cancel::run(&args).await,
            RunCommand::Replay(args) => replay::run(&args).await,
            RunCommand::Fork(args) => fork::run(&args).await,
        }
    })
}
