//! Words about runs that events, commands and the API share.

use serde::{Deserialize, Serialize};

use crate::name::closed_set;
use std::{fmt, str::FromStr};

use crate::id::InvalidId;

closed_set!(
    /// Where a run stands.
    RunStatus, "run status" {
        /// Accepted; nothing has begun.
        Created = "created",
        /// A process works on it.
        Running = "running",
        /// It waits for a tool; no process holds it.
        WaitingTool = "waiting_tool",
        /// It waits for a person.
        WaitingInput = "waiting_input",
        /// It is held until somebody resumes it.
        Paused = "paused",
        /// It was cancelled; what was under way is being stopped.
        Cancelling = "cancelling",
        /// It ended with a result.
        Completed = "completed",
        /// It ended without a result, and says why.
        Failed = "failed",
        /// It ended because somebody asked for it.
        Cancelled = "cancelled",
    }
);

impl RunStatus {
    /// Whether nothing can follow.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

closed_set!(
    /// What a step is.
    StepKind, "step kind" {
        /// Words of a person.
        User = "user",
        /// A call of the model.
        Model = "model",
        /// A call of a tool.
        Tool = "tool",
        /// Something that SBA does itself.
        System = "system",
    }
);

closed_set!(
    /// How a step ended, or that it has not.
    StepStatus, "step status" {
        /// Under way.
        Running = "running",
        /// Ended with a result.
        Completed = "completed",
        /// Ended without a result.
        Failed = "failed",
        /// Stopped with its run.
        Cancelled = "cancelled",
    }
);

closed_set!(
    /// The plan that a run follows.
    Workflow, "workflow" {
        /// Look up, write, render.
        Render = "render",
        /// The model chooses what to do next.
        Agentic = "agentic",
        /// One tool call, asked for by name.
        Tool = "tool",
    }
);

closed_set!(
    /// What repeating a tool call does.
    Effect, "effect" {
        /// Nothing: it only reads.
        Pure = "pure",
        /// The same as once, under the same key.
        Idempotent = "idempotent",
        /// A second effect: it must not be repeated.
        AtMostOnce = "at_most_once",
    }
);

closed_set!(
    /// What a person is asked for.
    AskKind, "kind of ask" {
        /// Whether a tool call may be made.
        Approval = "approval",
        /// Words, or one of several options.
        Question = "question",
    }
);

closed_set!(
    /// Why somebody has to look at a run that does not go on by itself.
    Stall, "stall" {
        /// It was accepted, and no command to begin it is under way.
        NotStarted = "not_started",
        /// A process is to work on it, and none that lives does.
        Ownerless = "ownerless",
        /// It waits for a tool, and neither the call nor its result is under way.
        CallLost = "call_lost",
        /// The moment has passed at which a timer was to wake it.
        TimerLost = "timer_lost",
        /// A tool has not answered in time.
        CallLate = "call_late",
        /// It takes longer than it may.
        Overtime = "overtime",
    }
);

/// What model calls took, as the provider counted it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens read.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// What they cost, in millionths of the currency that the prices are configured in.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cost_micros: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Usage {
    /// Tokens read and written.
    #[must_use]
    pub const fn tokens(&self) -> u64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }
}

impl std::ops::AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.input_tokens = self.input_tokens.saturating_add(other.input_tokens);
        self.output_tokens = self.output_tokens.saturating_add(other.output_tokens);
        self.cost_micros = self.cost_micros.saturating_add(other.cost_micros);
    }
}

/// Why something failed, in a form that a program and a person can read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Stable code, e.g. `model_unreachable`.
    pub code: String,
    /// One sentence for a person.
    pub message: String,
}

impl Failure {
    /// A failure with a code and a sentence.
    #[must_use]
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into() }
    }
}
