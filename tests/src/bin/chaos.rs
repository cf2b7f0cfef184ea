//! `make chaos`: runs under faults, for as long as one likes. Its processes are this program too: SBA's own, with tools
//! whose effects are counted and with clocks that jump.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::{Parser, Subcommand};
use sba::{
    guard,
    process::{self, Given},
};
use sba_service::{config::Config, heartbeat::ProcessKind};
use sba_tests::chaos::{self, Plan, clock::MovedClock, fault::Fault, tools};
use tokio::runtime::Runtime;

/// Runs under faults, and what must hold after each.
#[derive(Debug, Parser)]
#[command(name = "chaos")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Put an installation of its own through faults.
    Run {
        /// For how long.
        #[arg(long, default_value_t = 20)]
        minutes: u64,
        /// What is drawn by lot is drawn the same again under the same number.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Only these faults, where they can happen.
        #[arg(long, value_enum)]
        fault: Vec<Fault>,
        /// How long a fault lasts, about, in seconds.
        #[arg(long, default_value_t = 20)]
        lasting: u64,
        /// Clients at the same time.
        #[arg(long, default_value_t = 200)]
        clients: usize,
        /// Where logs are left when something is wrong.
        #[arg(long)]
        keep: Option<PathBuf>,
        /// How long everything stays up when something is wrong, in seconds, for whoever wants to look.
        #[arg(long, default_value_t = 0)]
        linger: u64,
    },
    /// Be one of the installation's processes.
    #[command(hide = true)]
    Be {
        /// The address of the ledger.
        #[arg(long)]
        ledger: String,
        /// The folder with the files that move clocks.
        #[arg(long)]
        clocks: PathBuf,
        #[command(subcommand)]
        kind: Kind,
    },
}

#[derive(Debug, Subcommand)]
enum Kind {
    Gateway(Configured),
    Orchestrator(Configured),
    Worker(Configured),
}

#[derive(Debug, clap::Args)]
struct Configured {
    #[arg(long)]
    config: PathBuf,
}

fn main() -> ExitCode {
    let ended = match Arguments::parse().command {
        Command::Run { minutes, seed, fault, lasting, clients, keep, linger } => {
            let (fault, faults) = (Duration::from_secs(lasting), only(&fault));
            let linger = Duration::from_secs(linger);
            run(&Plan { faults, fault, clients, keep, linger, ..Plan::for_minutes(minutes, seed) })
        }
        Command::Be { ledger, clocks, kind } => be(kind, &ledger, &clocks),
    };
    ended.unwrap_or_else(|error| {
        eprintln!("chaos: {error:#}");
        ExitCode::FAILURE
    })
}

/// The faults with one server and those with three, without those that nobody wants.
fn only(wanted: &[Fault]) -> [Vec<Fault>; 2] {
    [Fault::ON_ONE, Fault::ON_THREE]
        .map(|all| all.iter().copied().filter(|fault| wanted.is_empty() || wanted.contains(fault)).collect())
}

fn run(plan: &Plan) -> anyhow::Result<ExitCode> {
    if std::env::var_os("SBA_END_WITH_PARENT").is_some() {
        guard::end_with_parent()?;
    }
    let ended = Runtime::new()?.block_on(chaos::run(plan));
    match ended {
        Ok(report) => {
            println!("chaos: ok {report}");
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            println!("chaos: failed seed={} {error:#}", plan.seed);
            Ok(ExitCode::FAILURE)
        }
    }
}

fn be(kind: Kind, ledger: &str, clocks: &std::path::Path) -> anyhow::Result<ExitCode> {
    let (kind, Configured { config }) = match kind {
        Kind::Gateway(configured) => (ProcessKind::Gateway, configured),
        Kind::Orchestrator(configured) => (ProcessKind::Orchestrator, configured),
        Kind::Worker(configured) => (ProcessKind::Worker, configured),
    };
    // Each process has a configuration file of its own, which is named after it.
    let name = config.file_stem().unwrap_or_default();
    let clock = MovedClock::new(clocks.join(name));
    let given = Given { clock: std::sync::Arc::new(clock), tools: tools::all(ledger) };
    process::run(kind, Config::load(Some(&config))?, given)
}
