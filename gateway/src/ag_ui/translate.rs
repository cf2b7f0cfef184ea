//! From the events of a run's log to those of AG-UI.

mod open;

use std::collections::{BTreeMap, HashSet};

use sba_subjects::{
    envelope::Envelope,
    event::{Artifact, Done, Event, InputRequest, StepFinished, Token, ToolRequest, ToolResult},
    id::CallId,
    run::{AskKind, RunStatus},
};
use serde_json::{Value, json};

use self::open::{Messages, message_id};
use super::{Asks, RunAgentInput};
use crate::api::times;

/// Events of AG-UI that one event of the log comes to.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Said {
    /// The events, in order.
    pub(crate) events: Vec<Value>,
    /// Whether the client's run ends with them.
    pub(crate) last: bool,
}

/// One run of a client: a part of a run's log, from where it begins to its end or to where a person is asked.
///
/// It hears the log from its start. What lies before the part is taken in without a word, so that whatever is open is known.
#[derive(Debug)]
pub(crate) struct Translation {
    thread: String,
    run: String,
    /// The last event that belongs to earlier runs of the client.
    before: u64,
    begun: bool,
    /// The state that the client has, and what SBA adds to it.
    state: Value,
    messages: Messages,
    /// Steps that go on, with the names that the client knows them by.
    steps: BTreeMap<u32, String>,
    /// Calls that the client was told of.
    calls: HashSet<CallId>,
    /// What is asked, in the order in which it was.
    asks: Vec<(InputRequest, Value)>,
}

impl Translation {
    /// The run of the client that begins behind event `before` of the log; 0 for the first.
    pub(crate) fn new(input: &RunAgentInput, before: u64) -> Self {
        let mut state = if input.state.is_object() { input.state.clone() } else { json!({}) };
        // The log says it again.
        state["sba"] = json!({"status": "created", "artifacts": []});
        Self {
            thread: input.thread_id.clone(),
            run: input.run_id.clone(),
            before,
            begun: false,
            state,
            messages: Messages::new(input.messages.clone()),
            steps: BTreeMap::new(),
            calls: HashSet::new(),
            asks: Vec::new(),
        }
    }

    /// What an event comes to.
    pub(crate) fn hear(&mut self, event: &Envelope) -> Said {
        let begins = !self.begun && event.seq > self.before;
        let mut events = if begins { self.begin(event) } else { Vec::new() };
        self.messages.keep(self.begun);
        let mut said = self.translate(event);
        if !self.begun {
            return Said::default();
        }
        events.append(&mut said.events);
        for said in &mut events {
            if let Some(said) = said.as_object_mut() {
                said.insert("timestamp".to_owned(), event.ts.into());
            }
        }
        Said { events, last: said.last }
    }

    /// What is left of a run whose log was removed: its end, and how the API shows it.
    pub(crate) fn late(&mut self, view: &Value) -> Said {
        let status = view.get("status").and_then(Value::as_str).unwrap_or_default();
        self.state["sba"] = view.clone();
        let mut events = vec![self.started(), json!({"type": "STATE_SNAPSHOT", "snapshot": self.state})];
        events.push(match status {
            "completed" => self.finished(&json!({"type": "success"}), view),
            "cancelled" => self.finished(&json!({"type": "cancelled"}), view),
            _ => error(view.get("error").unwrap_or(&Value::Null)),
        });
        Said { events, last: true }
    }

    /// The first events of the client's run.
    fn begin(&mut self, event: &Envelope) -> Vec<Value> {
        self.begun = true;
        self.state["sba"]["run_id"] = json!(event.run);
        let mut events = vec![self.started(), json!({"type": "STATE_SNAPSHOT", "snapshot": self.state})];
        events.extend(self.steps.values().map(|name| json!({"type": "STEP_STARTED", "stepName": name})));
        events
    }

    fn started(&self) -> Value {
        json!({"type": "RUN_STARTED", "threadId": self.thread, "runId": self.run, "protocolVersion": "1.0"})
    }

