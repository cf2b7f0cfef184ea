#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashSet;

use sba_subjects::{
    event::{Attempt, Status, StepStarted},
    id::{ArtifactId, AskId, InstanceId, RunId},
    run::{Effect, Failure, StepKind, StepStatus, Usage},
};
use uuid::Uuid;

use super::*;

/// A log that is written as it is told.
#[derive(Default)]
struct Log {
    events: Vec<Envelope>,
    attempt: u32,
}

impl Log {
    fn add(&mut self, step: Option<u32>, payload: Event) -> &mut Self {
        let seq = self.events.len() as u64 + 1;
        self.events.push(Envelope {
            v: 1,
            r#type: payload.kind().to_owned(),
            run: RunId::from_uuid(Uuid::from_u128(1)),
            step,
            attempt: self.attempt,
            seq,
            ts: 1_790_000_000_000 + seq,
            cause: None,
            key_id: None,
            payload,
        });
        self
    }

    fn attempt(&mut self, restarts_step: Option<u32>) -> &mut Self {
        self.attempt += 1;
        let instance = InstanceId::from_uuid(Uuid::from_u128(2));
        self.add(None, Event::Attempt(Attempt { instance, restarts_step }))
    }

    fn status(&mut self, status: RunStatus) -> &mut Self {
        self.add(None, Event::Status(Status { status, reason: None, until: None }))
    }

    fn begin(&mut self, step: u32, kind: StepKind, name: &str) -> &mut Self {
        self.add(Some(step), Event::StepStarted(StepStarted { kind, name: name.to_owned(), input: Value::Null }))
    }

    fn say(&mut self, step: u32, text: &str) -> &mut Self {
        self.add(Some(step), Event::Token(Token { text: text.to_owned(), index: 0, count: 1 }))
    }

    fn end(&mut self, step: u32, output: Value) -> &mut Self {
        let status = StepStatus::Completed;
        self.add(Some(step), Event::StepFinished(StepFinished { status, output, usage: None, error: None }))
    }

    fn done(&mut self, status: RunStatus) -> &mut Self {
        let error = (status == RunStatus::Failed).then(|| Failure::new("model_unreachable", "No answer."));
        let usage = Usage { input_tokens: 5, output_tokens: 2, cost_micros: 0 };
        let run_id = RunId::from_uuid(Uuid::from_u128(1));
        self.add(None, Event::Done(Done { run_id, status, usage, error, unconfirmed: Vec::new() }))
    }
}

fn call() -> ToolRequest {
    ToolRequest {
        call_id: CallId::from_uuid(Uuid::from_u128(5)),
        tool_name: "task_create".parse().unwrap(),
        params: json!({"title": "Pay"}),
        effect: Effect::AtMostOnce,
    }
}

fn result() -> Event {
    let ToolRequest { call_id, tool_name, .. } = call();
    let result = json!({"task_id": "t"});
    Event::ToolResult(ToolResult { call_id, tool_name, success: true, result, error: None, duration_ms: 1 })
}

fn input(run: &str) -> RunAgentInput {
    let messages = json!([{"id": "m", "role": "user", "content": "Pay."}]);
    let state = json!({"mine": 1, "sba": {"artifacts": ["old"]}});
    serde_json::from_value(json!({"threadId": "t", "runId": run, "messages": messages, "state": state})).unwrap()
}

/// The client's run that begins behind `before`, held to the rules of AG-UI.
fn heard(log: &Log, before: u64) -> (Vec<Value>, u64) {
    let mut translation = Translation::new(&input("r"), before);
    let mut all = Vec::new();
    let mut at = 0;
    for event in &log.events {
        let said = translation.hear(event);
        all.extend(said.events);
        at = event.seq;
        if said.last {
            break;
        }
    }
    verify(&all);
    (all, at)
}

