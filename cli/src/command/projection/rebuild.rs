//! `sba projection rebuild`.

use std::process::ExitCode;

use indicatif::ProgressBar;
use sba_orchestrator::projector::{Rebuild, Rebuilt};
use sba_service::log::RunLog;
use sba_subjects::id::{RunId, TenantKey};
use serde_json::json;

use super::super::{Operated, code};
use crate::operate::Refusal;

#[derive(Debug, clap::Args)]
pub(super) struct RebuildArgs {
    #[command(flatten)]
    operated: Operated,
    /// Only runs of this tenant: the public key of its NATS account.
    #[arg(long)]
    tenant: Option<TenantKey>,
    /// Only this run.
    #[arg(long, conflicts_with = "tenant")]
    run: Option<RunId>,
}

pub(super) async fn run(args: &RebuildArgs) -> anyhow::Result<ExitCode> {
    let reach = args.operated.reach().await?;
    let log = reach.log().await?;
    let store = reach.store().await?.ok_or(Refusal::NoDatabase)?;
    let rebuild = Rebuild { log: log.clone(), store };
    let done = match args.run {
        Some(run) => one(&rebuild, &log, run).await?,
        None => all(&rebuild, args.tenant.as_ref()).await?,
    };
    if args.operated.json {
        println!("{}", json!({"runs": done.runs, "left_out": done.left_out, "nobodys": done.nobodys}));
    } else {
        println!("{} runs were made anew.", done.runs);
        if done.nobodys > 0 {
            println!("{} are of tenants that Postgres does not know.", done.nobodys);
        }
    }
    if done.left_out == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("{} were refused by the database and are as they were: sba projection status", done.left_out);
    Ok(ExitCode::from(code::REFUSED))
}

async fn all(rebuild: &Rebuild, tenant: Option<&TenantKey>) -> anyhow::Result<Rebuilt> {
    // Nothing is shown where nobody looks.
    let bar = ProgressBar::new(0);
    let done = rebuild
        .all(tenant, |at, end| {
            bar.set_length(end);
            bar.set_position(at);
        })
        .await;
    bar.finish_and_clear();
    Ok(done?)
}

async fn one(rebuild: &Rebuild, log: &RunLog, run: RunId) -> anyhow::Result<Rebuilt> {
    let tenant = log.tenant_of(run).await?.ok_or(Refusal::UnknownRun(run))?;
    Ok(rebuild.one(&tenant, run).await?)
}
