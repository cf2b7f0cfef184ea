#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use proptest::prelude::*;
use sba_subjects::{
    command::CommandBody,
    envelope::{Envelope, VERSION},
    event::{Artifact, Created, RunOptions},
    event::{DirectCall, ForkOf, TenantSettings, ToolResult},
    id::{ArtifactId, CallId, CommandId, DocumentId, InstanceId, RunId, TenantId, UserId},
    run::{AskKind, StepStatus, Workflow},
    state::CallState,
    tool::{ASK_TOOL, Hit, KNOWLEDGE_TOOL, RENDER_TOOL, RenderResult, SearchResult, TASK_CREATE, TASK_LIST},
};
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::domain::{AgentSettings, Prices, RunLimits};

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn settings() -> AgentSettings {
    AgentSettings {
        model: "m".into(),
        max_output_tokens: 100,
        temperature: 0.0,
        top_k: 4,
        max_top_k: 10,
        max_sections: 2,
        prices: Prices { input: 1_000_000, output: 2_000_000 },
        limits: RunLimits {
            steps: 10,
            tokens: 1000,
            cost_micros: None,
            time_ms: 10_000,
            parallel_calls: 4,
            same_calls: 2,
            call_ms: 5_000,
            answer_ms: 3_000,
            grace_ms: 500,
            stalls: 3,
            lost_attempts: 4,
        },
        call_ms: Arc::default(),
        locale: "en".into(),
        cached_answers: false,
        keep_to_sources: false,
    }
}

fn request(workflow: Workflow) -> Created {
    Created {
        tenant_id: TenantId::from_uuid(id(1)),
        user_id: UserId::from_uuid(id(2)),
        session_id: None,
        workflow,
        prompt: "What is due?".into(),
        options: RunOptions::default(),
        request_hash: String::new(),
        roles: vec!["member".into()],
        settings: Box::default(),
        call: None,
        fork_of: None,
        schedule: None,
    }
}

fn first(created: Created) -> Envelope {
    let payload = Event::Created(created);
    Envelope {
        v: VERSION,
        r#type: payload.kind().into(),
        run: RunId::from_uuid(id(3)),
        step: None,
        attempt: 0,
        seq: 1,
        ts: 1_000,
        cause: None,
        key_id: None,
        payload,
    }
}

fn start() -> CommandBody {
    CommandBody::Start(request(Workflow::Render))
}

fn words(input: Value) -> CommandBody {
    CommandBody::Input { user_id: UserId::from_uuid(id(2)), ask_id: None, input }
}

fn timer(timer: Timer) -> CommandBody {
    CommandBody::Timer { name: timer.name().unwrap() }
}

fn hit(document: u128) -> Hit {
    Hit {
        document_id: DocumentId::from_uuid(id(document)),
        title: format!("Document {document}"),
        heading_path: Vec::new(),
        text: "All of it is due in May.".into(),
        start: 0,
        end: 24,
        score: 1.0,
        text_rank: None,
        vector_rank: None,
    }
}

fn rendered() -> Value {
    let artifact = Artifact {
        artifact_id: ArtifactId::from_uuid(id(5)),
        title: "T".into(),
        media_type: "text/markdown".into(),
        bytes: 1,
        url: "/".into(),
        citations: 1,
    };
    json!(RenderResult { artifact, dropped: Vec::new() })
}

/// The calls that wait for a result.
fn pending(state: &RunState) -> Vec<&CallState> {
    state.running_steps().filter_map(|step| step.pending_call()).collect()
}

fn answered(call: &CallState, success: bool, result: Value) -> ToolResult {
    let (call_id, tool_name) = (call.request.call_id, call.request.tool_name.clone());
    ToolResult { call_id, tool_name, success, result, error: None, duration_ms: 1 }
}

/// The result that a state's first pending call gets from workers that do their work.
fn result(state: &RunState, success: bool, hits: Vec<Hit>) -> Option<CommandBody> {
    let call = *pending(state).first()?;
    let looked_up = call.request.tool_name.as_str() == KNOWLEDGE_TOOL;
    let result = if looked_up { json!(SearchResult { hits }) } else { rendered() };
    Some(CommandBody::Result(answered(call, success, result)))
}

