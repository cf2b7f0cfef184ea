//! `sba key`: API keys of a tenant's machines.

mod create;
mod list;
mod revoke;

use std::process::ExitCode;

use clap::Subcommand;

use super::block_on;
use crate::client::{Client, ClientError};

#[derive(Debug, clap::Args)]
pub(super) struct KeyArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a key, and print its text: it is told this once.
    Create(create::CreateArgs),
    /// List keys, the newest first.
    List(list::ListArgs),
    /// Take a key back: within a second it is good for nothing.
    Revoke(revoke::RevokeArgs),
}

/// The gateway that is asked, and by whom.
#[derive(Debug, clap::Args)]
struct Asked {
    /// The gateway.
    #[arg(long, env = "SBA_URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// A token of an administrator of the tenant.
    #[arg(long, env = "SBA_TOKEN", hide_env_values = true)]
    token: String,
    /// Print JSON for programs: one document a line.
    #[arg(long)]
    json: bool,
}

impl Asked {
    fn client(&self) -> Result<Client, ClientError> {
        Client::new(self.url.as_str(), self.token.as_str())
    }
}

pub(super) fn run(args: &KeyArgs) -> anyhow::Result<ExitCode> {
    block_on(async {
        match &args.command {
            Command::Create(args) => create::run(args).await,
            Command::List(args) => list::run(args).await,
            Command::Revoke(args) => revoke::run(args).await,
        }
    })
}
