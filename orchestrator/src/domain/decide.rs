//! What follows from an input.
//!
//! - `command`: what somebody asks for; `result`: what tools, people and timers answer;
//! - `answer`: what the model says;
//! - `proceed`: what comes next in a run that waits for nothing;
//! - `tool`: the steps that call tools and ask people; `cancel`: the early end;
//! - `poke`: a run without progress.

mod answer;
mod cancel;
mod command;
mod fork;
mod poke;
mod proceed;
mod result;
mod tool;

use sba_subjects::{
    command::Command,
    event::{Attempt, Done, Event, Status, StepFinished, StepStarted},
    run::{Failure, RunStatus, StepKind, Usage},
    state::{ApplyError, RunState, StepState},
};
use serde_json::Value;

use super::{Agent, ModelCall, Source, Stamp, Turn, timer::Timer, workflow};

/// What a run is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// Somebody, or something, asks for something.
    Command(Box<Command>),
    /// The model said more.
    Said {
        /// The text.
        text: String,
        /// How many pieces it came in.
        count: u64,
    },
    /// The model failed and is called again: what it said in this step so far is void.
    Failed {
        /// Why it failed.
        failure: Failure,
        /// When it is called again, in milliseconds since 1970, where the run is let go until then.
        until: Option<u64>,
    },
    /// The model's provider is out: the run is let go.
    Out {
        /// Why the call failed.
        failure: Failure,
        /// When it is called again, in milliseconds since 1970.
        until: u64,
    },
    /// The model's provider was out for longer than the run waits.
    Over(Failure),
    /// The model's answer is whole.
    Answered(Answer),
    /// The model's answer will not come.
    Unanswered(Failure),
    /// The steps that the run takes over from the one that it branches off from; none where that run is gone.
    Forked(Option<Vec<StepState>>),
}

/// A whole answer of the model.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The end of its text that was not said yet.
    pub rest: String,
    /// How many pieces `rest` came in.
    pub count: u64,
    /// What the model wrote, to the letter.
    pub raw: String,
    /// The tool calls that it asks for.
    pub calls: Vec<ModelCall>,
    /// Whether it was cut by the limit of tokens.
    pub cut: bool,
    /// Whether the provider kept it, or the rest of it, back.
    pub withheld: bool,
    /// Tokens it took.
    pub usage: Usage,
    /// Where it comes from, if not from the model that was asked.
    pub source: Option<Source>,
}

/// What the driver must see to once the events are stored.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Call the model for this step.
    CallModel(u32),
    /// Queue the call that this step waits for, if it is not queued yet.
    CallTool(u32),
    /// Take the call of this step out of the queue, and tell the worker that has it to stop.
    StopTool(u32),
    /// Tell the run at this time, in milliseconds since 1970.
    Wake(Timer, u64),
    /// Do not: what the timer was for is settled.
    Forget(Timer),
    /// Read the steps that the run takes over, and say them.
    Fork,
    /// The run ended: let it go.
    End,
}

/// Events to store, and what to do then.
#[derive(Debug, Clone)]
pub struct Decision {
    /// The state before, the events, and the state after.
    pub turn: Turn,
    /// What to do once they are stored.
    pub actions: Vec<Action>,
}

/// Decides on an input.
///
/// `holding` says whether the deciding process drives the run at this moment: a run that it does not hold is
/// begun anew with an attempt before its model is called.
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
        return Ok(Decision { turn, actions: vec![Action::End] });
    }
    let actions = match input {
        Input::Command(_) if !holding && cancel::takes_its_driver(&turn.state, agent) => {
            cancel::break_off(&mut turn, cancel::driver_lost(agent))?
        }
        Input::Command(command) => command::on_command(&mut turn, agent, *command, holding)?,
        Input::Said { text, count } => answer::on_text(&mut turn, text, count)?,
        Input::Failed { failure, until } => answer::on_failure(&mut turn, failure, until)?,
        Input::Out { failure, until } => answer::on_out(&mut turn, &failure, until)?,
        Input::Over(failure) => answer::on_over(&mut turn, failure)?,
        Input::Answered(answer) => answer::on_answer(&mut turn, agent, answer)?,
        Input::Unanswered(failure) => answer::on_end(&mut turn, failure)?,
        Input::Forked(steps) => fork::on_fork(&mut turn, agent, steps)?,
    };
    Ok(Decision { turn, actions })
}

/// Makes the deciding process the owner. A model's step that was under way begins anew.
fn take(turn: &mut Turn) -> Result<(), ApplyError> {
    let restarts_step = turn.state.model_step().map(|step| step.number);
    let instance = turn.stamp().instance;
    turn.say(None, Event::Attempt(Attempt { instance, restarts_step }))?;
    stand(turn, RunStatus::Running)
}

/// Says where the run stands, where that is news.
fn stand(turn: &mut Turn, status: RunStatus) -> Result<(), ApplyError> {
    if turn.state.status == status {
        return Ok(());
    }
    turn.say(None, Event::Status(Status { status, reason: None, until: None }))
}

fn begin_step(turn: &mut Turn, kind: StepKind, name: String, input: Value) -> Result<u32, ApplyError> {
    let step = workflow::next_number(&turn.state);
    turn.say(Some(step), Event::StepStarted(StepStarted { kind, name, input }))?;
    Ok(step)
}

fn finish_step(turn: &mut Turn, step: u32, finished: StepFinished) -> Result<(), ApplyError> {
    turn.say(Some(step), Event::StepFinished(finished))
}

/// Finalize: the last event sums the run up.
fn end(turn: &mut Turn, status: RunStatus, error: Option<Failure>) -> Result<Vec<Action>, ApplyError> {
    if let Some(error) = error.as_ref().filter(|_| status == RunStatus::Failed) {
        turn.say(None, Event::Error(error.clone()))?;
    }
    let unconfirmed = cancel::unconfirmed(&turn.state);
    let done = Done { run_id: turn.state.run, status, usage: turn.state.usage, error, unconfirmed };
    turn.say(None, Event::Done(done))?;
    Ok(vec![Action::End])
}

#[cfg(test)]
mod tests;
