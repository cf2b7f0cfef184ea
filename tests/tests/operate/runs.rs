//! `sba run`: runs are looked at and commanded by their logs, where no gateway and no orchestrator is.

use std::time::Duration;

use async_nats::jetstream::stream::Config;
use ciborium::Value as Cbor;
use futures::StreamExt as _;
use sba_subjects::{
    codec,
    command::{Command, CommandBody},
    envelope::{RawEnvelope, VERSION},
    event::{Done, Event, Status, StepFinished, StepStarted, ToolRequest, ToolResult},
    id::{CallId, RunId},
    name::Verb,
    record,
    run::{Effect, Failure, RunStatus, StepKind, StepStatus, Usage},
    stream::{Sizing, Stream},
    subject::Subject,
};
use sba_tests::run_log::{Writer, token};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use crate::support::{DEADLINE, Office, id};

/// One who writes the log of a new run of this tenant.
pub(crate) async fn writer(office: &Office) -> Writer {
    let mut writer = Writer { tenant: office.tenant.clone(), ..Writer::new(&office.jetstream).await.unwrap() };
    writer.create().await.unwrap();
    writer.take().await.unwrap().unwrap();
    say(&mut writer, None, vec![status(RunStatus::Running)]).await;
    writer
}

pub(crate) async fn say(writer: &mut Writer, step: Option<u32>, events: Vec<Event>) {
    let record = writer.record_of(step, None, events).unwrap();
    writer.append(&record).await.unwrap();
}

fn status(status: RunStatus) -> Event {
    Event::Status(Status { status, reason: None, until: None })
}

fn begun(kind: StepKind, name: &str) -> Event {
    Event::StepStarted(StepStarted { kind, name: name.to_owned(), input: json!({"query": "due"}) })
}

/// A tool step with its result.
pub(crate) async fn tool_step(writer: &mut Writer, step: u32) {
    let call_id = CallId::of_step(writer.run, step);
    let tool_name: sba_subjects::name::ToolName = "knowledge_search".parse().unwrap();
    let request = ToolRequest { call_id, tool_name: tool_name.clone(), params: json!({}), effect: Effect::Pure };
    let (result, error) = (json!({"hits": []}), None);
    let result = ToolResult { call_id, tool_name, success: true, result, error, duration_ms: 3 };
    say(writer, Some(step), vec![begun(StepKind::Tool, "look_up"), Event::ToolRequest(request)]).await;
    say(writer, Some(step), vec![Event::ToolResult(result), finished()]).await;
}

fn finished() -> Event {
    let usage = Some(Usage { input_tokens: 5, output_tokens: 7, cost_micros: 1 });
    Event::StepFinished(StepFinished { status: StepStatus::Completed, output: json!("x"), usage, error: None })
}

pub(crate) async fn end(writer: &mut Writer, status: RunStatus) {
    let error = (status == RunStatus::Failed).then(|| Failure::new("model_timeout", "It \u{1b}[31msaid nothing."));
    let done = Done { run_id: writer.run, status, usage: Usage::default(), error, unconfirmed: vec![] };
    say(writer, None, vec![Event::Done(done)]).await;
}

/// Says what only a newer version can read.
async fn say_newer(office: &Office, writer: &mut Writer) {
    let known = writer.record(vec![token("x")]).unwrap();
    let event = RawEnvelope {
        v: VERSION,
        r#type: "sparkle".to_owned(),
        run: writer.run,
        step: None,
        attempt: 1,
        seq: writer.seq,
        ts: 1_790_000_000_000,
        cause: None,
        key_id: None,
        payload: Cbor::Text("bright".to_owned()),
    };
    let headers = record::headers(&known.head, std::slice::from_ref(&event));
    let subject = Subject::events(&writer.tenant, writer.run).to_string();
    let body = codec::encode(&[event]).unwrap();
    office.jetstream.publish_with_headers(subject, headers, body).await.unwrap().await.unwrap();
}

fn field(documents: &[Value], name: &str) -> Vec<Value> {
    documents.iter().map(|document| document[name].clone()).collect()
}

