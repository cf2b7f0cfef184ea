//! The builder: settings and a request become the agent that a run is driven as.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use sba_subjects::{
    event::TenantSettings,
    name::ToolName,
    run::{Effect, Usage},
    state::RunState,
    tool::{ASK_TOOL, CATALOG, MEMBERS, ServedTool, ToolSpec},
};

/// What the installation allows and prefers.
#[derive(Debug, Clone, PartialEq)]
pub struct AgentSettings {
    /// The model's name as its provider knows it.
    pub model: String,
    /// Most tokens of one answer of the model.
    pub max_output_tokens: u32,
    /// Randomness of the model, 0 to 2.
    pub temperature: f32,
    /// What the model's tokens cost.
    pub prices: Prices,
    /// Passages of a look-up where the request does not say.
    pub top_k: u32,
    /// Most passages that a request may ask for.
    pub max_top_k: u32,
    /// Most sections of a report besides the answer.
    pub max_sections: u32,
    /// The limits of one run.
    pub limits: RunLimits,
    /// Longest time for one call of a tool in milliseconds, by its name, where it has one of its own.
    pub call_ms: Arc<BTreeMap<ToolName, u64>>,
    /// Language of the answer where the request does not say, as a BCP 47 tag.
    pub locale: String,
    /// Whether answers are kept and given again while no model can be reached, where the tenant does not say.
    pub cached_answers: bool,
    /// Whether a report leaves out what its passages cannot have told the model.
    pub keep_to_sources: bool,
}

/// What one run may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunLimits {
    /// Most steps.
    pub steps: u32,
    /// Most tokens, read and written.
    pub tokens: u64,
    /// What it may cost, in millionths of the currency that the prices are in.
    pub cost_micros: Option<u64>,
    /// Longest time in milliseconds, from its acceptance; waiting for a person does not count.
    pub time_ms: u64,
    /// Most tool calls of one answer of the model.
    pub parallel_calls: u32,
    /// How often the same call may be made.
    pub same_calls: u32,
    /// Longest time for one tool call, waiting in the queue included, in milliseconds, where the tool has none of its own.
    pub call_ms: u64,
    /// How long a person may take to answer, in milliseconds.
    pub answer_ms: u64,
    /// How long a cancelled tool may take to stop, in milliseconds.
    pub grace_ms: u64,
    /// How often a run without progress is driven on before it fails.
    pub stalls: u32,
    /// Attempts in a row that end without a word before the run is driven no more.
    pub lost_attempts: u32,
}

/// What a million tokens cost, in millionths of a currency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Prices {
    /// Of tokens read.
    pub input: u64,
    /// Of tokens written.
    pub output: u64,
}

impl Prices {
    /// The usage with its cost.
    #[must_use]
    pub fn of(self, usage: Usage) -> Usage {
        let cost = |tokens: u64, price: u64| u128::from(tokens) * u128::from(price);
        let micros = (cost(usage.input_tokens, self.input) + cost(usage.output_tokens, self.output)) / 1_000_000;
        Usage { cost_micros: u64::try_from(micros).unwrap_or(u64::MAX), ..usage }
    }
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
    /// What the model's tokens cost.
    pub prices: Prices,
    /// What the tenant tells the model, besides SBA's own words.
    pub instructions: Option<String>,
    /// The tools that the model is offered, by name.
    pub tools: Vec<&'static str>,
    /// The tools that the tenant serves itself and the model is offered.
    pub served: Vec<ServedTool>,
    /// The tools of which a person must approve each call.
    pub approve: BTreeSet<String>,
    /// Passages of a look-up.
    pub top_k: u32,
    /// Most sections of a report besides the answer.
    pub max_sections: u32,
    /// What the run may take.
    pub limits: RunLimits,
    call_ms: Arc<BTreeMap<ToolName, u64>>,
    /// Language of the answer, as a BCP 47 tag.
    pub locale: String,
    /// Whether answers are kept, and earlier ones given while no model can be reached.
    pub cached_answers: bool,
    /// Whether a report leaves out what its passages cannot have told the model.
    pub keep_to_sources: bool,
}

