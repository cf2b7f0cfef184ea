//! `sba run watch`.

use std::{process::ExitCode, time::Duration};

use sba_service::log::{Standing, Stored};
use tokio::time::timeout;

use super::{super::Operated, named::NamedRun};
use crate::{dev, operate::RunPrinter};

/// Time after which a run that says nothing is compared with its log.
const QUIET: Duration = Duration::from_secs(1);

#[derive(Debug, clap::Args)]
pub(super) struct WatchArgs {
    #[command(flatten)]
    operated: Operated,
    #[command(flatten)]
    named: NamedRun,
    /// Only what follows this event.
    #[arg(long, default_value_t = 0, value_name = "SEQ")]
    after: u64,
}

pub(super) async fn run(args: &WatchArgs) -> anyhow::Result<ExitCode> {
    tokio::select! {
        watched = watch(args) => watched,
        stopped = dev::stopped() => {
            stopped?;
            anyhow::bail!("interrupted")
        }
    }
}

async fn watch(args: &WatchArgs) -> anyhow::Result<ExitCode> {
    let reach = args.operated.reach().await?;
    let log = reach.log().await?;
    let (tenant, run) = (args.named.known(&log).await?, args.named.id());
    let mut follow = log.follow(&tenant, run).await?;
    let mut printer = RunPrinter::new(args.operated.json);
    loop {
        let Ok(records) = timeout(QUIET, follow.next()).await else {
            // A log that was removed says nothing any more.
            if log.standing(&tenant, run).await? == Standing::Gone && log.load(&tenant, run).await?.is_none() {
                return Err(sba_service::log::ReadError::Gone.into());
            }
            follow.check();
            continue;
        };
        for record in records? {
            if show(&mut printer, &record, args.after)? {
                return Ok(ExitCode::SUCCESS);
            }
        }
    }
}

/// Shows a record; says whether the run ended with it.
fn show(printer: &mut RunPrinter, record: &Stored, after: u64) -> anyhow::Result<bool> {
    for event in record.raw()?.into_iter().filter(|event| event.seq > after) {
        printer.event(event)?;
    }
    Ok(record.ends()?)
}