fn usage(input_tokens: u64, output_tokens: u64) -> Usage {
    Usage { input_tokens, output_tokens, cost_micros: 0 }
}

fn answer(text: &str) -> Input {
    Input::Answered(whole(text))
}

fn whole(text: &str) -> Answer {
    let (rest, raw, count) = (text.into(), text.into(), u64::from(!text.is_empty()));
    Answer { rest, count, raw, calls: Vec::new(), cut: false, withheld: false, usage: usage(10, 2), source: None }
}

/// The beginning of an answer, of which the provider kept the rest back.
fn withheld(text: &str) -> Input {
    Input::Answered(Answer { withheld: true, ..whole(text) })
}

/// An answer of the model that asks for calls.
fn calls(calls: &[(&str, Value)]) -> Input {
    let call = |(index, (name, arguments)): (usize, &(&str, Value))| {
        let (name, arguments) = ((*name).to_owned(), arguments.clone());
        ModelCall { id: format!("c{index}"), name, arguments }
    };
    let calls = calls.iter().enumerate().map(call).collect();
    Input::Answered(Answer { calls, ..whole("") })
}

/// A run with its whole log, driven by one process after the other.
struct Run {
    log: Vec<Envelope>,
    state: RunState,
    settings: AgentSettings,
    holding: bool,
    now: u64,
    instance: u128,
    commands: u128,
}

impl Run {
    fn new(created: Created) -> Self {
        let first = first(created);
        let state = RunState::begin(&first).unwrap();
        let (holding, now, instance, commands) = (false, 1_000, 100, 1_000);
        Self { log: vec![first], state, settings: settings(), holding, now, instance, commands }
    }

    fn rendering() -> Self {
        Self::new(request(Workflow::Render))
    }

    /// A run whose model is asked, with every call of these tools to be approved.
    fn thinking(approve: &[&str]) -> Self {
        let approve = approve.iter().map(|tool| tool.parse().unwrap()).collect();
        let settings = Box::new(TenantSettings { approve, ..TenantSettings::default() });
        let mut run = Self::new(Created { settings, ..request(Workflow::Agentic) });
        assert_eq!(run.told(start()), [Action::CallModel(1)]);
        run
    }

    fn tell(&mut self, input: Input, cause: Option<CommandId>) -> Vec<Action> {
        self.now += 1;
        let stamp = Stamp { instance: InstanceId::from_uuid(id(self.instance)), now: self.now, cause };
        let agent = self.settings.build(&self.state);
        let decision = decide(self.state.clone(), &agent, stamp, input, self.holding).unwrap();
        self.log.extend(decision.turn.events);
        self.state = decision.turn.state;
        self.holding = self.state.status == RunStatus::Running;
        decision.actions
    }

    fn hears(&mut self, input: Input) -> Vec<Action> {
        self.tell(input, None)
    }

    fn told(&mut self, body: CommandBody) -> Vec<Action> {
        self.commands += 1;
        self.told_as(self.commands, body)
    }

    fn told_as(&mut self, command: u128, body: CommandBody) -> Vec<Action> {
        let command = Command { v: VERSION, id: CommandId::from_uuid(id(command)), ts: 0, body };
        let cause = command.id;
        self.tell(Input::Command(Box::new(command)), Some(cause))
    }

    fn works(&mut self, success: bool, hits: Vec<Hit>) -> Vec<Action> {
        let body = result(&self.state, success, hits).unwrap();
        self.told(body)
    }

    /// A worker's failure with this code.
    fn fails(&mut self, code: &str) -> Vec<Action> {
        let result = answered(pending(&self.state)[0], false, Value::Null);
        self.told(CommandBody::Result(ToolResult { error: Some(Failure::new(code, "It broke.")), ..result }))
    }

    fn code(&self) -> Option<&str> {
        self.state.error.as_ref().map(|error| error.code.as_str())
    }

    fn step_code(&self, step: u32) -> Option<&str> {
        self.state.step(step)?.error.as_ref().map(|error| error.code.as_str())
    }

    fn refusals(&self) -> Vec<&str> {
        let refused = self.log.iter().filter_map(|event| match &event.payload {
            Event::Refused(refused) => Some(refused.reason.code.as_str()),
            _ => None,
        });
        refused.collect()
    }
}

mod agentic;
mod commands;
mod render;
mod soundness;
mod supervised;
