//! A run that branches off from another.

use super::RunState;
use crate::event::{Created, ForkOf};

/// Why no run can branch off there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ForkError {
    /// The run has not come so far.
    #[error("the run has {has} steps")]
    NoSuchStep {
        /// How many it has.
        has: u32,
    },
    /// A step up to there is under way.
    #[error("step {step} is under way")]
    UnderWay {
        /// The first such step.
        step: u32,
    },
}

impl ForkError {
    /// A stable name for the kind of failure.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoSuchStep { .. } => "step_unknown",
            Self::UnderWay { .. } => "step_under_way",
        }
    }
}

impl RunState {
    /// The first event of a run that does what this one was asked, and takes over its results up to a step (0: none).
    ///
    /// It is asked by the same person, with the same roles and settings; whoever may not take those over replaces them.
    ///
    /// # Errors
    /// [`ForkError`].
    pub fn fork(&self, step: u32, request_hash: String) -> Result<Created, ForkError> {
        let has = u32::try_from(self.steps.len()).unwrap_or(u32::MAX);
        if step > has {
            return Err(ForkError::NoSuchStep { has });
        }
        if let Some(running) = self.running_steps().find(|running| running.number <= step) {
            return Err(ForkError::UnderWay { step: running.number });
        }
        Ok(Created {
            tenant_id: self.tenant_id,
            user_id: self.user_id,
            session_id: self.session_id,
            workflow: self.workflow,
            prompt: self.prompt.clone(),
            options: self.options.clone(),
            request_hash,
            roles: self.roles.clone(),
            settings: self.settings.clone(),
            call: self.call.clone(),
            fork_of: Some(ForkOf { run: self.run, step }),
            schedule: None,
        })
    }
}