impl AgentSettings {
    /// The agent for a run: the installation's settings, changed by the tenant's, and within them by the request's.
    /// A request can lower a limit, never raise it.
    #[must_use]
    pub fn build(&self, run: &RunState) -> Agent {
        let (asked, tenant) = (&run.options, &run.settings);
        let steps = tenant.max_steps.unwrap_or(self.limits.steps).min(self.limits.steps);
        let limits = RunLimits {
            steps: asked.max_steps.unwrap_or(steps).min(steps),
            tokens: tenant.max_run_tokens.unwrap_or(self.limits.tokens).min(self.limits.tokens),
            cost_micros: [tenant.max_run_cost_micros, self.limits.cost_micros].into_iter().flatten().min(),
            ..self.limits
        };
        Agent {
            model: tenant.model.clone().unwrap_or_else(|| self.model.clone()),
            max_output_tokens: self.max_output_tokens,
            temperature: self.temperature,
            prices: self.prices,
            instructions: tenant.instructions.clone(),
            tools: CATALOG.iter().filter(|tool| offered(tool, run, tenant)).map(|tool| tool.name).collect(),
            served: tenant.served.iter().filter(|tool| serves(tool, run, tenant)).cloned().collect(),
            approve: tenant.approve.iter().map(ToString::to_string).collect(),
            top_k: asked.top_k.or(tenant.top_k).unwrap_or(self.top_k).clamp(1, self.max_top_k),
            max_sections: self.max_sections,
            limits,
            call_ms: Arc::clone(&self.call_ms),
            locale: asked.locale.as_ref().or(tenant.locale.as_ref()).unwrap_or(&self.locale).clone(),
            cached_answers: tenant.cached_answers.unwrap_or(self.cached_answers) && asked.cached_answers != Some(false),
            keep_to_sources: self.keep_to_sources,
        }
    }
}

/// Whether a run is offered a tool: by role, and where the tenant and the request do not leave it out.
fn offered(tool: &ToolSpec, run: &RunState, tenant: &TenantSettings) -> bool {
    allows(tool.roles, run) && (tool.name == ASK_TOOL || named(tool.name, run, tenant))
}

/// The same of a tool that the tenant serves: one that changes something is for those who may.
fn serves(tool: &ServedTool, run: &RunState, tenant: &TenantSettings) -> bool {
    let roles = if tool.effect == Effect::Pure { &[] } else { MEMBERS };
    allows(roles, run) && named(tool.name.as_str(), run, tenant)
}

fn allows(roles: &[&str], run: &RunState) -> bool {
    roles.is_empty() || run.roles.iter().any(|role| roles.contains(&role.as_str()))
}

fn named(tool: &str, run: &RunState, tenant: &TenantSettings) -> bool {
    let named = [&tenant.tools, &run.options.tools].into_iter().flatten();
    named.into_iter().all(|names| names.iter().any(|name| name.as_str() == tool))
}

impl Agent {
    /// Tokens that the next answer of the model may have: what is left of the run's, and no more than an answer may.
    #[must_use]
    pub fn room(&self, state: &RunState) -> u32 {
        let left = self.limits.tokens.saturating_sub(state.usage.tokens());
        self.max_output_tokens.min(u32::try_from(left).unwrap_or(u32::MAX)).max(1)
    }

    /// Longest time for one call of this tool, waiting in the queue included, in milliseconds.
    #[must_use]
    pub fn call_ms(&self, tool: &ToolName) -> u64 {
        let served = || self.served.iter().find(|served| served.name == *tool).map(|served| served.deadline_ms);
        self.call_ms.get(tool).copied().or_else(served).unwrap_or(self.limits.call_ms)
    }

    /// When the run must have ended, in milliseconds since 1970.
    #[must_use]
    pub fn deadline(&self, state: &RunState) -> u64 {
        state.created_at.saturating_add(self.limits.time_ms).saturating_add(state.waited_ms)
    }
}
