//! What follows from an input.

use sba_subjects::{
    command::{Command, CommandBody},
    event::{Attempt, Done, Event, Status, StepFinished, StepStarted, Token, ToolRequest, ToolResult},
    run::{Failure, RunStatus, StepKind, StepStatus, Usage},
    state::{ApplyError, RunState},
};
use serde_json::json;

use super::{
    Agent, Stamp, Turn,
    workflow::{self, Next},
};

/// What a run is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// Somebody, or something, asks for something.
    Command(Command),
    /// The model said more.
    Said {
        /// The text.
        text: String,
        /// How many pieces it came in.
        count: u64,
    },
    /// The model broke off and is called again: what it said in this step so far is void.
    Again,
    /// The model's answer is whole.
    Answered(Answer),
    /// The model's answer will not come.
    Unanswered(Failure),
}

/// A whole answer of the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The end of its text that was not said yet.
    pub rest: String,
    /// How many pieces `rest` came in.
    pub count: u64,
    /// What the model wrote, to the letter.
    pub raw: String,
    /// Whether it was cut by the limit of tokens.
    pub cut: bool,
    /// Tokens it took.
    pub usage: Usage,
}

/// What the driver must see to once the events are stored.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Nothing: what was asked is settled already, or the run goes on as it was going.
    Nothing,
    /// Call the model for this step.
    CallModel(u32),
    /// Queue the call that this step waits for, if it is not queued yet, and let the run go.
    CallTool(u32),
    /// The run ended: let it go.
    End,
}

/// Events to store, and what to do then.
#[derive(Debug, Clone)]
pub struct Decision {
    /// The state before, the events, and the state after.
    pub turn: Turn,
    /// What to do once they are stored.
    pub action: Action,
}

/// Decides on an input.
///
/// `holding` says whether the deciding process drives the run at this moment: a run that it does not hold is
/// begun anew with an attempt before anything else is said.
///
/// # Errors
/// [`ApplyError`] when this function would say what cannot follow: an error in it.
pub fn decide(
    state: RunState,
    agent: &Agent,
    stamp: Stamp,
    input: Input,
    holding: bool,
) -> Result<Decision, ApplyError> {
    let mut turn = Turn::new(state, stamp);
    if turn.state.status.is_terminal() {
        return Ok(Decision { turn, action: Action::End });
    }
    let action = match input {
        Input::Command(command) => on_command(&mut turn, agent, command.body, holding)?,
        Input::Said { text, count } => on_text(&mut turn, text, count)?,
        Input::Again => {
            take(&mut turn)?;
            Action::Nothing
        }
        Input::Answered(answer) => on_answer(&mut turn, agent, answer)?,
        Input::Unanswered(failure) => on_failure(&mut turn, failure)?,
    };
    Ok(Decision { turn, action })
}

fn on_command(turn: &mut Turn, agent: &Agent, body: CommandBody, holding: bool) -> Result<Action, ApplyError> {
    match body {
        CommandBody::Result(result) => on_result(turn, agent, result, holding),
        // Every other command that reaches a run says at least: see that it goes on.
        _ => go_on(turn, agent, holding),
    }
}

/// Sees to it that a run goes on, whatever its state.
fn go_on(turn: &mut Turn, agent: &Agent, holding: bool) -> Result<Action, ApplyError> {
    let waiting = turn.state.running_step().filter(|_| turn.state.pending_call().is_some()).map(|step| step.number);
    if let Some(step) = waiting {
        return Ok(Action::CallTool(step));
    }
    if holding {
        return Ok(Action::Nothing);
    }
    take(turn)?;
    match turn.state.running_step() {
        Some(step) => Ok(Action::CallModel(step.number)),
        None => advance(turn, agent),
    }
}

fn on_result(turn: &mut Turn, agent: &Agent, result: ToolResult, holding: bool) -> Result<Action, ApplyError> {
    let due = turn.state.pending_call().is_some_and(|call| call.request.call_id == result.call_id);
    if !due {
        // It came twice, or answers nothing that was asked.
        return go_on(turn, agent, holding);
    }
    let step = turn.state.running_step().map(|step| step.number);
    take(turn)?;
    let failure = (!result.success).then(|| {
        result.error.clone().unwrap_or_else(|| Failure::new("tool_failed", "The tool failed and did not say why."))
    });
    turn.say(step, Event::ToolResult(result.clone()))?;
    let status = if result.success { StepStatus::Completed } else { StepStatus::Failed };
    finish_step(turn, step, StepFinished { status, output: json!(null), usage: None, error: failure.clone() })?;
    if let Some(failure) = failure {
        return end(turn, RunStatus::Failed, Some(failure));
    }
    if let Some(artifact) = workflow::artifact(&result) {
        turn.say(step, Event::Artifact(artifact))?;
    }
    advance(turn, agent)
}

