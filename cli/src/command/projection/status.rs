//! `sba projection status`.

use std::process::ExitCode;

use sba_service::{
    clock::{Clock as _, SystemClock},
    log::RunLog,
    walk,
};
use sba_store::{Store, left_out, projection};
use serde_json::json;
use time::format_description::well_known::Rfc3339;

use super::super::Operated;
use crate::operate::{Reach, Refusal, Table, since};

/// Most entries of what was left out that are shown.
const SHOWN: u32 = 100;

#[derive(Debug, clap::Args)]
pub(super) struct StatusArgs {
    #[command(flatten)]
    operated: Operated,
}

pub(super) async fn run(args: &StatusArgs) -> anyhow::Result<ExitCode> {
    let reach = args.operated.reach().await?;
    let log = reach.log().await?;
    let store = reach.store().await?.ok_or(Refusal::NoDatabase)?;
    for stream in log.shards().names() {
        of_stream(&reach, &log, &store, &stream, args.operated.json).await?;
    }
    Ok(ExitCode::SUCCESS)
}

/// How far the projection of one of the streams is that logs are spread over.
async fn of_stream(reach: &Reach, log: &RunLog, store: &Store, stream: &str, json: bool) -> anyhow::Result<()> {
    let info = walk::known(&reach.jetstream, stream, reach.answer()).await?;
    let mut tx = store.begin_projection().await?;
    let position = projection::position(&mut tx, stream).await?;
    let (left, total) = left_out::latest(&mut tx, stream, SHOWN).await?;
    drop(tx);
    let sequence = position.as_ref().map_or(0, |position| position.sequence);
    // A log that was restored or made anew is noticed by the projector.
    let same = position.as_ref().is_none_or(|position| position.epoch == info.created.to_string())
        && sequence <= info.state.last_sequence;
    let rest = log.rest(stream, sequence).await?;
    let now = SystemClock.now();
    if json {
        let left: Vec<_> = left
            .iter()
            .map(|entry| {
                json!({
                    "sequence": entry.sequence, "tenant_id": entry.tenant, "run_id": entry.run, "code": entry.code,
                    "noticed_at": entry.noticed_at.format(&Rfc3339).unwrap_or_default(),
                })
            })
            .collect();
        let delay = rest.oldest.map(|at| (now - at).whole_milliseconds().max(0));
        println!(
            "{}",
            json!({
                "stream": stream, "position": sequence, "same_log": same,
                "first": info.state.first_sequence, "last": info.state.last_sequence,
                "lag": rest.records, "lag_ms": delay, "left_out": total, "entries": left,
            })
        );
        return Ok(());
    }
    println!("stream    {stream}");
    println!("position  {sequence} of {} (the log begins at {})", info.state.last_sequence, info.state.first_sequence);
    if !same {
        println!("log       not the one that was projected: its projector makes all rows anew");
    }
    let oldest = rest.oldest.map(|at| format!(", the oldest {} old", since(at, now))).unwrap_or_default();
    println!("lag       {} records{oldest}", rest.records);
    println!("left out  {total}");
    let mut table = Table::new(&["sequence", "noticed", "tenant", "run", "code"]);
    for entry in left {
        let (tenant, run) = (entry.tenant.map(|id| id.to_string()), entry.run.map(|id| id.to_string()));
        table.row([
            entry.sequence.to_string(),
            since(entry.noticed_at, now),
            tenant.unwrap_or_default(),
            run.unwrap_or_default(),
            entry.code,
        ]);
    }
    if !table.is_empty() {
        print!("\n{table}");
    }
    Ok(())
}
