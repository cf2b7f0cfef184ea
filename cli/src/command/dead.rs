//! `sba dead`.

mod deal;
mod filter;
mod list;
mod show;
mod view;

use std::process::ExitCode;

use clap::Subcommand;

use super::block_on;

#[derive(Debug, clap::Args)]
pub(super) struct DeadArgs {
    #[command(subcommand)]
    command: DeadCommand,
}

#[derive(Debug, Subcommand)]
enum DeadCommand {
    /// List dead letters, the oldest first.
    List(list::ListArgs),
    /// Show one: why it is dead, its headers and its body.
    Show(show::ShowArgs),
    /// Give messages back to those who work on them.
    ///
    /// Each is stored where it stood, with the headers it had, before its letter is removed: a message is never lost. One
    /// that is stored twice, by two operators or by one who was interrupted, is recognised by its id and has its effect
    /// once.
    Redrive(deal::DealArgs),
    /// Remove dead letters for good.
    Drop(deal::DealArgs),
}

pub(super) fn run(args: DeadArgs) -> anyhow::Result<ExitCode> {
    block_on(async {
        match args.command {
            DeadCommand::List(args) => list::run(&args).await,
            DeadCommand::Show(args) => show::run(&args).await,
            DeadCommand::Redrive(args) => deal::run(&args, deal::Deed::Redrive).await,
            DeadCommand::Drop(args) => deal::run(&args, deal::Deed::Drop).await,
        }
    })
}