fn on_text(turn: &mut Turn, text: String, count: u64) -> Result<Action, ApplyError> {
    let Some(step) = turn.state.running_step() else { return Ok(Action::Nothing) };
    let (number, index) = (step.number, step.tokens);
    turn.say(Some(number), Event::Token(Token { text, index, count }))?;
    Ok(Action::Nothing)
}

fn on_answer(turn: &mut Turn, agent: &Agent, answer: Answer) -> Result<Action, ApplyError> {
    if answer.count > 0 {
        on_text(turn, answer.rest, answer.count)?;
    }
    let Some(step) = turn.state.running_step() else { return Ok(Action::Nothing) };
    let (number, text) = (Some(step.number), step.text.trim().to_owned());
    let output = json!({"text": text, "raw": answer.raw, "cut": answer.cut});
    let finished = StepFinished { status: StepStatus::Completed, output, usage: Some(answer.usage), error: None };
    finish_step(turn, number, finished)?;
    advance(turn, agent)
}

fn on_failure(turn: &mut Turn, failure: Failure) -> Result<Action, ApplyError> {
    if let Some(step) = turn.state.running_step() {
        let finished = StepFinished {
            status: StepStatus::Failed,
            output: json!({"text": step.text}),
            usage: None,
            error: Some(failure.clone()),
        };
        finish_step(turn, Some(step.number), finished)?;
    }
    end(turn, RunStatus::Failed, Some(failure))
}

/// Makes the deciding process the owner. A model's step that was under way begins anew.
fn take(turn: &mut Turn) -> Result<(), ApplyError> {
    let restarts_step = turn.state.running_step().filter(|step| step.kind == StepKind::Model).map(|step| step.number);
    let instance = turn.stamp().instance;
    turn.say(None, Event::Attempt(Attempt { instance, restarts_step }))?;
    if turn.state.status != RunStatus::Running {
        turn.say(None, Event::Status(Status { status: RunStatus::Running }))?;
    }
    Ok(())
}

/// Begins the next step, within the budgets, or ends the run.
fn advance(turn: &mut Turn, agent: &Agent) -> Result<Action, ApplyError> {
    if let Some(spent) = super::budget::spent(&turn.state, agent, turn.stamp().now) {
        return end(turn, RunStatus::Failed, Some(spent));
    }
    match workflow::next(&turn.state, agent) {
        Next::Finish => end(turn, RunStatus::Completed, None),
        Next::Model { name, input } => {
            let step = begin_step(turn, StepKind::Model, name, input)?;
            Ok(Action::CallModel(step))
        }
        Next::Tool { name, request } => {
            let step = begin_step(turn, StepKind::Tool, name, json!(null))?;
            request_tool(turn, step, request)?;
            Ok(Action::CallTool(step))
        }
    }
}

fn begin_step(turn: &mut Turn, kind: StepKind, name: &str, input: serde_json::Value) -> Result<u32, ApplyError> {
    let step = workflow::next_number(&turn.state);
    turn.say(Some(step), Event::StepStarted(StepStarted { kind, name: name.to_owned(), input }))?;
    Ok(step)
}

fn request_tool(turn: &mut Turn, step: u32, request: ToolRequest) -> Result<(), ApplyError> {
    turn.say(Some(step), Event::ToolRequest(request))?;
    turn.say(None, Event::Status(Status { status: RunStatus::WaitingTool }))
}

fn finish_step(turn: &mut Turn, step: Option<u32>, finished: StepFinished) -> Result<(), ApplyError> {
    turn.say(step, Event::StepFinished(finished))
}

/// Finalize: the last event sums the run up.
fn end(turn: &mut Turn, status: RunStatus, error: Option<Failure>) -> Result<Action, ApplyError> {
    if let Some(error) = &error {
        turn.say(None, Event::Error(error.clone()))?;
    }
    let done = Done { run_id: turn.state.run, status, usage: turn.state.usage, error };
    turn.say(None, Event::Done(done))?;
    Ok(Action::End)
}

#[cfg(test)]
mod tests;
