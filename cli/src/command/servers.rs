//! `sba servers`: a command with a nats-server and a Postgres for its tests.

use std::{
    ffi::OsString,
    process::{Command, ExitCode},
};

use anyhow::Context as _;

use super::block_on;
use crate::local::{NatsServer, Postgres, nats, postgres};

#[derive(Debug, clap::Args)]
pub(super) struct ServersArgs {
    /// The command and its arguments.
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

pub(super) fn run(args: &ServersArgs) -> anyhow::Result<ExitCode> {
    let (nats, postgres) = block_on(async { Ok(tokio::try_join!(NatsServer::start(), Postgres::start())?) })?;
    let (program, rest) = args.command.split_first().context("no command")?;
    let mut command = Command::new(program);
    command.args(rest);
    command.env(nats::SITE_VARIABLE, serde_json::to_string(nats.site())?);
    command.env(postgres::SITE_VARIABLE, serde_json::to_string(postgres.site())?);
    let status = command.status().with_context(|| format!("{} could not be run", program.to_string_lossy()))?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
