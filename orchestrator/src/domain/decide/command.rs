//! What somebody asks of a run.
//!
//! A command may come twice, late, or to a run that it does not fit. One that the run was told before changes
//! nothing; one that cannot be done is refused, and the log says so, up to [`MAX_REFUSALS`] times.

use sba_subjects::{
    command::{Command, CommandBody},
    event::{Event, Refused, Status},
    name::Verb,
    run::{Failure, RunStatus},
    state::ApplyError,
};

use super::{
    Action, Agent, Timer, Turn, cancel, poke,
    proceed::{outstanding, proceed},
    result, stand, take,
};

/// Refusals that one log holds. What is refused beyond is only answered.
const MAX_REFUSALS: u32 = 32;

pub(super) fn on_command(
    turn: &mut Turn,
    agent: &Agent,
    command: Command,
    holding: bool,
) -> Result<Vec<Action>, ApplyError> {
    if turn.state.commands.contains(&command.id) {
        return outstanding(turn, agent, holding);
    }
    match command.body {
        CommandBody::Start(created) if created.request_hash != turn.state.request_hash => Ok(Vec::new()),
        CommandBody::Start(_) => outstanding(turn, agent, holding),
        CommandBody::Result(result) => result::on_result(turn, agent, result, holding),
        CommandBody::Input { user_id, ask_id, input } => {
            result::on_input(turn, agent, result::Words { user_id, ask_id, input }, holding)
        }
        CommandBody::Cancel { reason } => cancel::on_cancel(turn, agent, reason),
        CommandBody::Pause => on_pause(turn),
        CommandBody::Resume => on_resume(turn, agent, holding),
        CommandBody::Timer { name } => match name.as_str().parse() {
            Ok(timer) => on_timer(turn, agent, timer, command.ts, holding),
            Err(_) => outstanding(turn, agent, holding),
        },
        CommandBody::Poke { seq, reason } => poke::on_poke(turn, agent, seq, reason, holding),
    }
}

/// Holds the run. Tools that are under way go on, and their results are kept; a call of the model is broken off,
/// and begins anew when the run goes on.
fn on_pause(turn: &mut Turn) -> Result<Vec<Action>, ApplyError> {
    match turn.state.status {
        RunStatus::Cancelling => refuse(turn, Verb::Pause, "run_cancelling", "The run is being cancelled."),
        // Held until its own time: now it is held until somebody resumes it.
        RunStatus::Paused if turn.state.paused_until.is_none() => {
            refuse(turn, Verb::Pause, "already_paused", "The run is paused already.")
        }
        _ => {
            turn.say(None, Event::Status(Status { status: RunStatus::Paused, reason: None, until: None }))?;
            Ok(Vec::new())
        }
    }
}

fn on_resume(turn: &mut Turn, agent: &Agent, holding: bool) -> Result<Vec<Action>, ApplyError> {
    if turn.state.status != RunStatus::Paused {
        return refuse(turn, Verb::Resume, "not_paused", "The run is not paused.");
    }
    resume(turn, agent, holding)
}

/// Goes on where a paused run was held.
pub(super) fn resume(turn: &mut Turn, agent: &Agent, holding: bool) -> Result<Vec<Action>, ApplyError> {
    if turn.state.model_step().is_none() {
        stand(turn, RunStatus::Running)?;
        return proceed(turn, agent, holding);
    }
    // The call of the model was broken off.
    take(turn)?;
    Ok(turn.state.model_step().map(|step| Action::CallModel(step.number)).into_iter().collect())
}

/// A timer says that it may be time; the state says whether it is.
///
/// It fires when it was `set` to by the server's clock: what is due then is due, whatever this process's clock says.
fn on_timer(turn: &mut Turn, agent: &Agent, timer: Timer, set: u64, holding: bool) -> Result<Vec<Action>, ApplyError> {
    let now = turn.stamp().now.max(set);
    let due = match timer {
        Timer::Ask(step) => turn.state.step(step).and_then(|step| step.open_ask()?.request.expires_at),
        Timer::Grace => turn.state.cancel.as_ref().map(|cancel| cancel.at.saturating_add(agent.limits.grace_ms)),
        Timer::Wake => turn.state.paused_until,
    };
    match due {
        // Settled already.
        None => outstanding(turn, agent, holding),
        // It was set for what was due earlier.
        Some(due) if now < due => Ok(vec![Action::Wake(timer, due)]),
        Some(_) => match timer {
            Timer::Ask(step) => result::on_silence(turn, agent, step, holding),
            Timer::Grace => cancel::give_up(turn),
            Timer::Wake => resume(turn, agent, holding),
        },
    }
}

/// Says that a command cannot be done. The run goes on as if it had not come.
pub(super) fn refuse(turn: &mut Turn, verb: Verb, code: &str, message: &str) -> Result<Vec<Action>, ApplyError> {
    if turn.state.refused < MAX_REFUSALS {
        turn.say(None, Event::Refused(Refused { verb, reason: Failure::new(code, message) }))?;
    }
    Ok(Vec::new())
}
