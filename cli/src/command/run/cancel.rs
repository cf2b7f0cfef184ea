//! `sba run cancel`.

use std::process::ExitCode;

use sba_service::{
    clock::{Clock as _, SystemClock},
    ids::TimeOrderedIds,
    publish,
};
use sba_subjects::{
    command::{Command, CommandBody},
    envelope::VERSION,
    id::CommandId,
    subject::Subject,
};
use serde_json::json;

use super::{super::Operated, named::NamedRun};
use crate::operate::Refusal;

/// Longest reason, in characters, as over the API.
const MAX_REASON: usize = 1_000;

#[derive(Debug, clap::Args)]
pub(super) struct CancelArgs {
    #[command(flatten)]
    operated: Operated,
    #[command(flatten)]
    named: NamedRun,
    /// Why, for the run's log, which keeps it with who asked.
    #[arg(long, default_value = "no reason given")]
    reason: String,
    /// Who asks.
    #[arg(long, env = "USER", default_value = "an operator")]
    by: String,
}

pub(super) async fn run(args: &CancelArgs) -> anyhow::Result<ExitCode> {
    let reach = args.operated.reach().await?;
    let log = reach.log().await?;
    let (tenant, loaded) = args.named.load(&log).await?;
    let (run, status) = (args.named.id(), loaded.state.status);
    if status.is_terminal() {
        return Err(Refusal::Finished(run).into());
    }
    let reason = format!("{} ({})", args.reason, args.by).chars().take(MAX_REASON).collect();
    let id: CommandId = TimeOrderedIds::shared(SystemClock::shared()).make();
    let command = Command { v: VERSION, id, ts: SystemClock.now_millis(), body: CommandBody::Cancel { reason } };
    let subject = Subject::Cmd { tenant, run, verb: command.body.verb() };
    publish::message(&reach.jetstream, &subject, &command, reach.answer()).await?;
    if args.operated.json {
        println!("{}", json!({"run_id": run, "command_id": id, "status": status}));
    } else {
        println!("The run was {status} and is told to end; sba run watch {run} shows how it does.");
    }
    Ok(ExitCode::SUCCESS)
}
