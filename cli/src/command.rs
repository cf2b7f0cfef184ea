//! The subcommands of `sba`, one a file.

mod bench;
mod code;
mod config;
mod dead;
mod demo;
mod dev;
mod ingest;
mod key;
mod migrate;
mod nats;
mod parts;
mod projection;
mod run;
mod servers;
mod token;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use sba_service::{config::Config, heartbeat::ProcessKind};

use crate::{
    bench::stub,
    guard,
    operate::Reach,
    process::{self, Given},
};

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

/// What every command takes that operates an installation by its servers.
#[derive(Debug, clap::Args)]
struct Operated {
    #[command(flatten)]
    configured: Configured,
    /// Print JSON for programs: one document a line.
    #[arg(long)]
    json: bool,
}

impl Operated {
    async fn reach(&self) -> anyhow::Result<Reach> {
        Reach::open(self.configured.load()?).await
    }
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
    /// API keys of a tenant's machines.
    Key(key::KeyArgs),
    /// NATS servers of one's own.
    Nats(nats::NatsArgs),
    /// Hand documents in to a running installation.
    Ingest(ingest::IngestArgs),
    /// Look at runs and command them, by their logs alone.
    Run(run::RunArgs),
    /// Look at what could not be done, give it back, or remove it.
    Dead(dead::DeadArgs),
    /// Look at what Postgres has of the log, and make it anew.
    Projection(projection::ProjectionArgs),
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
    /// Run a worker whose look-up does nothing but answer, for benches.
    #[command(hide = true)]
    StubWorker(Configured),
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
            Command::Gateway(args) => process::run(ProcessKind::Gateway, args.load()?, Given::default()),
            Command::Orchestrator(args) => process::run(ProcessKind::Orchestrator, args.load()?, Given::default()),
            Command::Worker(args) => process::run(ProcessKind::Worker, args.load()?, Given::default()),
            Command::StubWorker(args) => {
                process::run(ProcessKind::Worker, args.load()?, Given { tools: stub::tools(), ..Given::default() })
            }
            Command::Migrate(args) => migrate::run(&args),
            Command::Token(args) => token::run(&args),
            Command::Key(args) => key::run(&args),
            Command::Nats(args) => nats::run(&args),
            Command::Ingest(args) => ingest::run(&args),
            Command::Run(args) => run::run(args),
            Command::Dead(args) => dead::run(args),
            Command::Projection(args) => projection::run(args),
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
    let mut words = String::new();
    for cause in error.chain().map(ToString::to_string) {
        // Many an error says what caused it, and is followed by it.
        if words.is_empty() {
            words = cause;
        } else if !words.ends_with(&cause) {
            words = format!("{words}: {cause}");
        }
    }
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    code::of(error).map_or_else(|| words.clone(), |code| format!("{code}: {words}"))
}

/// The exit code of a command that failed.
#[must_use]
pub fn exit(error: &anyhow::Error) -> u8 {
    code::exit(error)
}

/// A runtime for a command that talks to servers.
pub(crate) fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}
