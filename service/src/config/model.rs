//! `[model]`

mod fallback;
mod scripted;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::{
    fallback::FallbackConfig,
    scripted::{ScriptedCall, ScriptedConfig, ScriptedFailure},
};
use super::{Millis, Secret, findings::Findings};

/// The language model.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ModelConfig {
    /// Which kind of endpoint answers.
    pub provider: ModelProvider,
    /// Name of the model, as the endpoint knows it.
    pub name: String,
    /// Address of the endpoint up to and including its version, e.g. `http://127.0.0.1:8000/v1/`. Unset: the provider's own.
    pub base_url: Option<String>,
    /// Key for the endpoint. A secret.
    pub api_key: Option<Secret>,
    /// How the endpoint is told of tools, and how it asks for them.
    pub tool_calls: ToolCalls,
    /// Randomness: 0 gives the likeliest answer.
    pub temperature: f64,
    /// Most tokens of one answer.
    pub max_output_tokens: u32,
    /// Tokens that the model can hold, prompt and answer together.
    pub context_tokens: u32,
    /// Whether a report leaves out what the model wrote and the passages cannot have told it: by their words, so only for
    /// small models, which stay close to their sources where they do not make things up.
    pub keep_to_sources: bool,
    /// Tokens that the endpoint may count for a call besides the text that it was sent, for words of its own around messages
    /// and tools. Of a prompt no more is believed than this and one token for each byte; of an answer, as many tokens as it
    /// may have.
    pub overhead_tokens: u64,
    /// What a million tokens of a prompt cost, in millionths of whatever currency costs are counted in.
    pub input_price_micros: u64,
    /// The same for an answer.
    pub output_price_micros: u64,
    /// Calls that one process makes at the same time; the surplus waits.
    pub max_concurrent_calls: usize,
    /// Longest wait for a connection to the endpoint, in milliseconds.
    pub connect_timeout_ms: Millis,
    /// Longest wait for the first token, in milliseconds.
    pub first_token_timeout_ms: Millis,
    /// Longest pause between two tokens, in milliseconds.
    pub idle_timeout_ms: Millis,
    /// Attempts of one call when the endpoint cannot be reached or says that it is overloaded.
    pub max_attempts: u32,
    /// Pause before the second attempt, in milliseconds; it doubles each time, with jitter.
    pub retry_min_ms: Millis,
    /// Longest pause before a new attempt, in milliseconds.
    pub retry_max_ms: Millis,
    /// Codes of failures after which no further attempt is made, e.g. `model_garbage`, besides those that cannot succeed.
    pub no_retry: Vec<String>,
    /// How long runs wait for an endpoint that is left alone, in milliseconds; those that are not critical are cancelled
    /// then. Attempts in that time do not count.
    pub outage_ms: Millis,
    /// How long critical runs wait for it, in milliseconds, before they fail.
    pub critical_outage_ms: Millis,
    /// Longest pause before a waiting run tries again, in milliseconds.
    pub outage_retry_max_ms: Millis,
    /// Whether answers are kept, and given again to the same question over the same passages while no endpoint answers.
    /// A tenant's settings may say otherwise for its runs, and a request may decline.
    pub cached_answers: bool,
    /// Failures in a row after which the endpoint is left alone for a while.
    pub breaker_failures: u32,
    /// Longest time from the first to the last of these failures, in milliseconds.
    pub breaker_window_ms: Millis,
    /// How long the endpoint is left alone before one call tries it again, in milliseconds.
    pub breaker_open_ms: Millis,
    /// Another endpoint, for as long as the first is left alone.
    pub fallback: FallbackConfig,
    /// The scripted provider, for tests and load.
    pub scripted: ScriptedConfig,
}

/// A kind of endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ModelProvider {
    /// Any endpoint that speaks OpenAI's chat completions.
    #[serde(rename = "openai")]
    #[schemars(rename = "openai")]
    OpenAi,
    /// Anthropic.
    Anthropic,
    /// A fixed text, for tests and load.
    Scripted,
}

/// How tools are offered and asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ToolCalls {
    /// By the endpoint's own means.
    Native,
    /// By the prompt and a JSON schema of the answer, for endpoints without such means.
    Schema,
}

