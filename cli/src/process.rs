//! One process of SBA, from its configuration to its exit code.
//!
//! A program of one's own that calls [`run`] is `sba gateway`, `sba orchestrator` or `sba worker` with what it gives
//! them: tools that SBA does not have, or another clock.

use std::{error::Error, process::ExitCode, sync::Arc};

use sba_service::{
    clock::{Clock, SystemClock},
    config::{Config, RuntimeConfig},
    heartbeat::ProcessKind,
    shutdown::Shutdown,
    telemetry,
};
use sba_workers::tool::Tool;

use tokio::runtime::{Builder, Runtime};

/// Exit code of a process that could not start or had to stop; 2 is a wrong command line.
const FAILED: u8 = 1;

/// What a process is given by the program that it is part of.
pub struct Given {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// A worker's tools besides the built-in ones; one with the name of a built-in tool replaces it.
    pub tools: Vec<Arc<dyn Tool>>,
}

impl Default for Given {
    /// The time of this machine, and no further tools.
    fn default() -> Self {
        Self { clock: SystemClock::shared(), tools: Vec::new() }
    }
}

/// A failure with its stable code.
type Coded = (&'static str, Box<dyn Error + Send + Sync>);

/// Runs a process with telemetry until it is told to end; a failure is logged once, here.
///
/// # Errors
/// When telemetry or the runtime cannot be started. A process that fails is no error but an exit code.
pub fn run(kind: ProcessKind, config: Config, given: Given) -> anyhow::Result<ExitCode> {
    runtime(&config.runtime)?.block_on(async {
        let telemetry = telemetry::start(&config.telemetry, service(kind), &std::process::id().to_string())?;
        let shutdown = Shutdown::new(config.shutdown.grace_ms.into());
        shutdown.on_signals()?;
        let ended = serve(kind, config, given, shutdown).await;
        if let Err((code, error)) = &ended {
            let mut causes = vec![error.to_string()];
            let mut source = error.source();
            while let Some(cause) = source {
                causes.push(cause.to_string());
                source = cause.source();
            }
            tracing::error!(code, error = causes.join(": "), "the process ends");
        }
        telemetry.finish().await;
        Ok(if ended.is_ok() { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
    })
}

/// One thread needs no other to be woken for what it has been handed.
fn runtime(config: &RuntimeConfig) -> std::io::Result<Runtime> {
    match config.threads {
        1 => Builder::new_current_thread().enable_all().build(),
        0 => Builder::new_multi_thread().enable_all().build(),
        threads => Builder::new_multi_thread().worker_threads(threads).enable_all().build(),
    }
}

/// What traces call the process.
const fn service(kind: ProcessKind) -> &'static str {
    match kind {
        ProcessKind::Gateway => "sba-gateway",
        ProcessKind::Orchestrator => "sba-orchestrator",
        ProcessKind::Worker => "sba-worker",
    }
}

async fn serve(kind: ProcessKind, config: Config, given: Given, shutdown: Shutdown) -> Result<(), Coded> {
    let Given { clock, tools } = given;
    match kind {
        ProcessKind::Gateway => {
            sba_gateway::run(config, clock, shutdown).await.map_err(|error| (error.code(), Box::new(error).into()))
        }
        ProcessKind::Orchestrator => {
            sba_orchestrator::run(config, clock, shutdown).await.map_err(|error| (error.code(), Box::new(error).into()))
        }
        ProcessKind::Worker => sba_workers::run(config, tools, clock, shutdown)
            .await
            .map_err(|error| (error.code(), Box::new(error).into())),
    }
}
