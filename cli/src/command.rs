//! The subcommands of `sba`, one a file.

mod bench;
mod code;
mod config;
mod demo;
mod dev;
mod ingest;
mod migrate;
mod nats;
mod parts;
mod process;
mod servers;
mod token;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use sba_service::config::Config;

use crate::guard;

/// The backend for AI agents: one binary for every process, and for those who operate it.
#[derive(Debug, Parser)]
#[command(name = "sba", version, about)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// What every command that is configured takes.
#[derive(Debug, Clone, clap::Args)]
struct Configured {
    /// The configuration file; variables `SBA_<SECTION>__<SETTING>` take the place of what stands in it.
    #[arg(long, env = "SBA_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Configured {
    fn load(&self) -> anyhow::Result<Config> {
        let config = Config::load(self.config.as_deref())?;
        config.check()?;
        Ok(config)
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a gateway: REST and WebSocket.
    Gateway(Configured),
    /// Run an orchestrator: it drives runs.
    Orchestrator(Configured),
    /// Run a worker: tools, documents, reports.
    Worker(Configured),
    /// Bring the database to this program's schema.
    Migrate(Configured),
    /// Mint a token with the configured private key, or a key pair for an issuer.
    Token(token::TokenArgs),
    /// NATS servers of one's own.
    Nats(nats::NatsArgs),
    /// Hand documents in to a running installation.
    Ingest(ingest::IngestArgs),
    /// Look at the configuration.
    Config(config::ConfigArgs),
    /// The ready-made servers and models that SBA can run on.
    Parts(parts::PartsArgs),
    /// Run a whole installation on this machine, until Ctrl-C.
    Dev(dev::DevArgs),
    /// Do the main job on a whole installation of its own.
    Demo(demo::DemoArgs),
    /// Measure how fast an installation is, beside the bare part that bounds it.
    Bench(bench::BenchArgs),
    /// Run a command with a nats-server and a Postgres for its tests.
    #[command(hide = true)]
    Servers(servers::ServersArgs),
    /// Run a server that ends when this process's parent does.
    #[command(hide = true)]
    Guard(guard::GuardArgs),
}

impl Arguments {
    /// Does what was asked; what is returned is the exit code of the program.
    ///
    /// # Errors
    /// Whatever went wrong, for a person to read.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let whole = matches!(self.command, Command::Dev(_) | Command::Demo(_) | Command::Bench(_));
        if whole && std::env::var_os("SBA_END_WITH_PARENT").is_some() {
            guard::end_with_parent()?;
        }
        match self.command {
            Command::Gateway(args) => process::gateway(&args),
            Command::Orchestrator(args) => process::orchestrator(&args),
            Command::Worker(args) => process::worker(&args),
            Command::Migrate(args) => migrate::run(&args),
            Command::Token(args) => token::run(&args),
            Command::Nats(args) => nats::run(&args),
            Command::Ingest(args) => ingest::run(&args),
            Command::Config(args) => config::run(&args),
            Command::Parts(args) => parts::run(&args),
            Command::Dev(args) => dev::run(&args),
            Command::Demo(args) => demo::run(args),
            Command::Bench(args) => bench::run(&args),
            Command::Servers(args) => servers::run(&args),
            Command::Guard(args) => Ok(guard::run(&args).map(ExitCode::from)?),
        }
    }
}

/// What a person is told of a failure: its stable code, where it has one, and how it came about, on one line.
#[must_use]
pub fn reason(error: &anyhow::Error) -> String {
    let words = format!("{error:#}").split_whitespace().collect::<Vec<_>>().join(" ");
    code::of(error).map_or_else(|| words.clone(), |code| format!("{code}: {words}"))
}

/// A runtime for a command that talks to servers.
fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}
