//! The supervisor's rules: what a run may spend.

use sba_subjects::{run::Failure, state::RunState};

use super::{Agent, workflow};

/// Why a run may not begin another step; `None` while it may.
pub(super) fn spent(state: &RunState, agent: &Agent, now: u64) -> Option<Failure> {
    let (tokens, cost) = (state.usage.tokens(), state.usage.cost_micros);
    if now > agent.deadline(state) {
        return Some(overtime());
    }
    if tokens >= agent.limits.tokens {
        let message = format!("The run used {tokens} tokens of at most {}.", agent.limits.tokens);
        return Some(Failure::new("budget_tokens", message));
    }
    if let Some(most) = agent.limits.cost_micros.filter(|most| cost >= *most) {
        let message = format!("The run cost {} of at most {}.", units(cost), units(most));
        return Some(Failure::new("budget_cost", message));
    }
    if workflow::next_number(state) > agent.limits.steps {
        let message = format!("The run needs more than the {} steps that it may take.", agent.limits.steps);
        return Some(Failure::new("budget_steps", message));
    }
    None
}

/// What is said of a run that took too long.
pub(super) fn overtime() -> Failure {
    Failure::new("budget_time", "The run took longer than it may.")
}

fn units(micros: u64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}