impl Default for ModelConfig {
    fn default() -> Self {
        Self {
            provider: ModelProvider::OpenAi,
            name: "default".to_owned(),
            base_url: None,
            api_key: None,
            tool_calls: ToolCalls::Native,
            temperature: 0.0,
            max_output_tokens: 1_024,
            context_tokens: 8_192,
            keep_to_sources: false,
            overhead_tokens: 1_024,
            input_price_micros: 0,
            output_price_micros: 0,
            max_concurrent_calls: 64,
            connect_timeout_ms: Millis::new(5_000),
            first_token_timeout_ms: Millis::new(60_000),
            idle_timeout_ms: Millis::new(30_000),
            max_attempts: 6,
            retry_min_ms: Millis::new(250),
            retry_max_ms: Millis::new(10_000),
            no_retry: Vec::new(),
            outage_ms: Millis::new(60_000),
            critical_outage_ms: Millis::new(21_600_000),
            outage_retry_max_ms: Millis::new(60_000),
            cached_answers: false,
            breaker_failures: 5,
            breaker_window_ms: Millis::new(60_000),
            breaker_open_ms: Millis::new(10_000),
            fallback: FallbackConfig::default(),
            scripted: ScriptedConfig::default(),
        }
    }
}

impl ModelConfig {
    pub(super) fn check(&self, mut to: Findings<'_>) {
        to.require("name", !self.name.trim().is_empty(), "is empty");
        if let Some(url) = &self.base_url {
            to.scheme("base_url", url, &["http://", "https://"]);
        }
        let keyed = self.provider != ModelProvider::Anthropic || self.api_key.is_some();
        to.require("api_key", keyed, "is needed for the provider anthropic");
        to.range("temperature", self.temperature, 0.0..=2.0);
        to.range("max_output_tokens", self.max_output_tokens, 1..=1_000_000);
        to.range("context_tokens", self.context_tokens, 256..=10_000_000);
        let room = self.max_output_tokens < self.context_tokens;
        to.require("max_output_tokens", room, "leaves no room for a prompt in context_tokens");
        to.range("overhead_tokens", self.overhead_tokens, 0..=1_000_000);
        to.range("max_concurrent_calls", self.max_concurrent_calls, 1..=100_000);
        to.range("connect_timeout_ms", self.connect_timeout_ms.get(), 50..=120_000);
        to.range("first_token_timeout_ms", self.first_token_timeout_ms.get(), 50..=1_800_000);
        to.range("idle_timeout_ms", self.idle_timeout_ms.get(), 50..=1_800_000);
        to.range("max_attempts", self.max_attempts, 1..=20);
        to.range("retry_min_ms", self.retry_min_ms.get(), 1..=600_000);
        to.range("retry_max_ms", self.retry_max_ms.get(), 1..=3_600_000);
        let ordered = self.retry_min_ms <= self.retry_max_ms;
        to.require("retry_max_ms", ordered, "is shorter than retry_min_ms");
        codes(&mut to, "no_retry", &self.no_retry);
        to.range("outage_ms", self.outage_ms.get(), 0..=86_400_000);
        to.range("critical_outage_ms", self.critical_outage_ms.get(), 0..=2_592_000_000);
        to.range("outage_retry_max_ms", self.outage_retry_max_ms.get(), 1_000..=3_600_000);
        to.range("breaker_failures", self.breaker_failures, 1..=100_000);
        to.range("breaker_window_ms", self.breaker_window_ms.get(), 1..=86_400_000);
        to.range("breaker_open_ms", self.breaker_open_ms.get(), 1..=3_600_000);
        self.fallback.check(&mut to);
        to.range("scripted.delay_ms", self.scripted.delay_ms.get(), 0..=600_000);
    }
}

/// Failures are named by their codes, which errors have in common.
fn codes(to: &mut Findings<'_>, field: &str, codes: &[String]) {
    let known = codes.iter().all(|code| code.starts_with("model_"));
    to.require(field, known, "names what is no failure of a model: their codes begin with model_");
}
