//! `sba bench`.

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Subcommand};

use super::block_on;
use crate::{
    bench::{NatsAt, Report, Running, first_token, ingest},
    dev,
};

#[derive(Debug, Args)]
pub(super) struct BenchArgs {
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Debug, Subcommand)]
enum Bench {
    /// Measure the time from the POST of a run to its first token at a WebSocket client.
    ///
    /// Each run is posted, watched over a new WebSocket, and followed to its end, so that it is in flight until then: the
    /// orchestrators own it, a worker looks passages up in Postgres, the scripted model writes without delay, a worker
    /// renders the report. The time ends when the client has read the first event of type `token`; connecting the
    /// WebSocket is part of it. The next run is posted as soon as one has ended.
    ///
    /// Cases: one run at a time (`alone`), and many (`50 in flight`). Runs to warm up come before each and are not
    /// counted. `n` and `per_second` count runs that came to their end. Bare: a NATS request and its reply between two
    /// connections to the same server, as many at a time.
    FirstToken(FirstTokenArgs),
    /// Measure how many passages a second documents become that can be found.
    ///
    /// Each document is uploaded and waited for: blob store, index queue, parsing, splitting, embedding with MiniLM,
    /// Postgres with pgvector. `n` and `per_second` count passages; `p50_ms` and `p99_ms` are times of a document, from the
    /// upload until it can be found, looked at every 50 ms. Bare: the embedding model alone, in this process, on the
    /// same passages, with as many threads as one worker has; its times are those of a document's passages.
    Ingest(IngestArgs),
}

/// The installation to measure.
#[derive(Debug, Args)]
struct TargetArgs {
    /// The gateway of a running installation; without it, the bench starts one of its own.
    #[arg(long, requires = "token")]
    url: Option<String>,
    /// A token of a tenant of that installation; it is left with the bench's documents and runs.
    #[arg(long, env = "SBA_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Print a line of JSON for each case on standard output, and the table on standard error.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct FirstTokenArgs {
    /// Runs to measure one at a time.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..))]
    alone: u64,
    /// Runs to measure with many in flight.
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u64).range(1..))]
    together: u64,
    /// How many those are.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    in_flight: u64,
    /// Say where the time goes, from the times that the events carry.
    #[arg(long)]
    hops: bool,
    /// The NATS server of the running installation, for the bare part.
    #[arg(long, value_name = "URL", requires = "url")]
    nats: Option<String>,
    /// The credentials file for it.
    #[arg(long, value_name = "FILE", requires = "nats")]
    credentials: Option<PathBuf>,
    #[command(flatten)]
    target: TargetArgs,
}

#[derive(Debug, Args)]
struct IngestArgs {
    /// Passages to make, at least.
    #[arg(long, default_value_t = 400, value_parser = positive)]
    passages: usize,
    /// Documents at a time.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    in_flight: u64,
    /// Threads of the bare model; as many as a worker has on this machine where none is named.
    #[arg(long, value_parser = positive)]
    threads: Option<usize>,
    #[command(flatten)]
    target: TargetArgs,
}

fn positive(text: &str) -> Result<usize, String> {
    let number: usize = text.parse().map_err(|_| "expected a number".to_owned())?;
    if (1..=1_000_000).contains(&number) { Ok(number) } else { Err("expected 1 to 1000000".to_owned()) }
}

impl TargetArgs {
    fn running(&self, nats: Option<NatsAt>) -> Option<Running> {
        let (Some(url), Some(token)) = (&self.url, &self.token) else { return None };
        Some(Running { url: url.clone(), token: token.clone(), nats })
    }
}

pub(super) fn run(args: &BenchArgs) -> anyhow::Result<ExitCode> {
    match &args.bench {
        Bench::FirstToken(args) => {
            let nats = args.nats.clone().map(|url| NatsAt { url, credentials: args.credentials.clone() });
            let asked = first_token::FirstToken {
                alone: args.alone,
                together: args.together,
                in_flight: args.in_flight,
                hops: args.hops,
                running: args.target.running(nats),
            };
            report(args.target.json, first_token::run(&asked))
        }
        Bench::Ingest(args) => {
            let asked = ingest::Ingest {
                passages: args.passages,
                in_flight: args.in_flight,
                threads: args.threads,
                running: args.target.running(None),
            };
            report(args.target.json, ingest::run(&asked))
        }
    }
}

/// Measures until it is done or stopped, and prints what came of it.
fn report(json: bool, measuring: impl Future<Output = anyhow::Result<Report>>) -> anyhow::Result<ExitCode> {
    let report = block_on(async {
        tokio::select! {
            report = measuring => report,
            stopped = dev::stopped() => {
                stopped?;
                anyhow::bail!("interrupted")
            }
        }
    })?;
    if json {
        eprint!("{report}");
        for line in report.json()? {
            println!("{line}");
        }
    } else {
        print!("{report}");
    }
    Ok(ExitCode::SUCCESS)
}