#[tokio::test]
async fn runs_are_listed_by_tenant_and_where_they_stand_the_latest_first() {
    let office = Office::open().await;
    let (mut first, mut second) = (writer(&office).await, writer(&office).await);
    let mut other = Writer::new(&office.jetstream).await.unwrap();
    other.create().await.unwrap();
    end(&mut first, RunStatus::Completed).await;
    let list = async |more: &[&str]| {
        let args = [&["run", "list", "--json"], more].concat();
        field(&office.sba(&args).await.documents(), "run_id")
    };
    assert_eq!(list(&[]).await, [json!(first.run), json!(other.run), json!(second.run)]);
    assert_eq!(list(&["--limit", "1"]).await, [json!(first.run)]);
    assert_eq!(list(&["--tenant", &office.tenant.to_string()]).await, [json!(first.run), json!(second.run)]);
    assert_eq!(list(&["--tenant", &other.tenant.id().to_string()]).await, [json!(other.run)]);
    assert_eq!(list(&["--status", "running"]).await, [json!(second.run)]);
    assert_eq!(list(&["--status", "completed"]).await, [json!(first.run)]);
    assert_eq!(list(&["--status", "failed"]).await, [Value::Null; 0]);
    say_newer(&office, &mut second).await;
    let listed = office.sba(&["run", "list", "--json"]).await.documents();
    assert_eq!((&listed[0]["run_id"], &listed[0]["status"]), (&json!(second.run), &Value::Null), "it is not hidden");
    let table = office.sba(&["run", "list"]).await;
    assert!(table.out.contains("(newer)") && table.out.contains("What is due?"), "{table:?}");
}

#[tokio::test]
async fn a_run_is_shown_as_it_stands_and_as_it_stood() {
    let office = Office::open().await;
    let mut writer = writer(&office).await;
    tool_step(&mut writer, 1).await;
    let run = writer.run.to_string();
    let shown = office.sba(&["run", "show", &run, "--json"]).await.documents().remove(0);
    assert_eq!((&shown["status"], &shown["seq"], &shown["source"]), (&json!("running"), &json!(7), &json!("log")));
    assert_eq!(shown["usage"], json!({"input_tokens": 5, "output_tokens": 7, "cost_micros": 1}));
    assert_eq!(shown["steps"][0]["tool_call"]["success"], json!(true));
    assert!(shown["owner"].is_string(), "{shown}");
    let before = office.sba(&["run", "show", &run, "--at", "5", "--json"]).await.documents().remove(0);
    assert_eq!((&before["seq"], &before["steps"][0]["status"]), (&json!(5), &json!("running")));
    assert_eq!(before["steps"][0]["tool_call"]["success"], Value::Null);
    end(&mut writer, RunStatus::Failed).await;
    let text = office.sba(&["run", "show", &run]).await;
    for words in ["failed", "model_timeout: It  [31msaid nothing.", "knowledge_search (done)", "look_up"] {
        assert!(text.out.contains(words), "{words} is not in {text:?}");
    }
    assert!(!text.out.contains('\u{1b}'));
    for (args, code) in [
        (&["--at", "99"][..], (3, "event_unknown")),
        (&["--tenant", &office.neighbour().await.to_string()], (3, "run_unknown")),
    ] {
        let said = office.sba(&[&["run", "show", &run], args].concat()).await;
        assert_eq!(said.failure(), code, "{said:?}");
    }
    let nobodys = id::<RunId>().to_string();
    for command in ["show", "watch", "cancel", "replay"] {
        assert_eq!(office.sba(&["run", command, &nobodys]).await.failure(), (3, "run_unknown"), "{command}");
    }
    assert_eq!(office.sba(&["run", "fork", &nobodys, "--at", "0"]).await.failure(), (3, "run_unknown"));
    assert_eq!(office.sba(&["run", "show", "first"]).await.code, 2);
    assert_eq!(office.sba(&["run", "show", &run, "--at", "0"]).await.code, 2);
}

