//! Taking over the first steps of another run, with their results.

use sba_subjects::{
    event::{Artifact, Event, StepFinished, StepStarted, Token, ToolRequest, ToolResult},
    run::{Failure, RunStatus},
    state::{ApplyError, CallState, StepState},
};

use super::{Action, Agent, Turn, end, proceed::proceed};
use crate::domain::workflow;

pub(super) fn on_fork(
    turn: &mut Turn,
    agent: &Agent,
    steps: Option<Vec<StepState>>,
) -> Result<Vec<Action>, ApplyError> {
    if !turn.state.steps.is_empty() {
        // Said already, by another process.
        return proceed(turn, agent, false);
    }
    let Some(steps) = steps.filter(|steps| steps.iter().all(|step| !step.is_running())) else {
        let message = "The run to branch off from is gone, or had not come so far.";
        return end(turn, RunStatus::Failed, Some(Failure::new("fork_source_missing", message)));
    };
    for step in steps {
        take_over(turn, step)?;
    }
    proceed(turn, agent, false)
}

/// Says a step again. What it cost was paid by the other run.
fn take_over(turn: &mut Turn, step: StepState) -> Result<(), ApplyError> {
    let StepState { number, kind, name, status, input, output, text, tokens, call, ask, error, .. } = step;
    let at = Some(number);
    turn.say(at, Event::StepStarted(StepStarted { kind, name, input }))?;
    if let Some(ask) = ask {
        turn.say(at, Event::InputRequest(ask.request))?;
        if let Some(result) = ask.result {
            turn.say(at, Event::InputResult(result))?;
        }
    }
    if !text.is_empty() {
        turn.say(at, Event::Token(Token { text, index: 0, count: tokens }))?;
    }
    let made = call.map_or(Ok(None), |call| take_over_call(turn, number, call))?;
    turn.say(at, Event::StepFinished(StepFinished { status, output, usage: None, error }))?;
    if let Some(artifact) = made {
        turn.say(at, Event::Artifact(artifact))?;
    }
    Ok(())
}

/// Says a call and its result again, under an id of this run. Gives back the document that it made.
fn take_over_call(turn: &mut Turn, step: u32, call: CallState) -> Result<Option<Artifact>, ApplyError> {
    let CallState { request: ToolRequest { tool_name, params, .. }, result, .. } = call;
    let Some(request) = workflow::call(&turn.state, step, tool_name, params, false) else { return Ok(None) };
    let call_id = request.call_id;
    turn.say(Some(step), Event::ToolRequest(request))?;
    let Some(result) = result else { return Ok(None) };
    let made = workflow::artifact(&result).filter(|_| result.success);
    turn.say(Some(step), Event::ToolResult(ToolResult { call_id, ..result }))?;
    Ok(made)
}
