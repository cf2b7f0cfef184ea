//! `sba run fork`.

use std::process::ExitCode;

use sba_service::{
    clock::{Clock as _, SystemClock},
    ids::TimeOrderedIds,
    publish,
};
use sba_store::audit::Action;
use sba_subjects::{
    command::{Command, CommandBody},
    envelope::VERSION,
    id::RunId,
    subject::Subject,
};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{super::Operated, named::NamedRun};
use crate::operate::Trail;

#[derive(Debug, clap::Args)]
pub(super) struct ForkArgs {
    #[command(flatten)]
    operated: Operated,
    #[command(flatten)]
    named: NamedRun,
    /// The last step that is taken over with its result; 0 for none.
    #[arg(long, value_name = "STEP")]
    at: u32,
    /// Who does it, for the audit trail.
    #[arg(long, env = "USER", default_value = "an operator")]
    by: String,
}

pub(super) async fn run(args: &ForkArgs) -> anyhow::Result<ExitCode> {
    let reach = args.operated.reach().await?;
    let log = reach.log().await?;
    let (tenant, loaded) = args.named.load(&log).await?;
    let (source, step) = (args.named.id(), args.at);
    let hash = Sha256::digest(format!("fork\0{source}\0{step}"));
    let created = loaded.state.fork(step, data_encoding::HEXLOWER.encode(&hash))?;
    let ids = TimeOrderedIds::shared(SystemClock::shared());
    let run: RunId = ids.make();
    let trail = Trail::open(&reach, args.by.clone()).await?;
    trail.record(tenant.id(), Action::RunForked, json!({"run": run, "of": source, "step": step})).await?;
    // The command promises the run: whoever takes it stores its first event.
    let command =
        Command { v: VERSION, id: ids.make(), ts: SystemClock.now_millis(), body: CommandBody::Start(created) };
    let subject = Subject::Cmd { tenant, run, verb: command.body.verb() };
    publish::message(&reach.jetstream, &subject, &command, reach.answer()).await?;
    if args.operated.json {
        println!("{}", json!({"run_id": run, "fork_of": {"run": source, "step": step}}));
    } else {
        println!("{run}");
    }
    Ok(ExitCode::SUCCESS)
}