/// The rules: it begins once, ends once, and nothing is open then.
fn verify(events: &[Value]) {
    let mut open: HashSet<String> = HashSet::new();
    let mut ended = false;
    for (index, event) in events.iter().enumerate() {
        let kind = event["type"].as_str().unwrap();
        let id =
            ["messageId", "toolCallId", "stepName"].iter().find_map(|name| event[name].as_str()).unwrap_or_default();
        assert!(!ended, "after the end: {event}");
        assert_eq!(index == 0, kind == "RUN_STARTED", "{event}");
        assert!(event["timestamp"].is_u64(), "{event}");
        match kind {
            "TEXT_MESSAGE_START" | "TOOL_CALL_START" | "STEP_STARTED" => assert!(open.insert(id.to_owned()), "{event}"),
            "TEXT_MESSAGE_CONTENT" | "TOOL_CALL_ARGS" => assert!(open.contains(id), "{event}"),
            "TEXT_MESSAGE_END" | "TOOL_CALL_END" | "STEP_FINISHED" => assert!(open.remove(id), "{event}"),
            "RUN_FINISHED" => {
                assert!(open.is_empty(), "{open:?} at {event}");
                ended = true;
            }
            "RUN_ERROR" => ended = true,
            _ => {}
        }
    }
    assert!(ended || events.is_empty(), "{events:?}");
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap()).collect()
}

fn find<'a>(events: &'a [Value], kind: &str) -> &'a Value {
    events.iter().find(|event| event["type"] == kind).unwrap()
}

#[test]
fn a_run_is_told_from_its_start_to_its_end() {
    let mut log = Log::default();
    log.attempt(None).status(RunStatus::Running).begin(1, StepKind::Model, "think").say(1, "I ").say(1, "pay.");
    log.end(1, json!({"text": "I pay."})).begin(2, StepKind::Tool, "task_create");
    log.add(Some(2), Event::ToolRequest(call())).add(Some(2), result()).end(2, Value::Null);
    let artifact_id = ArtifactId::from_uuid(Uuid::from_u128(8));
    let (title, media_type, url) = ("Report".to_owned(), "text/markdown".to_owned(), "/a".to_owned());
    log.add(None, Event::Artifact(Artifact { artifact_id, title, media_type, bytes: 1, url, citations: 0 }));
    log.done(RunStatus::Completed);
    let (events, _) = heard(&log, 0);
    assert_eq!(
        kinds(&events),
        [
            "RUN_STARTED",
            "STATE_SNAPSHOT",
            "STATE_DELTA",
            "STEP_STARTED",
            "TEXT_MESSAGE_START",
            "TEXT_MESSAGE_CONTENT",
            "TEXT_MESSAGE_CONTENT",
            "TEXT_MESSAGE_END",
            "STEP_FINISHED",
            "STEP_STARTED",
            "TOOL_CALL_START",
            "TOOL_CALL_ARGS",
            "TOOL_CALL_END",
            "TOOL_CALL_RESULT",
            "STEP_FINISHED",
            "STATE_DELTA",
            "CUSTOM",
            "STATE_DELTA",
            "RUN_FINISHED",
        ]
    );
    let snapshot = &find(&events, "STATE_SNAPSHOT")["snapshot"];
    assert_eq!((&snapshot["mine"], &snapshot["sba"]["artifacts"]), (&json!(1), &json!([])), "the client's own stays");
    let end = events.last().unwrap();
    assert_eq!((&end["outcome"]["type"], &end["usage"][0]["totalTokens"]), (&json!("success"), &json!(7)));
}

#[test]
fn what_a_dead_process_said_is_taken_back() {
    let mut log = Log::default();
    log.attempt(None).begin(1, StepKind::Model, "write").say(1, "Half a sen").attempt(Some(1)).say(1, "Whole.");
    log.end(1, json!({"text": "Whole."})).done(RunStatus::Completed);
    let (events, _) = heard(&log, 0);
    let snapshot = find(&events, "MESSAGES_SNAPSHOT");
    assert_eq!(snapshot["messages"], json!([{"id": "m", "role": "user", "content": "Pay."}]));
    let ids: HashSet<_> = events
        .iter()
        .filter(|event| event["type"] == "TEXT_MESSAGE_START")
        .map(|event| event["messageId"].as_str())
        .collect();
    assert_eq!(ids.len(), 2, "the new text is a message of its own");
}

