//! `sba run show`.

use std::process::ExitCode;

use sba_gateway::{Projected, RunView};
use sba_service::log::RunLog;
use sba_subjects::state::RunState;
use serde_json::{Value, json};

use super::{super::Operated, named::NamedRun};
use crate::operate::{Reach, Refusal, Table, plain};

#[derive(Debug, clap::Args)]
pub(super) struct ShowArgs {
    #[command(flatten)]
    operated: Operated,
    #[command(flatten)]
    named: NamedRun,
    /// As it was after this event of its log.
    #[arg(long, value_name = "SEQ", value_parser = clap::value_parser!(u64).range(1..))]
    at: Option<u64>,
}

pub(super) async fn run(args: &ShowArgs) -> anyhow::Result<ExitCode> {
    let reach = args.operated.reach().await?;
    let log = reach.log().await?;
    let shown = match state(&log, args).await? {
        Some(state) => from_log(state)?,
        None => from_postgres(&reach, args).await?,
    };
    if args.operated.json {
        println!("{shown}");
    } else {
        print(&shown);
    }
    Ok(ExitCode::SUCCESS)
}

/// What the log says; none where there is no log.
async fn state(log: &RunLog, args: &ShowArgs) -> anyhow::Result<Option<RunState>> {
    let run = args.named.id();
    let Some(tenant) = args.named.owner(log).await? else { return Ok(None) };
    let Some(seq) = args.at else {
        return Ok(log.load(&tenant, run).await?.map(|loaded| loaded.state));
    };
    match log.at(&tenant, run, seq).await? {
        Some(state) if state.seq < seq => Err(Refusal::UnknownEvent { seq, last: state.seq }.into()),
        state => Ok(state),
    }
}

fn from_log(state: RunState) -> anyhow::Result<Value> {
    let owner = state.owner();
    let mut shown = serde_json::to_value(RunView::from(state))?;
    shown["source"] = json!("log");
    shown["owner"] = json!(owner);
    Ok(shown)
}

async fn from_postgres(reach: &Reach, args: &ShowArgs) -> anyhow::Result<Value> {
    let Some(tenant) = &args.named.tenant else { return Err(args.named.unknown()) };
    let Some(store) = reach.store().await? else { return Err(args.named.unknown()) };
    let projected = Projected::read(&store, tenant.id(), args.named.id()).await?;
    let projected = projected.ok_or_else(|| args.named.unknown())?;
    if args.at.is_some() {
        return Err(Refusal::NoLog(args.named.id()).into());
    }
    let mut shown = serde_json::to_value(RunView::projected(tenant.id(), projected))?;
    shown["source"] = json!("postgres");
    Ok(shown)
}

fn print(run: &Value) {
    let line = |name: &str, value: &Value| {
        if !value.is_null() {
            println!("{name:<10}{}", words(value));
        }
    };
    for name in ["run_id", "tenant_id", "user_id", "session_id", "workflow", "status"] {
        line(name.trim_end_matches("_id"), &run[name]);
    }
    for (name, field) in [("owner", "owner"), ("attempt", "attempt"), ("events", "seq"), ("from", "source")] {
        line(name, &run[field]);
    }
    for name in ["created", "started", "updated", "ended"] {
        line(name, &run[format!("{name}_at")]);
    }
    let usage = &run["usage"];
    let took = ["input_tokens", "output_tokens", "cost_micros"].map(|name| words(&usage[name]));
    println!("usage     {} tokens read, {} written, {} millionths", took[0], took[1], took[2]);
    failure("error", &run["error"]);
    line("cancel", &run["cancel"]["reason"]);
    line("prompt", &run["prompt"]);
    steps(&run["steps"]);
    asks(&run["asks"]);
    artifacts(&run["artifacts"]);
}

fn steps(steps: &Value) {
    let mut table = Table::new(&["step", "kind", "name", "status", "call", "began", "ended", "tokens", "error"]);
    for step in entries(steps) {
        let call = &step["tool_call"];
        let call = if call.is_null() { String::new() } else { format!("{} {}", words(&call["tool_name"]), done(call)) };
        let error = if step["error"].is_null() { &step["tool_call"]["error"] } else { &step["error"] };
        table.row([
            words(&step["number"]),
            words(&step["kind"]),
            words(&step["name"]),
            words(&step["status"]),
            call,
            words(&step["started_at"]),
            words(&step["ended_at"]),
            words(&step["usage"]["output_tokens"]),
            words(&error["code"]),
        ]);
    }
    section(&table);
}

fn done(call: &Value) -> &'static str {
    match call["success"].as_bool() {
        None => "(under way)",
        Some(true) => "(done)",
        Some(false) => "(failed)",
    }
}

fn asks(asks: &Value) {
    let mut table = Table::new(&["ask", "step", "kind", "expires", "text"]);
    for ask in entries(asks) {
        let cells = ["ask_id", "step", "kind", "expires_at", "text"].map(|name| words(&ask[name]));
        table.row(cells);
    }
    section(&table);
}

fn artifacts(artifacts: &Value) {
    let mut table = Table::new(&["artifact", "media type", "bytes", "citations", "title"]);
    for artifact in entries(artifacts) {
        let cells = ["artifact_id", "media_type", "bytes", "citations", "title"].map(|name| words(&artifact[name]));
        table.row(cells);
    }
    section(&table);
}

fn entries(list: &Value) -> &[Value] {
    list.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn section(table: &Table) {
    if !table.is_empty() {
        print!("\n{table}");
    }
}

fn failure(name: &str, failure: &Value) {
    if !failure.is_null() {
        println!("{name:<10}{}: {}", words(&failure["code"]), words(&failure["message"]));
    }
}

/// A value of JSON as people read it.
fn words(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => plain(text),
        other => plain(&other.to_string()),
    }
}