    fn translate(&mut self, event: &Envelope) -> Said {
        let step = event.step.unwrap_or_default();
        let events = match &event.payload {
            Event::Created(_) => Vec::new(),
            Event::Attempt(attempt) => attempt.restarts_step.map_or_else(Vec::new, |step| self.messages.void(step)),
            Event::Status(status) => return self.stands(event, status.status),
            Event::StepStarted(started) => self.step_started(step, &started.name),
            Event::Token(token) => self.token(event, step, token),
            Event::ToolRequest(call) => self.announce(call),
            Event::ToolResult(result) => self.result(result),
            Event::InputRequest(request) => self.ask(request),
            Event::InputResult(answer) => {
                self.asks.retain(|(request, _)| request.ask_id != answer.ask_id);
                Vec::new()
            }
            Event::StepFinished(finished) => self.step_finished(event, step, finished),
            Event::Artifact(artifact) => self.artifact(artifact),
            Event::Error(failure) => vec![custom("sba.error", json!(failure))],
            Event::Refused(refused) => vec![custom("sba.refused", json!(refused))],
            Event::Stalled(stalled) => vec![custom("sba.stalled", json!(stalled))],
            Event::Done(done) => return Said { events: self.done(done), last: true },
        };
        Said { events, last: false }
    }

    /// The run stands elsewhere. Where it waits for a person, the client's run ends.
    fn stands(&mut self, event: &Envelope, status: RunStatus) -> Said {
        let mut events = vec![self.patch("replace", "status", json!(status))];
        if status != RunStatus::WaitingInput || self.asks.is_empty() || event.seq <= self.before {
            return Said { events, last: false };
        }
        let interrupts: Vec<Value> = self
            .asks
            .iter()
            .map(|(request, interrupt)| {
                let mut interrupt = interrupt.clone();
                let asks = Asks { run: event.run, seq: event.seq, kind: request.kind, ask: request.ask_id };
                interrupt["id"] = asks.to_string().into();
                interrupt
            })
            .collect();
        events.extend(self.close());
        events.push(
            self.finished(&json!({"type": "interrupt", "interrupts": interrupts}), &json!({"run_id": event.run})),
        );
        Said { events, last: true }
    }

    fn step_started(&mut self, step: u32, name: &str) -> Vec<Value> {
        let name = format!("{step} {name}");
        self.steps.insert(step, name.clone());
        vec![json!({"type": "STEP_STARTED", "stepName": name})]
    }

    fn token(&mut self, event: &Envelope, step: u32, token: &Token) -> Vec<Value> {
        if token.text.is_empty() { Vec::new() } else { self.messages.say(step, &message_id(event), &token.text) }
    }

    fn step_finished(&mut self, event: &Envelope, step: u32, finished: &StepFinished) -> Vec<Value> {
        let mut events = Vec::new();
        // An answer that was not streamed: an earlier run's, or that of a provider that gives it whole.
        let text = finished.output.get("text").and_then(Value::as_str).unwrap_or_default();
        if !text.is_empty() && !self.messages.said_in(step) {
            events.append(&mut self.messages.say(step, &message_id(event), text));
        }
        events.extend(self.messages.end(step));
        let name = self.steps.remove(&step);
        events.extend(name.map(|name| json!({"type": "STEP_FINISHED", "stepName": name})));
        events
    }

    /// Tells the client of a call, once.
    fn announce(&mut self, call: &ToolRequest) -> Vec<Value> {
        if !self.calls.insert(call.call_id) {
            return Vec::new();
        }
        let arguments = call.params.to_string();
        self.messages.called(&json!(call.call_id), &json!(call.tool_name), &arguments);
        vec![
            json!({"type": "TOOL_CALL_START", "toolCallId": call.call_id, "toolCallName": call.tool_name}),
            json!({"type": "TOOL_CALL_ARGS", "toolCallId": call.call_id, "delta": arguments}),
            json!({"type": "TOOL_CALL_END", "toolCallId": call.call_id}),
        ]
    }