#[test]
fn an_answer_that_was_not_streamed_is_said_whole() {
    let mut log = Log::default();
    log.begin(1, StepKind::Model, "write").end(1, json!({"text": "Kept."})).done(RunStatus::Completed);
    assert_eq!(find(&heard(&log, 0).0, "TEXT_MESSAGE_CONTENT")["delta"], "Kept.");
}

#[test]
fn a_question_ends_the_clients_run_and_the_answer_begins_the_next() {
    let ask_id = AskId::from_uuid(Uuid::from_u128(9));
    let mut log = Log::default();
    log.attempt(None).begin(1, StepKind::Model, "think").say(1, "May I?").end(1, json!({"text": "May I?"}));
    log.begin(2, StepKind::Tool, "task_create");
    let (text, kind) = ("Create the task?".to_owned(), AskKind::Approval);
    let request = InputRequest { ask_id, kind, text, options: Vec::new(), expires_at: Some(0), call: Some(call()) };
    log.add(Some(2), Event::InputRequest(request)).status(RunStatus::WaitingInput);
    let (first, at) = heard(&log, 0);
    let end = first.last().unwrap();
    let interrupt = &end["outcome"]["interrupts"][0];
    assert_eq!(end["outcome"]["type"], "interrupt");
    assert_eq!((&interrupt["reason"], &interrupt["toolCallId"]), (&json!("approval"), &json!(call().call_id)));
    let asks = Asks::parse(interrupt["id"].as_str().unwrap()).unwrap();
    assert_eq!((asks.seq, asks.ask), (at, ask_id));

    let answer = sba_subjects::event::InputResult { ask_id, user_id: None, answer: json!(true) };
    log.add(Some(2), Event::InputResult(answer)).status(RunStatus::Running);
    log.add(Some(2), Event::ToolRequest(call())).add(Some(2), result()).end(2, Value::Null).done(RunStatus::Completed);
    assert_eq!(heard(&log, 0).0, first, "the first part is what it was");
    let (second, _) = heard(&log, asks.seq);
    assert_eq!(
        kinds(&second),
        [
            "RUN_STARTED",
            "STATE_SNAPSHOT",
            "STEP_STARTED",
            "STATE_DELTA",
            "TOOL_CALL_RESULT",
            "STEP_FINISHED",
            "STATE_DELTA",
            "RUN_FINISHED",
        ],
        "the step goes on, and the call was told of before"
    );
}

#[test]
fn whatever_is_open_is_closed_when_a_run_ends_early() {
    for (status, last) in [(RunStatus::Cancelled, "RUN_FINISHED"), (RunStatus::Failed, "RUN_ERROR")] {
        let mut log = Log::default();
        log.begin(1, StepKind::Model, "write").say(1, "Half").begin(2, StepKind::Tool, "x").done(status);
        let (events, _) = heard(&log, 0);
        assert_eq!(kinds(&events).last(), Some(&last));
        assert_eq!(kinds(&events).iter().filter(|kind| **kind == "STEP_FINISHED").count(), 2);
    }
}

#[test]
fn of_a_run_whose_log_is_gone_the_end_is_told() {
    let view = json!({"run_id": "x", "status": "failed", "error": {"code": "model_empty", "message": "Nothing."}});
    let mut said = Translation::new(&input("r"), 0).late(&view);
    for event in &mut said.events {
        event["timestamp"] = json!(0);
    }
    verify(&said.events);
    assert_eq!(said.events.last().unwrap()["code"], "model_empty");
}
