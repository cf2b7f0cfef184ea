//! One turn: the facts that follow from one input, told one after the other.

use sba_subjects::{
    envelope::{Envelope, VERSION},
    event::Event,
    id::{CommandId, InstanceId},
    state::{ApplyError, RunState},
};

/// Who decides, and when: what a decision would otherwise have to ask the world for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The deciding process.
    pub instance: InstanceId,
    /// The time, in milliseconds since 1970.
    pub now: u64,
    /// The command that is decided on.
    pub cause: Option<CommandId>,
}

/// A state, and what is being said about it.
#[derive(Debug, Clone)]
pub struct Turn {
    /// The state, with everything folded in that was said so far.
    pub state: RunState,
    /// What was said.
    pub events: Vec<Envelope>,
    stamp: Stamp,
}

impl Turn {
    /// A turn in which nothing was said yet.
    #[must_use]
    pub const fn new(state: RunState, stamp: Stamp) -> Self {
        Self { state, events: Vec::new(), stamp }
    }

    /// Who decides, and when.
    #[must_use]
    pub const fn stamp(&self) -> &Stamp {
        &self.stamp
    }

    /// Says an event of the run, or of a step of it.
    ///
    /// # Errors
    /// [`ApplyError`] when the event cannot follow: an error in the deciding code.
    pub fn say(&mut self, step: Option<u32>, payload: Event) -> Result<(), ApplyError> {
        let attempt = self.state.attempt + u32::from(matches!(payload, Event::Attempt(_)));
        let envelope = Envelope {
            v: VERSION,
            r#type: payload.kind().to_owned(),
            run: self.state.run,
            step,
            attempt,
            seq: self.state.seq + 1,
            // A clock that was set back does not make a log run backwards.
            ts: self.stamp.now.max(self.state.updated_at),
            cause: self.stamp.cause,
            key_id: None,
            payload,
        };
        self.state.apply(&envelope)?;
        self.events.push(envelope);
        Ok(())
    }
}
