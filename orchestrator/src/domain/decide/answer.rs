//! What the model says.

use sba_subjects::{
    event::{Event, Status, StepFinished, Token},
    run::{Failure, RunStatus, StepStatus},
    state::ApplyError,
};
use serde_json::json;

use super::{Action, Agent, Answer, Timer, Turn, cancel, end, finish_step, proceed::proceed, take};
use crate::domain::{Thought, workflow::flaw};

pub(super) fn on_text(turn: &mut Turn, text: String, count: u64) -> Result<Vec<Action>, ApplyError> {
    if let Some(step) = turn.state.model_step() {
        let (number, index) = (step.number, step.tokens);
        turn.say(Some(number), Event::Token(Token { text, index, count }))?;
    }
    Ok(Vec::new())
}

pub(super) fn on_answer(turn: &mut Turn, agent: &Agent, answer: Answer) -> Result<Vec<Action>, ApplyError> {
    let Answer { rest, count, raw, mut calls, cut, withheld, usage, source } = answer;
    if count > 0 {
        on_text(turn, rest, count)?;
    }
    let Some(step) = turn.state.model_step() else { return Ok(Vec::new()) };
    let (number, text) = (step.number, step.text.trim().to_owned());
    let most = usize::try_from(agent.limits.parallel_calls).unwrap_or(usize::MAX);
    let dropped_calls = calls.len().saturating_sub(most);
    calls.truncate(most);
    let thought = Thought { text, raw, cut, calls, dropped_calls, source };
    let error = flaw::of(&thought, withheld);
    let status = if error.is_some() { StepStatus::Failed } else { StepStatus::Completed };
    let (output, usage) = (json!(thought), Some(agent.prices.of(usage)));
    finish_step(turn, number, StepFinished { status, output, usage, error })?;
    proceed(turn, agent, true)
}

/// The model failed and is called again: at once, or when a timer says so.
pub(super) fn on_failure(turn: &mut Turn, failure: Failure, until: Option<u64>) -> Result<Vec<Action>, ApplyError> {
    let Some(step) = turn.state.model_step() else { return Ok(Vec::new()) };
    let (number, said) = (step.number, step.tokens > 0);
    let reason = format!("{}: {}", failure.code, failure.message);
    turn.say(Some(number), Event::Error(failure))?;
    if let Some(at) = until {
        turn.say(None, Event::Status(Status { status: RunStatus::Paused, reason: Some(reason), until }))?;
        return Ok(vec![Action::Wake(Timer::Wake, at)]);
    }
    if said {
        take(turn)?;
    }
    Ok(vec![Action::CallModel(number)])
}

/// The model's provider is out: nothing is waited for here, and no attempt counted.
pub(super) fn on_out(turn: &mut Turn, failure: &Failure, until: u64) -> Result<Vec<Action>, ApplyError> {
    if turn.state.model_step().is_none() {
        return Ok(Vec::new());
    }
    let reason = Some(format!("{}: {}", failure.code, failure.message));
    turn.say(None, Event::Status(Status { status: RunStatus::Paused, reason, until: Some(until) }))?;
    Ok(vec![Action::Wake(Timer::Wake, until)])
}

/// The model's provider has been out for longer than the run waits: it is cancelled, and whoever watches is told why.
pub(super) fn on_over(turn: &mut Turn, failure: Failure) -> Result<Vec<Action>, ApplyError> {
    if let Some(step) = turn.state.model_step() {
        let number = step.number;
        turn.say(Some(number), Event::Error(failure.clone()))?;
        cancel::close(turn, number)?;
    }
    end(turn, RunStatus::Cancelled, Some(failure))
}

/// The model will not answer.
pub(super) fn on_end(turn: &mut Turn, failure: Failure) -> Result<Vec<Action>, ApplyError> {
    if let Some(step) = turn.state.model_step() {
        let (number, text) = (step.number, step.text.clone());
        let (status, output) = (StepStatus::Failed, json!({"text": text}));
        finish_step(turn, number, StepFinished { status, output, usage: None, error: Some(failure.clone()) })?;
    }
    cancel::break_off(turn, failure)
}
