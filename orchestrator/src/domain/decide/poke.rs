//! A run without progress is looked at.
//!
//! What is due by the clock is done, whether its timer was lost or it has none. Where nothing is due, what the run waits
//! for is asked for again, a bounded number of times: whatever had it under way may be gone.

use sba_subjects::{
    event::{Event, Stalled},
    run::{Failure, RunStatus, Stall},
    state::{ApplyError, RunState},
};

use super::{Action, Agent, Turn, cancel, command, proceed::outstanding, result};
use crate::domain::{
    budget,
    outlook::{Due, Moment, moments},
};

/// Looks at a run of which somebody thinks, where its log stood at `seq`, that it is stuck for this `reason`.
pub(super) fn on_poke(
    turn: &mut Turn,
    agent: &Agent,
    seq: u64,
    reason: Stall,
    holding: bool,
) -> Result<Vec<Action>, ApplyError> {
    let now = turn.stamp().now;
    let due: Vec<Due> =
        moments(&turn.state, agent).iter().filter(|moment| is_over(moment, now)).map(|m| m.due).collect();
    if !due.is_empty() {
        return settle(turn, agent, due, holding);
    }
    // It has gone on since, somebody drives it, or it waits for what only a person can bring.
    if turn.state.seq != seq || holding || !is_awaited(&turn.state) {
        return Ok(Vec::new());
    }
    if turn.state.stalls >= agent.limits.stalls {
        let times = turn.state.stalls;
        let message = format!("The run was driven on {times} times and came no further; it was found {reason}.");
        return cancel::break_off(turn, Failure::new("run_stalled", message));
    }
    let (since, count) = (turn.state.updated_at, turn.state.stalls.saturating_add(1));
    turn.say(None, Event::Stalled(Stalled { reason, since, count }))?;
    outstanding(turn, agent, holding)
}

const fn is_over(moment: &Moment, now: u64) -> bool {
    now > moment.at
}

/// Whether the run is to be brought on by a process: by whoever drives it, or by a tool.
fn is_awaited(state: &RunState) -> bool {
    match state.status {
        RunStatus::Created | RunStatus::Running => true,
        RunStatus::Paused | RunStatus::Cancelling => false,
        _ => state.running_steps().any(|step| step.pending_call().is_some()),
    }
}

/// Does what is due.
fn settle(turn: &mut Turn, agent: &Agent, due: Vec<Due>, holding: bool) -> Result<Vec<Action>, ApplyError> {
    let mut actions = Vec::new();
    for due in due {
        if turn.state.status.is_terminal() {
            break;
        }
        actions.extend(match due {
            Due::Grace => cancel::give_up(turn)?,
            Due::Wake => command::resume(turn, agent, holding)?,
            Due::Ask(step) => result::on_silence(turn, agent, step, holding)?,
            // Looking at what is outstanding begins with what is late.
            Due::Call(_) => outstanding(turn, agent, holding)?,
            Due::Deadline => cancel::break_off(turn, budget::overtime())?,
        });
    }
    Ok(actions)
}
