//! The early end: cancelled means stopped.
//!
//! What is under way is stopped first. The run is `cancelled` once all of it has, or when the grace is over; the
//! last event then names the calls of which nobody knows.

use sba_subjects::{
    event::{Event, Status, StepFinished},
    id::CallId,
    run::{Effect, Failure, RunStatus, StepStatus},
    state::{ApplyError, RunState, StepState},
};
use serde_json::{Value, json};

use super::{Action, Agent, Timer, Turn, end, finish_step, tool};

pub(super) fn on_cancel(turn: &mut Turn, agent: &Agent, reason: String) -> Result<Vec<Action>, ApplyError> {
    if turn.state.status == RunStatus::Cancelling {
        // It was asked for before.
        return Ok(Vec::new());
    }
    let status = RunStatus::Cancelling;
    turn.say(None, Event::Status(Status { status, reason: Some(reason), until: None }))?;
    let running: Vec<(u32, bool, bool)> = turn.state.running_steps().map(standing).collect();
    let mut actions = Vec::new();
    for (step, called, waited_for) in running {
        if called {
            actions.push(Action::StopTool(step));
        }
        if !waited_for {
            close(turn, step)?;
        }
    }
    if turn.state.running_steps().next().is_some() {
        actions.push(Action::Wake(Timer::Grace, turn.stamp().now.saturating_add(agent.limits.grace_ms)));
    }
    actions.extend(finish(turn)?);
    Ok(actions)
}

/// A step, whether it has called a tool, and whether that has to stop before the run may end: what only reads need not.
fn standing(step: &StepState) -> (u32, bool, bool) {
    let call = step.pending_call();
    (step.number, call.is_some(), call.is_some_and(|call| call.request.effect != Effect::Pure))
}

pub(super) fn close(turn: &mut Turn, step: u32) -> Result<(), ApplyError> {
    let text = turn.state.step(step).map(|step| step.text.clone()).filter(|text| !text.is_empty());
    let output = text.map_or(Value::Null, |text| json!({"text": text}));
    finish_step(turn, step, StepFinished { status: StepStatus::Cancelled, output, usage: None, error: None })
}

/// Ends the run once nothing of it is under way.
pub(super) fn finish(turn: &mut Turn) -> Result<Vec<Action>, ApplyError> {
    if turn.state.running_steps().next().is_some() {
        return Ok(Vec::new());
    }
    let reason = turn.state.cancel.as_ref().map(|cancel| cancel.reason.clone()).unwrap_or_default();
    let mut actions = vec![Action::Forget(Timer::Grace)];
    actions.extend(end(turn, RunStatus::Cancelled, Some(Failure::new("cancelled", reason)))?);
    Ok(actions)
}

/// The grace is over: the run ends without knowing of what is still under way.
pub(super) fn give_up(turn: &mut Turn) -> Result<Vec<Action>, ApplyError> {
    let running: Vec<u32> = turn.state.running_steps().map(|step| step.number).collect();
    for step in running {
        close(turn, step)?;
    }
    finish(turn)
}

/// Ends a run at once that may not go on. What is under way is told to stop, and not waited for.
pub(super) fn break_off(turn: &mut Turn, why: Failure) -> Result<Vec<Action>, ApplyError> {
    let running: Vec<(u32, bool, bool)> = turn.state.running_steps().map(standing).collect();
    let mut actions = Vec::new();
    for (step, called, _) in running {
        if called {
            actions.push(Action::StopTool(step));
        }
        actions.extend(tool::forget(&turn.state, step));
        close(turn, step)?;
    }
    actions.extend(end(turn, RunStatus::Failed, Some(why))?);
    Ok(actions)
}

/// Whether processes were lost over the run so often that another would be, too.
pub(super) fn takes_its_driver(state: &RunState, agent: &Agent) -> bool {
    state.status == RunStatus::Running && state.lost_attempts >= agent.limits.lost_attempts
}

/// What is said of such a run.
pub(super) fn driver_lost(agent: &Agent) -> Failure {
    let times = agent.limits.lost_attempts;
    Failure::new(
        "driver_lost",
        format!("The run was taken up {times} times in a row, and each process was lost over it."),
    )
}

/// The calls of a cancelled run that were neither answered nor stopped.
pub(super) fn unconfirmed(state: &RunState) -> Vec<CallId> {
    let unknown = |step: &&StepState| step.status == StepStatus::Cancelled;
    let calls = state.steps.iter().filter(unknown).filter_map(|step| step.call.as_ref());
    let open = calls.filter(|call| call.result.is_none() && call.request.effect != Effect::Pure);
    open.map(|call| call.request.call_id).collect()
}
