//! From `[model]` of the configuration to a model that can be called.

use std::{sync::Arc, time::Duration};

use genai::adapter::AdapterKind;
use sba_service::{
    config::{ModelConfig, ModelProvider, ScriptedCall, ScriptedConfig, ScriptedFailure, ToolCalls},
    metrics::{IntGauge, Metrics},
};
use serde_json::Value;

use super::by_schema::BySchema;
use super::openai::{Endpoint, OpenAi};
use super::remote::Remote;
use super::{
    Breaker, CallLimits, Fallback, Fault, FaultKind, Guarded, Limits, Model, ModelError, Patience, Script, Scripted,
};

/// Where OpenAI itself is, for a configuration that names a key but no address.
const OPENAI_BASE_URL: &str = "https://api.openai.com/v1/";

/// The longest event of an answer: far more than any provider puts into one, far less than what hurts.
const EVENT_BYTES: usize = 256 * 1024;

/// No token of any known vocabulary is longer; bounds an answer by its allowed number of tokens.
const BYTES_PER_TOKEN: usize = 512;

/// Builds the configured model, held to the configured deadlines. `turn` bounds the wait of a call for its turn;
/// `metrics` show how it does.
///
/// # Errors
/// [`ModelError::Misconfigured`] for an address or a key that cannot work. The endpoint is not
/// called: it may start later than SBA.
pub fn from_config(config: &ModelConfig, turn: Duration, metrics: &Metrics) -> Result<Arc<dyn Model>, ModelError> {
    let first = one(config, turn, metrics.model_circuit("first"))?;
    let Some(provider) = config.fallback.provider else { return Ok(first) };
    let other = config.fallback.clone();
    let second = ModelConfig {
        provider,
        name: other.name,
        base_url: other.base_url,
        api_key: other.api_key,
        tool_calls: other.tool_calls,
        ..config.clone()
    };
    let other = one(&second, turn, metrics.model_circuit("fallback"))?;
    Ok(Arc::new(Fallback::new(first, other, second.name)))
}

/// One endpoint, with all that is around it.
fn one(config: &ModelConfig, turn: Duration, circuit: IntGauge) -> Result<Arc<dyn Model>, ModelError> {
    let provider: Arc<dyn Model> = match config.provider {
        ModelProvider::OpenAi => Arc::new(OpenAi::new(endpoint(config, OPENAI_BASE_URL))?),
        ModelProvider::Anthropic => Arc::new(Remote::new(AdapterKind::Anthropic, endpoint(config, ""))?),
        ModelProvider::Scripted => Arc::new(Scripted::new(script(&config.scripted))),
    };
    let limits = limits(config, turn);
    let provider: Arc<dyn Model> = match config.tool_calls {
        ToolCalls::Native => provider,
        ToolCalls::Schema => Arc::new(BySchema::new(provider, limits.answer_bytes)),
    };
    let patience = Patience {
        failures: config.breaker_failures,
        window: config.breaker_window_ms.into(),
        open: config.breaker_open_ms.into(),
    };
    Ok(Arc::new(Breaker::new(Arc::new(Guarded::new(provider, limits)), &config.name, patience, circuit)))
}

fn endpoint<'a>(config: &'a ModelConfig, default_base_url: &'a str) -> Endpoint<'a> {
    Endpoint {
        base_url: config.base_url.as_deref().unwrap_or(default_base_url),
        api_key: config.api_key.as_ref().map_or("", |key| key.reveal()),
        connect_timeout: config.connect_timeout_ms.into(),
        event_bytes: EVENT_BYTES,
        tool_calls: CallLimits::WIDE,
    }
}

fn limits(config: &ModelConfig, turn: Duration) -> Limits {
    Limits {
        turn,
        calls: config.max_concurrent_calls,
        first_token: config.first_token_timeout_ms.into(),
        next_token: config.idle_timeout_ms.into(),
        chunk_bytes: EVENT_BYTES,
        answer_bytes: BYTES_PER_TOKEN.saturating_mul(config.max_output_tokens as usize),
        tool_calls: CallLimits::WIDE,
        overhead_tokens: config.overhead_tokens,
    }
}

fn script(config: &ScriptedConfig) -> Script {
    let kind = match config.fail {
        ScriptedFailure::Never => None,
        ScriptedFailure::Unreachable => Some(FaultKind::Unreachable),
        ScriptedFailure::MidStream => Some(FaultKind::Cut),
        ScriptedFailure::Garbage => Some(FaultKind::Garbage),
        ScriptedFailure::Stall => Some(FaultKind::Stall),
    };
    let delay = config.delay_ms.into();
    let fault = kind.map(|kind| Fault {
        kind,
        after_tokens: config.text.split_whitespace().count() / 2,
        calls: (config.fail_calls > 0).then_some(config.fail_calls.into()),
    });
    let call = |call: &ScriptedCall| (call.name.clone(), Value::Object(call.arguments.clone()).to_string());
    let calls = config.calls.iter().map(|turn| turn.iter().map(call).collect()).collect();
    Script { calls, first_token_delay: delay, token_delay: delay, fault, ..Script::new(&config.text) }
}
