//! What comes next.

use sba_subjects::{
    run::{Failure, RunStatus, StepKind},
    state::{ApplyError, RunState},
};

use super::{Action, Agent, Timer, Turn, begin_step, cancel, end, stand, take, tool};
use crate::domain::{
    budget, outlook,
    workflow::{self, Next},
};

/// Goes on as far as the run can: until it waits for something, or ends.
pub(super) fn proceed(turn: &mut Turn, agent: &Agent, holding: bool) -> Result<Vec<Action>, ApplyError> {
    match turn.state.status {
        RunStatus::Paused => return Ok(Vec::new()),
        RunStatus::Cancelling => return cancel::finish(turn),
        _ => {}
    }
    if let Some(step) = turn.state.model_step().map(|step| step.number) {
        if holding {
            return Ok(Vec::new());
        }
        take(turn)?;
        return Ok(vec![Action::CallModel(step)]);
    }
    let actions = tool::call_approved(turn)?;
    if turn.state.running_steps().next().is_some() {
        wait(turn)?;
        return Ok(actions);
    }
    advance(turn, agent, holding)
}

/// Says what the run waits for: a person first, for a person can do something about it.
fn wait(turn: &mut Turn) -> Result<(), ApplyError> {
    let asks = turn.state.running_steps().any(|step| step.open_ask().is_some());
    stand(turn, if asks { RunStatus::WaitingInput } else { RunStatus::WaitingTool })
}

/// Begins the next steps, within the budgets, or ends the run.
fn advance(turn: &mut Turn, agent: &Agent, mut holding: bool) -> Result<Vec<Action>, ApplyError> {
    loop {
        let next = workflow::next(&turn.state, agent);
        match next {
            Next::Finish => return end(turn, RunStatus::Completed, None),
            Next::Fail(failure) => return end(turn, RunStatus::Failed, Some(failure)),
            Next::Model { .. } | Next::Tools(_) => {}
        }
        if let Some(spent) = budget::spent(&turn.state, agent, turn.stamp().now) {
            return end(turn, RunStatus::Failed, Some(spent));
        }
        if !holding {
            take(turn)?;
            holding = true;
        }
        if let Next::Model { name, input } = next {
            stand(turn, RunStatus::Running)?;
            let step = begin_step(turn, StepKind::Model, name.to_owned(), input)?;
            return Ok(vec![Action::CallModel(step)]);
        }
        if let Next::Tools(proposals) = next {
            let actions = tool::begin(turn, agent, proposals)?;
            if turn.state.running_steps().next().is_some() {
                wait(turn)?;
                return Ok(actions);
            }
            // Every proposal was turned down: the model is told why.
        }
    }
}

/// Sees to it that a run goes on, whatever its state: whoever did so before may be gone.
pub(super) fn outstanding(turn: &mut Turn, agent: &Agent, holding: bool) -> Result<Vec<Action>, ApplyError> {
    if turn.state.fork_of.is_some() && turn.state.steps.is_empty() && turn.state.status != RunStatus::Cancelling {
        return Ok(vec![Action::Fork]);
    }
    let overdue = outlook::late_calls(&turn.state, agent, turn.stamp().now);
    if turn.state.status != RunStatus::Cancelling && !overdue.is_empty() {
        let mut actions: Vec<Action> = overdue.iter().map(|step| Action::StopTool(*step)).collect();
        for step in overdue {
            let tool = turn.state.step(step).and_then(|step| step.call.as_ref()).map(|call| &call.request.tool_name);
            let limit = tool.map_or(agent.limits.call_ms, |tool| agent.call_ms(tool));
            let message = format!("The tool did not answer within {limit} ms.");
            tool::fail(turn, step, Failure::new("tool_timeout", message))?;
        }
        actions.extend(proceed(turn, agent, holding)?);
        return Ok(actions);
    }
    let mut actions = proceed(turn, agent, holding)?;
    for action in open(&turn.state, agent) {
        if !actions.contains(&action) {
            actions.push(action);
        }
    }
    Ok(actions)
}

/// What a run that waits has asked for: to be asked for again, by whoever cannot know whether it was.
fn open(state: &RunState, agent: &Agent) -> Vec<Action> {
    let mut actions = Vec::new();
    let cancelling = state.status == RunStatus::Cancelling;
    for step in state.running_steps() {
        if step.pending_call().is_some() {
            actions.push(if cancelling { Action::StopTool(step.number) } else { Action::CallTool(step.number) });
        }
        if let Some(at) = step.open_ask().and_then(|ask| ask.request.expires_at) {
            actions.push(Action::Wake(Timer::Ask(step.number), at));
        }
    }
    if let Some(cancel) = &state.cancel {
        actions.push(Action::Wake(Timer::Grace, cancel.at.saturating_add(agent.limits.grace_ms)));
    }
    actions.extend(state.paused_until.map(|at| Action::Wake(Timer::Wake, at)));
    actions
}
