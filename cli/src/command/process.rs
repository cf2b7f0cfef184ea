//! `sba gateway`, `sba orchestrator`, `sba worker`.

use std::{error::Error, process::ExitCode};

use sba_service::{config::Config, shutdown::Shutdown, telemetry};

use super::{Configured, block_on};

/// Exit code of a process that could not start or had to stop; 2 is a wrong command line.
const FAILED: u8 = 1;

pub(super) fn gateway(args: &Configured) -> anyhow::Result<ExitCode> {
    run(args, "sba-gateway", async |config, shutdown| {
        sba_gateway::run(config, shutdown).await.map_err(|error| (error.code(), Box::new(error).into()))
    })
}

pub(super) fn orchestrator(args: &Configured) -> anyhow::Result<ExitCode> {
    run(args, "sba-orchestrator", async |config, shutdown| {
        sba_orchestrator::run(config, shutdown).await.map_err(|error| (error.code(), Box::new(error).into()))
    })
}

pub(super) fn worker(args: &Configured) -> anyhow::Result<ExitCode> {
    run(args, "sba-worker", async |config, shutdown| {
        sba_workers::run(config, shutdown).await.map_err(|error| (error.code(), Box::new(error).into()))
    })
}

/// A failure with its stable code.
type Coded = (&'static str, Box<dyn Error + Send + Sync>);

/// Runs a process with telemetry until it ends; a failure is logged once, here.
fn run<F>(args: &Configured, service: &'static str, process: F) -> anyhow::Result<ExitCode>
where
    F: AsyncFnOnce(Config, Shutdown) -> Result<(), Coded>,
{
    let config = args.load()?;
    block_on(async {
        let telemetry = telemetry::start(&config.telemetry, service, &std::process::id().to_string())?;
        let shutdown = Shutdown::new(config.shutdown.grace_ms.into());
        shutdown.on_signals()?;
        let ended = process(config, shutdown).await;
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
