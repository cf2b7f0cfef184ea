//! `sba bench`.

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Subcommand};

use super::block_on;
use crate::{
    bench::{NatsAt, Report, Running, auth, first_token, ingest, jobs, runs, takeover},
    dev,
    local::Durability,
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
    /// Measure how many runs a second come to their end, and how long each takes.
    ///
    /// A run has three steps: the model asks for a look-up, a worker whose look-up does nothing but answer gives the
    /// result, the model says twenty tokens, all without delay. The processes are those of production, each a child; the
    /// client posts runs one after another in as many lanes as are in flight, and hears of their ends from NATS. The times
    /// are those from sending the POST until the last event was heard; `per_second` counts runs until all of them stand
    /// in Postgres too. Runs to warm up come before each case and are not counted.
    ///
    /// Cases: each number in flight, for each durability of the server and each number of shards. The table ends with the
    /// processor time that each process took for a run. Bare: the messages that such a run stores (two commands, a job,
    /// five fenced records), each awaited, stored and consumed by one process that does nothing else, on the same
    /// server; as many runs at a time.
    Runs(RunsArgs),
    /// Measure how many tool jobs a second workers do.
    ///
    /// The tool does nothing but answer. A job is published to the queue of jobs, a worker takes it, calls the tool and
    /// stores the result among the commands, where this bench hears of it in the place of an orchestrator. The times are
    /// those from publishing until the result was heard.
    ///
    /// Cases: each number of workers. Bare: the same jobs in the same work queue, as many in flight, taken and
    /// acknowledged by this process alone; nothing is done with them.
    Jobs(JobsArgs),
    /// Measure how long a run is silent when the process that drives it dies.
    ///
    /// Runs are in flight over two orchestrators, each in the middle of an answer of the model; one of the two is killed
    /// (SIGKILL) and started again when all of its runs were taken over; then the other. The times are those from the kill
    /// until the next event of a run of the dead process was heard, which is the attempt of its heir.
    ///
    /// Bare: the time after which NATS gives a message that nobody acknowledged to another, with the same settings.
    Takeover(TakeoverArgs),
    /// Measure what it takes to know who asks, and what they may.
    ///
    /// A gateway in this process is asked for something that does nothing, without a network between: the token or key is
    /// checked, the roles are held against the table, places are taken, and the tenant is found. The caches are warm, as they
    /// are for all but a tenant's first request in a while; a key is looked up in Postgres anew twice a second.
    ///
    /// Cases: a token of SBA's issuer, an API key. Bare: the same request where nothing of that is asked.
    Auth(AuthArgs),
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
    #[command(flatten)]
    nats: NatsArgs,
    #[command(flatten)]
    target: TargetArgs,
}

#[derive(Debug, Args)]
struct RunsArgs {
    /// Runs of each case; a fifth of it where there is one at a time.
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u64).range(1..))]
    runs: u64,
    /// How many are in flight, a case each.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 16, 64, 256], value_parser = clap::value_parser!(u64).range(1..=100_000))]
    in_flight: Vec<u64>,
    /// Whether NATS writes each message to the disk before it acknowledges it.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Sync::Default, Sync::Always])]
    sync: Vec<Sync>,
    /// Streams that the logs of runs are spread over.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 4], value_parser = clap::value_parser!(u32).range(1..=256))]
    shards: Vec<u32>,
    /// Orchestrators of the bench's own installation.
    #[arg(long, default_value_t = 1, value_parser = positive)]
    orchestrators: usize,
    /// Workers of it.
    #[arg(long, default_value_t = 1, value_parser = positive)]
    workers: usize,
    #[command(flatten)]
    nats: NatsArgs,
    #[command(flatten)]
    target: TargetArgs,
}

#[derive(Debug, Args)]
struct JobsArgs {
    /// Jobs of each case.
    #[arg(long, default_value_t = 50_000, value_parser = clap::value_parser!(u64).range(1..))]
    jobs: u64,
    /// How many are in flight.
    #[arg(long, default_value_t = 512, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    in_flight: u64,
    /// Numbers of workers, a case each.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 4], value_parser = positive)]
    workers: Vec<usize>,
    /// Print a line of JSON for each case on standard output, and the table on standard error.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct TakeoverArgs {
    /// Runs to see taken over, at least.
    #[arg(long, default_value_t = 200, value_parser = positive)]
    runs: usize,
    /// Runs in flight when a process is killed: about half of them are its own.
    #[arg(long, default_value_t = 32, value_parser = positive)]
    in_flight: usize,
    /// Print a line of JSON on standard output, and the table on standard error.
    #[arg(long)]
    json: bool,
}

/// `sync_interval` of the server.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Sync {
    /// Now and then.
    Default,
    /// Each message.
    Always,
}

impl From<Sync> for Durability {
    fn from(sync: Sync) -> Self {
        match sync {
            Sync::Default => Self::Process,
            Sync::Always => Self::Power,
        }
    }
}

/// The NATS server of a running installation.
#[derive(Debug, Args)]
struct NatsArgs {
    /// The NATS server of the running installation.
    #[arg(long, value_name = "URL", requires = "url")]
    nats: Option<String>,
    /// The credentials file for it.
    #[arg(long, value_name = "FILE", requires = "nats")]
    credentials: Option<PathBuf>,
}

impl NatsArgs {
    fn at(&self) -> Option<NatsAt> {
        self.nats.clone().map(|url| NatsAt { url, credentials: self.credentials.clone() })
    }
}

#[derive(Debug, Args)]
struct AuthArgs {
    /// Requests of each case.
    #[arg(long, default_value_t = 50_000, value_parser = clap::value_parser!(u64).range(1..))]
    requests: u64,
    /// Print a line of JSON for each case on standard output, and the table on standard error.
    #[arg(long)]
    json: bool,
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
            let asked = first_token::FirstToken {
                alone: args.alone,
                together: args.together,
                in_flight: args.in_flight,
                hops: args.hops,
                running: args.target.running(args.nats.at()),
            };
            report(args.target.json, first_token::run(&asked))
        }
        Bench::Runs(args) => {
            let asked = runs::Runs {
                n: args.runs,
                in_flight: args.in_flight.clone(),
                durabilities: args.sync.iter().copied().map(Durability::from).collect(),
                shards: args.shards.clone(),
                orchestrators: args.orchestrators,
                workers: args.workers,
                running: args.target.running(args.nats.at()),
            };
            report(args.target.json, runs::run(&asked))
        }
        Bench::Jobs(args) => {
            let asked = jobs::Jobs { n: args.jobs, in_flight: args.in_flight, workers: args.workers.clone() };
            report(args.json, jobs::run(&asked))
        }
        Bench::Takeover(args) => {
            let asked = takeover::Takeover { n: args.runs, in_flight: args.in_flight };
            report(args.json, takeover::run(&asked))
        }
        Bench::Auth(args) => report(args.json, auth::run(&auth::Auth { n: args.requests })),
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
