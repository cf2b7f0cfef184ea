//! `sba run list`.

use std::{collections::HashMap, process::ExitCode};

use sba_service::{
    clock::{Clock as _, SystemClock},
    log::{ReadError, RunLog},
    walk::From,
};
use sba_subjects::{
    id::{RunId, TenantKey},
    record,
    run::RunStatus,
    state::RunState,
    subject::Subject,
};
use serde::Serialize;
use time::OffsetDateTime;

use super::super::Operated;
use crate::operate::{Table, TenantArg, moment, since};

#[derive(Debug, clap::Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    operated: Operated,
    /// Only runs of this tenant: its id, or the key of its NATS account.
    #[arg(long)]
    tenant: Option<TenantArg>,
    /// Only runs that stand there, e.g. running, waiting_input or failed.
    #[arg(long)]
    status: Option<RunStatus>,
    /// Only runs that said something in that time. The whole log of that time is looked through.
    #[arg(long, value_name = "AGE", default_value = "1d")]
    since: humantime::Duration,
    /// Most that are listed.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    limit: u64,
}

/// A run, in one line.
#[derive(Debug, Serialize)]
struct Listed {
    run_id: RunId,
    tenant_id: String,
    tenant_key: TenantKey,
    /// None where a newer version wrote the log.
    status: Option<RunStatus>,
    workflow: Option<String>,
    prompt: Option<String>,
    steps: Option<usize>,
    seq: Option<u64>,
    #[serde(with = "time::serde::rfc3339::option")]
    created_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339")]
    updated_at: OffsetDateTime,
}

pub(super) async fn run(args: &ListArgs) -> anyhow::Result<ExitCode> {
    let reach = args.operated.reach().await?;
    let log = reach.log().await?;
    let now = SystemClock.now();
    let mut listed = 0;
    let mut table = Table::new(&["run", "status", "since", "workflow", "steps", "tenant", "prompt"]);
    for seen in seen(&log, args, now).await? {
        let Some(run) = look(&log, args, seen).await? else { continue };
        if listed == args.limit {
            eprintln!("There are more: --limit");
            break;
        }
        listed += 1;
        if args.operated.json {
            println!("{}", serde_json::to_string(&run)?);
            continue;
        }
        table.row([
            run.run_id.to_string(),
            run.status.map_or("(newer)", RunStatus::as_str).to_owned(),
            since(run.updated_at, now),
            run.workflow.unwrap_or_default(),
            run.steps.map(|steps| steps.to_string()).unwrap_or_default(),
            run.tenant_id,
            run.prompt.unwrap_or_default().chars().take(60).collect(),
        ]);
    }
    if !args.operated.json && !table.is_empty() {
        print!("{table}");
    }
    Ok(ExitCode::SUCCESS)
}

/// A run that said something.
struct Seen {
    run: RunId,
    tenant: TenantKey,
    ended: bool,
    at: OffsetDateTime,
}

/// The runs that said something lately, the latest first.
async fn seen(log: &RunLog, args: &ListArgs, now: OffsetDateTime) -> anyhow::Result<Vec<Seen>> {
    let key = args.tenant.as_ref().and_then(TenantArg::key);
    let mut runs = HashMap::new();
    for mut walk in log.walks(key, From::Time(now - *args.since), true).await? {
        while let Some(passed) = walk.next().await? {
            let Ok(Subject::Run { tenant, run, .. }) = passed.subject.parse() else { continue };
            if args.tenant.as_ref().is_some_and(|named| named.id() != tenant.id()) {
                continue;
            }
            let ended = record::ends(&passed.headers);
            runs.insert(run, Seen { run, tenant, ended, at: passed.stored_at });
        }
    }
    let mut runs: Vec<Seen> = runs.into_values().collect();
    runs.sort_by_key(|seen| std::cmp::Reverse(seen.at));
    Ok(runs)
}

/// The run as it stands, if it is meant.
async fn look(log: &RunLog, args: &ListArgs, seen: Seen) -> anyhow::Result<Option<Listed>> {
    // An end that was seen saves a look.
    if seen.ended && args.status.is_some_and(|status| !status.is_terminal()) {
        return Ok(None);
    }
    let state = match log.load(&seen.tenant, seen.run).await {
        Ok(loaded) => loaded.map(|loaded| loaded.state),
        Err(error) if error.is_from_the_future() => return Ok(args.status.is_none().then(|| Listed::of(seen, None))),
        // One log that cannot be read hides no other.
        Err(error @ (ReadError::Unreadable { .. } | ReadError::Unsound(_))) => {
            eprintln!("{}: {}: {error}", seen.run, error.code());
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    // One without a state was removed meanwhile.
    let meant = state.filter(|state| args.status.is_none_or(|status| state.status == status));
    Ok(meant.map(|state| Listed::of(seen, Some(state))))
}

impl Listed {
    fn of(seen: Seen, state: Option<RunState>) -> Self {
        let Seen { run, tenant, at, .. } = seen;
        let state = state.as_ref();
        Self {
            run_id: run,
            tenant_id: tenant.id().to_string(),
            tenant_key: tenant,
            status: state.map(|state| state.status),
            workflow: state.map(|state| state.workflow.to_string()),
            prompt: state.map(|state| state.prompt.clone()),
            steps: state.map(|state| state.steps.len()),
            seq: state.map(|state| state.seq),
            created_at: state.map(|state| moment(state.created_at)),
            updated_at: state.map_or(at, |state| moment(state.updated_at)),
        }
    }
}
