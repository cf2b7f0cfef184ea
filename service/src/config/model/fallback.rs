//! `[model.fallback]`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ModelProvider, ToolCalls, codes};
use crate::config::{Millis, Secret, findings::Findings};

/// The endpoint that answers while the first one is left alone. Other limits and deadlines are those of the first.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FallbackConfig {
    /// Which kind of endpoint answers. Unset: there is no other endpoint.
    pub provider: Option<ModelProvider>,
    /// Name of the model, as this endpoint knows it.
    pub name: String,
    /// Address of the endpoint up to and including its version. Unset: the provider's own.
    pub base_url: Option<String>,
    /// Key for the endpoint. A secret.
    pub api_key: Option<Secret>,
    /// How this endpoint is told of tools, and how it asks for them.
    pub tool_calls: ToolCalls,
    /// Attempts of one call. Unset: as for the first.
    pub max_attempts: Option<u32>,
    /// Pause before the second attempt, in milliseconds. Unset: as for the first.
    pub retry_min_ms: Option<Millis>,
    /// Longest pause before a new attempt, in milliseconds. Unset: as for the first.
    pub retry_max_ms: Option<Millis>,
    /// Codes of failures after which no further attempt is made. Unset: as for the first.
    pub no_retry: Option<Vec<String>>,
}

impl Default for FallbackConfig {
    fn default() -> Self {
        Self {
            provider: None,
            name: String::new(),
            base_url: None,
            api_key: None,
            tool_calls: ToolCalls::Native,
            max_attempts: None,
            retry_min_ms: None,
            retry_max_ms: None,
            no_retry: None,
        }
    }
}

impl FallbackConfig {
    pub(super) fn check(&self, to: &mut Findings<'_>) {
        let Some(provider) = self.provider else {
            let none = self.name.is_empty() && self.base_url.is_none() && self.api_key.is_none();
            return to.require("fallback.provider", none, "is needed for another endpoint");
        };
        to.require("fallback.name", !self.name.trim().is_empty(), "is empty");
        if let Some(url) = &self.base_url {
            to.scheme("fallback.base_url", url, &["http://", "https://"]);
        }
        let keyed = provider != ModelProvider::Anthropic || self.api_key.is_some();
        to.require("fallback.api_key", keyed, "is needed for the provider anthropic");
        to.range("fallback.max_attempts", self.max_attempts.unwrap_or(1), 1..=20);
        to.range("fallback.retry_min_ms", self.retry_min_ms.map_or(1, Millis::get), 1..=600_000);
        to.range("fallback.retry_max_ms", self.retry_max_ms.map_or(1, Millis::get), 1..=3_600_000);
        codes(to, "fallback.no_retry", self.no_retry.as_deref().unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(fallback: &FallbackConfig) -> Vec<String> {
        let mut all = Vec::new();
        fallback.check(&mut Findings::new("model", &mut all));
        all.into_iter().map(|finding| finding.key).collect()
    }

    #[test]
    fn another_endpoint_is_named_in_full_or_not_at_all() {
        let named = FallbackConfig { name: "small".to_owned(), ..FallbackConfig::default() };
        assert!(found(&FallbackConfig::default()).is_empty());
        assert_eq!(found(&named), ["model.fallback.provider"]);
        let openai = FallbackConfig { provider: Some(ModelProvider::OpenAi), ..named.clone() };
        assert!(found(&openai).is_empty());
        let nameless = FallbackConfig { name: " ".to_owned(), base_url: Some("ftp://x".to_owned()), ..openai };
        assert_eq!(found(&nameless), ["model.fallback.name", "model.fallback.base_url"]);
        let keyless = FallbackConfig { provider: Some(ModelProvider::Anthropic), ..named };
        assert_eq!(found(&keyless), ["model.fallback.api_key"]);
    }
}
