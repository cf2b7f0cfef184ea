//! `sba nats`.

use std::{path::PathBuf, process::ExitCode};

use clap::Subcommand;

use crate::local::nats;

#[derive(Debug, clap::Args)]
pub(super) struct NatsArgs {
    #[command(subcommand)]
    command: NatsCommand,
}

#[derive(Debug, Subcommand)]
enum NatsCommand {
    /// Make the keys, accounts and configuration of NATS servers, before their first start.
    Init(InitArgs),
}

#[derive(Debug, clap::Args)]
struct InitArgs {
    /// Where everything goes; none of the files may be there yet.
    folder: PathBuf,
    /// Where SBA's processes will reach the servers; several with commas between them.
    #[arg(long, default_value = "nats://127.0.0.1:4222")]
    url: String,
}

/// The settings go to standard output, so that they can be kept; what to do with them goes to standard error.
pub(super) fn run(args: &NatsArgs) -> anyhow::Result<ExitCode> {
    let NatsCommand::Init(InitArgs { folder, url }) = &args.command;
    let settings = nats::init(folder, url)?;
    let folder = std::path::absolute(folder)?;
    eprintln!(
        "{folder} holds the keys, accounts and configuration of a NATS server. Start it with\n\n  \
         set -a; . '{folder}/server.env'; set +a; nats-server --config '{folder}/hub.conf'\n\n\
         Keep operator.seed and system.creds for gateways that make tenants, and hub.creds for SBA's processes.\n\
         The settings of these processes:\n",
        folder = folder.display(),
    );
    print!("{settings}");
    Ok(ExitCode::SUCCESS)
}