#[tokio::test]
async fn what_a_newer_version_wrote_is_said_so_and_passed_on() {
    let office = Office::open().await;
    let mut writer = writer(&office).await;
    say_newer(&office, &mut writer).await;
    let run = writer.run.to_string();
    for command in [&["show"][..], &["cancel"], &["fork", "--at", "0"]] {
        let said = office.sba(&[&["run"], command, &[&run]].concat()).await;
        assert_eq!(said.failure(), (4, "run_newer"), "{said:?}");
    }
    let before = office.sba(&["run", "show", &run, "--at", "3", "--json"]).await.documents();
    assert_eq!(before[0]["status"], json!("running"), "what came before can be read");
    let said = office.sba(&["run", "replay", &run, "--from", "3", "--json"]).await.documents();
    assert_eq!(field(&said, "type"), [json!("status"), json!("sparkle")]);
    assert_eq!(said[1]["payload"], json!("bright"));
}

#[tokio::test]
async fn a_run_is_watched_as_it_goes_without_a_gap() {
    let office = Office::open().await;
    let mut writer = writer(&office).await;
    let run = writer.run.to_string();
    say(&mut writer, Some(1), vec![begun(StepKind::Model, "write")]).await;
    let write = async {
        for n in 0..400 {
            let record = writer.record_of(Some(1), None, vec![token(&format!("w{n} "))]).unwrap();
            writer.append(&record).await.unwrap();
        }
        say(&mut writer, Some(1), vec![finished()]).await;
        end(&mut writer, RunStatus::Completed).await;
    };
    let (late, whole) = (["run", "watch", &run, "--json", "--after", "3"], ["run", "watch", &run, "--json"]);
    let words = ["run", "watch", &run];
    let (whole, late, text, ()) = tokio::join!(office.sba(&whole), office.sba(&late), office.sba(&words), write);
    let seqs = |said: &crate::support::Said| field(&said.documents(), "seq");
    assert_eq!(seqs(&whole), (1..=406).map(|seq| json!(seq)).collect::<Vec<_>>());
    assert_eq!(seqs(&late), (4..=406).map(|seq| json!(seq)).collect::<Vec<_>>());
    assert_eq!(text.code, 0, "{text:?}");
    let spoken: String = (0..400).map(|n| format!("w{n} ")).collect();
    assert!(text.out.contains(&spoken), "the text as it came");
    let again = office.sba(&["run", "watch", &run, "--json"]).await;
    assert_eq!(seqs(&again).len(), 406, "a run that has ended is shown to its end");
}

