//! The builder: settings and a request become the agent that a run is driven as.

use sba_subjects::state::RunState;

/// What the installation (and later the tenant) allows and prefers.
#[derive(Debug, Clone, PartialEq)]
pub struct AgentSettings {
    /// The model's name as its provider knows it.
    pub model: String,
    /// Most tokens of one answer of the model.
    pub max_output_tokens: u32,
    /// Randomness of the model, 0 to 2.
    pub temperature: f32,
    /// Passages of a look-up where the request does not say.
    pub top_k: u32,
    /// Most passages that a request may ask for.
    pub max_top_k: u32,
    /// Most sections of a report besides the answer.
    pub max_sections: u32,
    /// Most steps of a run.
    pub max_steps: u32,
    /// Most tokens of a run, read and written.
    pub max_run_tokens: u64,
    /// Longest time of a run in milliseconds, from its acceptance.
    pub run_deadline_ms: u64,
    /// Language of the answer where the request does not say, as a BCP 47 tag.
    pub locale: String,
}

/// An agent: what one run is driven with.
#[derive(Debug, Clone, PartialEq)]
pub struct Agent {
    /// The model's name as its provider knows it.
    pub model: String,
    /// Most tokens of one answer of the model.
    pub max_output_tokens: u32,
    /// Randomness of the model, 0 to 2.
    pub temperature: f32,
    /// Passages of a look-up.
    pub top_k: u32,
    /// Most sections of a report besides the answer.
    pub max_sections: u32,
    /// Most steps.
    pub max_steps: u32,
    /// Most tokens, read and written.
    pub max_run_tokens: u64,
    /// When the run must have ended, in milliseconds since 1970.
    pub deadline: u64,
    /// Language of the answer, as a BCP 47 tag.
    pub locale: String,
}

impl AgentSettings {
    /// The agent for a run. A request can lower a limit, never raise it.
    #[must_use]
    pub fn build(&self, run: &RunState) -> Agent {
        let asked = &run.options;
        Agent {
            model: self.model.clone(),
            max_output_tokens: self.max_output_tokens,
            temperature: self.temperature,
            top_k: asked.top_k.unwrap_or(self.top_k).clamp(1, self.max_top_k),
            max_sections: self.max_sections,
            max_steps: asked.max_steps.unwrap_or(self.max_steps).min(self.max_steps),
            max_run_tokens: self.max_run_tokens,
            deadline: run.created_at.saturating_add(self.run_deadline_ms),
            locale: asked.locale.clone().unwrap_or_else(|| self.locale.clone()),
        }
    }
}
