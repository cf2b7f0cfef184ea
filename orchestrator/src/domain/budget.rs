//! The supervisor's rules: what a run may spend.

use sba_subjects::{run::Failure, state::RunState};

use super::{Agent, workflow};

/// Why a run may not begin another step; `None` while it may.
pub(super) fn spent(state: &RunState, agent: &Agent, now: u64) -> Option<Failure> {
    let tokens = state.usage.input_tokens.saturating_add(state.usage.output_tokens);
    if now > agent.deadline {
        return Some(Failure::new("budget_time", "The run took longer than it may."));
    }
    if tokens > agent.max_run_tokens {
        let message = format!("The run used {tokens} tokens of at most {}.", agent.max_run_tokens);
        return Some(Failure::new("budget_tokens", message));
    }
    let ends_now = matches!(workflow::next(state, agent), workflow::Next::Finish);
    if !ends_now && workflow::next_number(state) > agent.max_steps {
        let message = format!("The run needs more than the {} steps that it may take.", agent.max_steps);
        return Some(Failure::new("budget_steps", message));
    }
    None
}