#[tokio::test]
async fn what_was_not_heard_live_is_read() {
    let office = Office::open().await;
    // A stream that says nothing again: every live message is lost.
    office.jetstream.delete_stream(Stream::Runs.as_str()).await.unwrap();
    let silent = Config { republish: None, ..Stream::Runs.config(&Sizing::default()) };
    office.jetstream.create_stream(silent).await.unwrap();
    let mut writer = writer(&office).await;
    let run = writer.run.to_string();
    let args = ["run", "watch", &run, "--json"];
    let write = async {
        for _ in 0..3 {
            say(&mut writer, None, vec![status(RunStatus::Running)]).await;
            tokio::time::sleep(Duration::from_millis(700)).await;
        }
        end(&mut writer, RunStatus::Completed).await;
    };
    let (watched, ()) = tokio::join!(office.sba(&args), write);
    assert_eq!(field(&watched.documents(), "seq"), (1..=7).map(|seq| json!(seq)).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_run_is_told_to_end_and_one_that_has_ended_is_not() {
    let office = Office::open().await;
    let mut writer = writer(&office).await;
    let run = writer.run.to_string();
    let said = office.sba(&["run", "cancel", &run, "--reason", "too slow", "--by", "eva", "--json"]).await.documents();
    let subject = Subject::Cmd { tenant: office.tenant.clone(), run: writer.run, verb: Verb::Cancel };
    let stored = office.last(Stream::Cmds, &subject).await.unwrap();
    let command: Command = codec::decode(&stored.payload).unwrap();
    assert_eq!(command.body, CommandBody::Cancel { reason: "too slow (eva)".to_owned() });
    assert_eq!(said[0]["command_id"], json!(command.id));
    end(&mut writer, RunStatus::Completed).await;
    assert_eq!(office.sba(&["run", "cancel", &run]).await.failure(), (4, "run_finished"));
    assert_eq!(office.count(Stream::Cmds).await, 1);
}

#[tokio::test]
async fn any_part_of_a_log_is_said_again_at_once_or_in_its_own_time() {
    let office = Office::open().await;
    let mut writer = writer(&office).await;
    tool_step(&mut writer, 1).await;
    end(&mut writer, RunStatus::Completed).await;
    let run = writer.run.to_string();
    let seqs = async |more: &[&str]| {
        let args = [&["run", "replay", &run, "--json"], more].concat();
        field(&office.sba(&args).await.documents(), "seq")
    };
    assert_eq!(seqs(&[]).await, (1..=8).map(|seq| json!(seq)).collect::<Vec<_>>());
    assert_eq!(seqs(&["--from", "5", "--to", "6"]).await, [json!(5), json!(6)]);
    // One millisecond lies between two events: a hundred times as slow.
    let begun = Instant::now();
    seqs(&["--speed", "0.01"]).await;
    assert!(begun.elapsed() >= Duration::from_millis(500), "{:?}", begun.elapsed());

    let mut heard = office.jetstream.client().subscribe("replay.here").await.unwrap();
    office.jetstream.client().flush().await.unwrap();
    let said = office.sba(&["run", "replay", &run, "--from", "5", "--to", "6", "--emit", "replay.here"]).await;
    assert_eq!((said.code, said.out.as_str()), (0, ""), "{said:?}");
    let mut events = Vec::new();
    while events.len() < 2 {
        let message = timeout(DEADLINE, heard.next()).await.unwrap().unwrap();
        let head = record::Head::read(message.headers.as_ref().unwrap()).unwrap();
        let record = record::open(&message.payload).unwrap();
        assert_eq!((head.seq, head.count), (record[0].seq, record.len() as u64), "headers say what the body holds");
        events.extend(record.into_iter().map(|event| (event.seq, event.payload.kind())));
    }
    assert_eq!(events, [(5, "tool_request"), (6, "tool_result")]);
    assert_eq!(seqs(&[]).await.len(), 8, "nothing was added to the log");
    assert_eq!(office.sba(&["run", "replay", &run, "--from", "9"]).await.failure(), (3, "event_unknown"));
    for nonsense in [&["--emit", "sba.x"][..], &["--emit", "$JS.API.INFO"], &["--speed", "0"], &["--from", "0"]] {
        assert_eq!(office.sba(&[&["run", "replay", &run], nonsense].concat()).await.code, 2, "{nonsense:?}");
    }
}

#[tokio::test]
async fn a_fork_is_promised_with_what_its_source_was_asked() {
    let office = Office::open().await;
    let mut writer = writer(&office).await;
    tool_step(&mut writer, 1).await;
    say(&mut writer, Some(2), vec![begun(StepKind::Model, "write")]).await;
    let run = writer.run.to_string();
    let fork = async |at: &str| office.sba(&["run", "fork", &run, "--at", at, "--json"]).await;
    assert_eq!(fork("2").await.failure(), (4, "step_under_way"));
    assert_eq!(fork("3").await.failure(), (3, "step_unknown"));
    assert_eq!(office.count(Stream::Cmds).await, 0);
    let made = fork("1").await.documents().remove(0);
    let new: RunId = made["run_id"].as_str().unwrap().parse().unwrap();
    let subject = Subject::Cmd { tenant: office.tenant.clone(), run: new, verb: Verb::Start };
    let command: Command = codec::decode(&office.last(Stream::Cmds, &subject).await.unwrap().payload).unwrap();
    let CommandBody::Start(created) = command.body else { panic!("{command:?}") };
    assert_eq!((created.prompt.as_str(), created.tenant_id), ("What is due?", office.tenant.id()));
    let source = created.fork_of.unwrap();
    assert_eq!((source.run, source.step), (writer.run, 1));
    let trail = office.trail(&office.tenant).await;
    assert_eq!(trail[0], ("run_forked".to_owned(), json!({"run": new, "of": writer.run, "step": 1, "by": "ops"})));
}
