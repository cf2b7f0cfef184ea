//! What tools and people answer.

use sba_subjects::{
    event::{Event, InputRequest, InputResult, StepFinished, ToolResult},
    id::{AskId, UserId},
    name::Verb,
    run::{AskKind, Failure, StepStatus},
    state::ApplyError,
};
use serde_json::{Value, json};

use super::{
    Action, Agent, Turn,
    command::refuse,
    finish_step,
    proceed::{outstanding, proceed},
    tool,
};
use crate::domain::workflow;

/// The code by which a worker says that a call was stopped, and had no effect.
const STOPPED: &str = "call_cancelled";
/// The code by which it says that nobody knows.
const EFFECT_UNKNOWN: &str = "effect_unknown";

/// What a person said.
pub(super) struct Words {
    pub(super) user_id: UserId,
    pub(super) ask_id: Option<AskId>,
    pub(super) input: Value,
}

pub(super) fn on_result(
    turn: &mut Turn,
    agent: &Agent,
    result: ToolResult,
    holding: bool,
) -> Result<Vec<Action>, ApplyError> {
    let Some(step) = turn.state.awaiting(result.call_id).map(|step| step.number) else {
        // It came twice, too late, or answers nothing that was asked.
        return outstanding(turn, agent, holding);
    };
    turn.say(Some(step), Event::ToolResult(result.clone()))?;
    let error = result.error.as_ref().map(|error| error.code.as_str());
    if !result.success && error == Some(EFFECT_UNKNOWN) && turn.state.cancel.is_none() {
        let mut actions: Vec<Action> = tool::ask_about_effect(turn, agent, step)?.into_iter().collect();
        actions.extend(proceed(turn, agent, holding)?);
        return Ok(actions);
    }
    let status = match error {
        _ if result.success => StepStatus::Completed,
        Some(STOPPED) => StepStatus::Cancelled,
        _ => StepStatus::Failed,
    };
    let unsaid = || Failure::new("tool_failed", "The tool failed and did not say why.");
    let failure = (!result.success).then(|| result.error.clone().unwrap_or_else(unsaid));
    finish_step(turn, step, StepFinished { status, output: Value::Null, usage: None, error: failure })?;
    if let Some(artifact) = workflow::artifact(&result).filter(|_| result.success) {
        turn.say(Some(step), Event::Artifact(artifact))?;
    }
    proceed(turn, agent, holding)
}

pub(super) fn on_input(turn: &mut Turn, agent: &Agent, words: Words, holding: bool) -> Result<Vec<Action>, ApplyError> {
    let step = match words.ask_id {
        Some(ask) => turn.state.asking(ask),
        None => turn.state.running_steps().find(|step| step.open_ask().is_some()),
    };
    let Some(step) = step else {
        return refuse(turn, Verb::Input, "nothing_asked", "The run does not ask that.");
    };
    let Some(ask) = step.open_ask() else {
        return refuse(turn, Verb::Input, "already_answered", "The question was answered, or is not asked any more.");
    };
    let (number, request) = (step.number, ask.request.clone());
    let Some(answer) = read(&request, words.input) else {
        return refuse(turn, Verb::Input, "answer_invalid", "The answer is none of those that the question allows.");
    };
    let result = InputResult { ask_id: request.ask_id, user_id: Some(words.user_id), answer: answer.clone() };
    turn.say(Some(number), Event::InputResult(result))?;
    settle(turn, number, &request, answer)?;
    let mut actions = tool::forget(&turn.state, number);
    actions.extend(proceed(turn, agent, holding)?);
    Ok(actions)
}

/// Nobody answered in time.
pub(super) fn on_silence(turn: &mut Turn, agent: &Agent, step: u32, holding: bool) -> Result<Vec<Action>, ApplyError> {
    let Some(request) = turn.state.step(step).and_then(|step| step.open_ask()).map(|ask| ask.request.clone()) else {
        return outstanding(turn, agent, holding);
    };
    let result = InputResult { ask_id: request.ask_id, user_id: None, answer: Value::Null };
    turn.say(Some(step), Event::InputResult(result))?;
    tool::fail(turn, step, Failure::new("ask_expired", "Nobody answered in time."))?;
    proceed(turn, agent, holding)
}

/// The answer in the one form that the log keeps; `None` when it is none.
///
/// An approval takes a boolean, `{"approved": …, "comment": …}`, or the words `approve` and `deny`.
fn read(request: &InputRequest, input: Value) -> Option<Value> {
    match request.kind {
        AskKind::Approval => {
            let approved = match &input {
                Value::Bool(approved) => *approved,
                Value::String(word) if word == "approve" => true,
                Value::String(word) if word == "deny" => false,
                Value::Object(fields) => fields.get("approved")?.as_bool()?,
                _ => return None,
            };
            let comment = input.get("comment").and_then(Value::as_str);
            Some(comment.map_or_else(
                || json!({"approved": approved}),
                |comment| json!({"approved": approved, "comment": comment}),
            ))
        }
        AskKind::Question if request.options.is_empty() => {
            let empty = input.is_null() || input.as_str().is_some_and(|text| text.trim().is_empty());
            (!empty).then_some(input)
        }
        AskKind::Question => {
            let chosen = input.as_str().is_some_and(|text| request.options.iter().any(|option| option == text));
            chosen.then_some(input)
        }
    }
}

/// What an answer means for the step that asked. A call that may now be made is made by whatever comes next.
fn settle(turn: &mut Turn, step: u32, request: &InputRequest, answer: Value) -> Result<(), ApplyError> {
    if request.call.is_none() {
        return tool::complete(turn, step, tool::answered(answer));
    }
    if request.kind == AskKind::Approval {
        let approved = answer.get("approved").and_then(Value::as_bool).unwrap_or(false);
        if approved {
            return Ok(());
        }
        let comment = answer.get("comment").and_then(Value::as_str).unwrap_or("A person did not allow this call.");
        return tool::fail(turn, step, Failure::new("call_denied", comment));
    }
    match answer.as_str() {
        Some(tool::IT_DID) => tool::complete(turn, step, tool::answered(answer)),
        Some(tool::IT_DID_NOT) => Ok(()),
        _ => {
            let message = "It is not known whether the call had its effect; it was given up.";
            tool::fail(turn, step, Failure::new(EFFECT_UNKNOWN, message))
        }
    }
}