    fn result(&mut self, result: &ToolResult) -> Vec<Value> {
        let content = match &result.error {
            Some(failure) => json!({"error": failure}).to_string(),
            None => result.result.to_string(),
        };
        let id = format!("{}:result", result.call_id);
        self.messages.answered(&id, &json!(result.call_id), &content);
        vec![json!({
            "type": "TOOL_CALL_RESULT", "messageId": id, "toolCallId": result.call_id, "content": content, "role": "tool",
        })]
    }

    fn ask(&mut self, request: &InputRequest) -> Vec<Value> {
        let mut interrupt =
            json!({"reason": request.kind, "message": request.text, "responseSchema": expected(request)});
        if let Some(at) = request.expires_at {
            interrupt["expiresAt"] = times::written(times::from_millis(at)).into();
        }
        let events = request.call.as_ref().map(|call| {
            interrupt["toolCallId"] = json!(call.call_id);
            self.announce(call)
        });
        self.asks.push((request.clone(), interrupt));
        events.unwrap_or_default()
    }

    fn artifact(&mut self, artifact: &Artifact) -> Vec<Value> {
        vec![self.patch("add", "artifacts/-", json!(artifact)), custom("sba.artifact", json!(artifact))]
    }

    fn done(&mut self, done: &Done) -> Vec<Value> {
        let mut events = vec![self.patch("replace", "status", json!(done.status))];
        events.extend(self.close());
        let result = json!({"run_id": done.run_id, "status": done.status});
        let mut end = match done.status {
            RunStatus::Completed => self.finished(&json!({"type": "success"}), &result),
            RunStatus::Cancelled => self.finished(&json!({"type": "cancelled"}), &result),
            _ => error(&json!(done.error)),
        };
        let (input, output) = (done.usage.input_tokens, done.usage.output_tokens);
        if input + output > 0 {
            end["usage"] = json!([{"inputTokens": input, "outputTokens": output, "totalTokens": input + output}]);
        }
        events.push(end);
        events
    }

    /// Nothing may be open at the end of a client's run. Steps that go on are begun again in the next.
    fn close(&mut self) -> Vec<Value> {
        let mut events = self.messages.end_all();
        events.extend(self.steps.values().map(|name| json!({"type": "STEP_FINISHED", "stepName": name})));
        events
    }

    fn finished(&self, outcome: &Value, result: &Value) -> Value {
        json!({
            "type": "RUN_FINISHED", "threadId": self.thread, "runId": self.run, "outcome": outcome, "result": result,
        })
    }

    /// A change of what SBA added to the client's state.
    fn patch(&mut self, op: &str, place: &str, value: Value) -> Value {
        let delta = json!([{"op": op, "path": format!("/sba/{place}"), "value": value}]);
        match &mut self.state["sba"][place.trim_end_matches("/-")] {
            Value::Array(list) => list.push(value),
            other => *other = value,
        }
        json!({"type": "STATE_DELTA", "delta": delta})
    }
}

/// The JSON Schema of an answer.
fn expected(request: &InputRequest) -> Value {
    match request.kind {
        AskKind::Approval => json!({
            "type": "object", "required": ["approved"],
            "properties": {"approved": {"type": "boolean"}, "comment": {"type": "string"}},
        }),
        AskKind::Question if request.options.is_empty() => json!({"type": "string"}),
        AskKind::Question => json!({"type": "string", "enum": request.options}),
    }
}

fn custom(name: &str, value: Value) -> Value {
    json!({"type": "CUSTOM", "name": name, "value": value})
}

/// The end of a run that failed with this code and message.
fn error(failure: &Value) -> Value {
    let word = |name: &str| failure.get(name).and_then(Value::as_str).unwrap_or_default();
    json!({"type": "RUN_ERROR", "code": word("code"), "message": word("message")})
}

#[cfg(test)]
mod tests;
