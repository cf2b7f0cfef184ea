//! The steps that call tools and ask people.

use sba_subjects::{
    event::{Event, InputRequest, StepFinished, ToolRequest},
    name::ToolName,
    run::{AskKind, Failure, StepKind, StepStatus},
    state::{ApplyError, RunState, StepState},
    tool::AskParams,
};
use serde::Deserialize as _;
use serde_json::{Value, json};

use super::{Action, Agent, Timer, Turn, begin_step, finish_step};
use crate::domain::workflow::{self, Proposal, agentic};

/// The answers to whether an effect that nobody knows of has taken place.
pub(super) const IT_DID: &str = "it took place";
pub(super) const IT_DID_NOT: &str = "it did not: call again";
pub(super) const GIVE_UP: &str = "give the call up";

/// Begins a step for each proposal. One that cannot be made is a failed step at once.
pub(super) fn begin(turn: &mut Turn, agent: &Agent, proposals: Vec<Proposal>) -> Result<Vec<Action>, ApplyError> {
    let mut actions = Vec::new();
    for proposal in proposals {
        let asks = agentic::is_ask(&proposal);
        let kind = if asks { StepKind::User } else { StepKind::Tool };
        let step = begin_step(turn, kind, proposal.name, proposal.input)?;
        match proposal.params {
            Err(failure) => fail(turn, step, failure)?,
            Ok(params) if asks => actions.extend(ask(turn, agent, step, &params)?),
            Ok(params) => actions.extend(call(turn, agent, step, &proposal.tool, params)?),
        }
    }
    Ok(actions)
}

fn call(turn: &mut Turn, agent: &Agent, step: u32, tool: &str, params: Value) -> Result<Option<Action>, ApplyError> {
    let request = tool.parse::<ToolName>().ok().and_then(|tool| workflow::call(&turn.state, step, tool, params, false));
    let Some(request) = request else {
        fail(turn, step, Failure::new("tool_unknown", "There is no tool of this name."))?;
        return Ok(None);
    };
    if agent.approve.contains(tool) {
        let text = format!("May {tool} be called?");
        return approval(turn, agent, step, text, Vec::new(), request);
    }
    turn.say(Some(step), Event::ToolRequest(request))?;
    Ok(Some(Action::CallTool(step)))
}

fn ask(turn: &mut Turn, agent: &Agent, step: u32, params: &Value) -> Result<Option<Action>, ApplyError> {
    let Ok(AskParams { question, options }) = AskParams::deserialize(params) else {
        fail(turn, step, Failure::new("arguments_invalid", "The question cannot be read."))?;
        return Ok(None);
    };
    request(turn, agent, step, InputAsked { kind: AskKind::Question, text: question, options, call: None })
}

/// Asks a person about a call.
fn approval(
    turn: &mut Turn,
    agent: &Agent,
    step: u32,
    text: String,
    options: Vec<String>,
    call: ToolRequest,
) -> Result<Option<Action>, ApplyError> {
    let kind = if options.is_empty() { AskKind::Approval } else { AskKind::Question };
    request(turn, agent, step, InputAsked { kind, text, options, call: Some(call) })
}

struct InputAsked {
    kind: AskKind,
    text: String,
    options: Vec<String>,
    call: Option<ToolRequest>,
}

fn request(turn: &mut Turn, agent: &Agent, step: u32, asked: InputAsked) -> Result<Option<Action>, ApplyError> {
    let ask_id = workflow::ask_id(&turn.state);
    let expires_at = turn.stamp().now.saturating_add(agent.limits.answer_ms);
    let InputAsked { kind, text, options, call } = asked;
    let request = InputRequest { ask_id, kind, text, options, expires_at: Some(expires_at), call };
    turn.say(Some(step), Event::InputRequest(request))?;
    Ok(Some(Action::Wake(Timer::Ask(step), expires_at)))
}

/// Asks a person about a call of which nobody knows whether it had its effect.
pub(super) fn ask_about_effect(turn: &mut Turn, agent: &Agent, step: u32) -> Result<Option<Action>, ApplyError> {
    let Some(call) = turn.state.step(step).and_then(|step| step.call.as_ref()).map(|call| call.request.clone()) else {
        return Ok(None);
    };
    let text = format!("The call of {} broke off. Did what it was to do take place?", call.tool_name);
    let options = [IT_DID, IT_DID_NOT, GIVE_UP].map(str::to_owned).to_vec();
    approval(turn, agent, step, text, options, call)
}

/// Makes the calls that were approved and not made yet.
pub(super) fn call_approved(turn: &mut Turn) -> Result<Vec<Action>, ApplyError> {
    let approved: Vec<(u32, ToolRequest)> = turn.state.running_steps().filter_map(due).collect();
    let mut actions = Vec::new();
    for (step, request) in approved {
        let again = turn.state.step(step).is_some_and(|step| step.call.is_some());
        let ToolRequest { tool_name, params, .. } = request;
        if let Some(request) = workflow::call(&turn.state, step, tool_name, params, again) {
            turn.say(Some(step), Event::ToolRequest(request))?;
            actions.push(Action::CallTool(step));
        }
    }
    Ok(actions)
}

/// The call that a step may make, once its question is answered.
fn due(step: &StepState) -> Option<(u32, ToolRequest)> {
    let ask = step.ask.as_ref()?;
    let (call, _) = (ask.request.call.clone()?, ask.result.as_ref()?);
    let unmade = step.call.as_ref().is_none_or(|made| made.result.is_some() && made.request.call_id == call.call_id);
    (step.is_running() && unmade).then_some((step.number, call))
}

/// Ends a step without a result.
pub(super) fn fail(turn: &mut Turn, step: u32, failure: Failure) -> Result<(), ApplyError> {
    let finished = StepFinished { status: StepStatus::Failed, output: Value::Null, usage: None, error: Some(failure) };
    finish_step(turn, step, finished)
}

/// Ends a step with a result.
pub(super) fn complete(turn: &mut Turn, step: u32, output: Value) -> Result<(), ApplyError> {
    let finished = StepFinished { status: StepStatus::Completed, output, usage: None, error: None };
    finish_step(turn, step, finished)
}

/// What a question came to, as the step's output.
pub(super) fn answered(answer: Value) -> Value {
    json!({"answer": answer})
}

/// The timers of a step's question.
pub(super) fn forget(state: &RunState, step: u32) -> Vec<Action> {
    let timed = state.step(step).and_then(|step| step.ask.as_ref()?.request.expires_at);
    timed.map(|_| Action::Forget(Timer::Ask(step))).into_iter().collect()
}
