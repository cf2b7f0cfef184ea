//! Every type of event, as version 1 writes it, against bytes that were written once and are kept: what
//! stands in a log today must be readable for as long as logs are kept.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::BTreeMap, fmt::Write as _};

use data_encoding::HEXLOWER;
use sba_subjects::{
    codec,
    envelope::{Envelope, RawEnvelope, VERSION},
    event::{
        Artifact, Attempt, Created, Done, Event, InputRequest, InputResult, Refused, RunOptions, Stalled, Status,
        StepFinished, StepStarted, Token, ToolRequest, ToolResult,
    },
    id::{ArtifactId, AskId, CallId, CommandId, InstanceId, RecordId, RunId, SessionId, TenantId, UserId},
    name::Verb,
    record::{self, Record},
    run::{AskKind, Effect, Failure, RunStatus, Stall, StepKind, StepStatus, Usage, Workflow},
};
use serde_json::json;
use uuid::Uuid;

const KEPT: &str = include_str!("samples/v1.txt");

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn events() -> Vec<Event> {
    let usage = Usage { input_tokens: 120, output_tokens: 7, cost_micros: 0 };
    let failure = Failure::new("model_unreachable", "The model could not be reached.");
    vec![
        Event::Created(Created {
            tenant_id: TenantId::from_uuid(id(1)),
            user_id: UserId::from_uuid(id(2)),
            session_id: Some(SessionId::from_uuid(id(3))),
            workflow: Workflow::Render,
            prompt: "What is due?".into(),
            options: RunOptions {
                locale: Some("en".into()),
                top_k: Some(4),
                max_steps: Some(9),
                ..RunOptions::default()
            },
            request_hash: "00ff".into(),
            roles: Vec::new(),
            settings: Box::default(),
            call: None,
            fork_of: None,
            schedule: None,
        }),
        Event::Attempt(Attempt { instance: InstanceId::from_uuid(id(4)), restarts_step: Some(2) }),
        Event::Status(Status { status: RunStatus::Running, reason: None, until: None }),
        Event::StepStarted(StepStarted { kind: StepKind::Model, name: "write".into(), input: json!({"hits": 3}) }),
        Event::Token(Token { text: "Grüße 👋".into(), index: 12, count: 2 }),
        Event::ToolRequest(ToolRequest {
            call_id: CallId::from_uuid(id(5)),
            tool_name: "knowledge_search".parse().unwrap(),
            params: json!({"query": "due", "top_k": 4}),
            effect: Effect::Pure,
        }),
        Event::ToolResult(ToolResult {
            call_id: CallId::from_uuid(id(5)),
            tool_name: "knowledge_search".parse().unwrap(),
            success: false,
            result: json!(null),
            error: Some(failure.clone()),
            duration_ms: 31,
        }),
        Event::StepFinished(StepFinished {
            status: StepStatus::Completed,
            output: json!({"raw": "{}", "score": 0.5, "text": "All of it."}),
            usage: Some(usage),
            error: None,
        }),
        Event::Artifact(Artifact {
            artifact_id: ArtifactId::from_uuid(id(6)),
            title: "Report".into(),
            media_type: "text/markdown".into(),
            bytes: 2048,
            url: "/api/v1/artifacts/6/content".into(),
            citations: 3,
        }),
        Event::Error(failure.clone()),
        Event::Done(Done {
            run_id: RunId::from_uuid(id(7)),
            status: RunStatus::Failed,
            usage,
            error: Some(failure.clone()),
            unconfirmed: Vec::new(),
        }),
        Event::InputRequest(InputRequest {
            ask_id: AskId::from_uuid(id(9)),
            kind: AskKind::Question,
            text: "Whom?".into(),
            options: vec!["Ann".into(), "Bob".into()],
            expires_at: Some(1_790_000_060_123),
            call: None,
        }),
        Event::InputResult(InputResult {
            ask_id: AskId::from_uuid(id(9)),
            user_id: Some(UserId::from_uuid(id(2))),
            answer: json!("Bob"),
        }),
        Event::Refused(Refused { verb: Verb::Input, reason: failure }),
        Event::Stalled(Stalled { reason: Stall::CallLost, since: 1_790_000_000_023, count: 2 }),
    ]
}

fn envelope(seq: u64, payload: Event) -> Envelope {
    Envelope {
        v: VERSION,
        r#type: payload.kind().to_owned(),
        run: RunId::from_uuid(id(7)),
        step: (seq > 2).then_some(2),
        attempt: 1,
        seq,
        ts: 1_790_000_000_123,
        cause: Some(CommandId::from_uuid(id(8))),
        key_id: None,
        payload,
    }
}

#[test]
fn what_was_written_once_is_still_written_and_read_so() {
    let kept: BTreeMap<&str, &str> = KEPT.lines().filter_map(|line| line.split_once(' ')).collect();
    let written = events().into_iter().zip(1..).map(|(event, seq)| envelope(seq, event)).collect::<Vec<_>>();
    let mut due = String::new();
    for sample in &written {
        let hex = HEXLOWER.encode(&codec::encode(&sample.close().unwrap()).unwrap());
        let record = Record::of(RecordId::from_uuid(id(9)), std::slice::from_ref(sample)).unwrap().unwrap();
        assert_eq!(HEXLOWER.encode(&record.body[1..]), hex, "a record writes what stands in the samples");
        assert_eq!(record::open(&record.body).unwrap(), std::slice::from_ref(sample));
        writeln!(due, "{} {hex}", sample.r#type).unwrap();
    }
    assert_eq!(KEPT, due, "the wire changed: a kept sample must stay as it is, a new type adds a line");
    for sample in written {
        let bytes = HEXLOWER.decode(kept[sample.r#type.as_str()].as_bytes()).unwrap();
        assert_eq!(codec::decode::<RawEnvelope>(&bytes).unwrap().open().unwrap(), sample);
    }
    assert_eq!(kept.len(), Event::KINDS.len(), "each type has a sample");
}
