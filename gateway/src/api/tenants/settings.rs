//! What a tenant's settings may say.

use garde::Validate;
use sba_service::config::MAX_RETENTION_DAYS;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::extract::{known_tool, language_tag, no_control, not_blank};

/// Settings of a tenant; what they leave open, the configuration decides. A request may ask for less, never for more.
///
/// They are stored as [`TenantSettings`](sba_subjects::event::TenantSettings) reads them.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema, Validate)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// The model's name as its provider knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(inner(length(bytes, min = 1, max = 200), custom(no_control), custom(not_blank)))]
    #[schema(max_length = 200)]
    model: Option<String>,
    /// What the model is told besides SBA's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(inner(length(chars, max = 10_000), custom(no_control)))]
    #[schema(max_length = 10_000)]
    instructions: Option<String>,
    /// Language of the answer where the request does not say, as a BCP 47 tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(inner(length(bytes, min = 2, max = 35), custom(language_tag)))]
    #[schema(example = "en")]
    locale: Option<String>,
    /// Passages of a look-up where the request does not say.
    #[serde(alias = "topK", skip_serializing_if = "Option::is_none")]
    #[garde(inner(range(min = 1)))]
    #[schema(minimum = 1)]
    top_k: Option<u32>,
    /// Most steps of a run.
    #[serde(alias = "maxSteps", skip_serializing_if = "Option::is_none")]
    #[garde(inner(range(min = 1)))]
    #[schema(minimum = 1)]
    max_steps: Option<u32>,
    /// Most tokens of a run, read and written.
    #[serde(alias = "maxRunTokens", skip_serializing_if = "Option::is_none")]
    #[garde(inner(range(min = 1)))]
    #[schema(minimum = 1)]
    max_run_tokens: Option<u64>,
    /// What a run may cost, in millionths of the currency that the prices are configured in.
    #[serde(alias = "maxRunCostMicros", skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    max_run_cost_micros: Option<u64>,
    /// The only tools that the model is offered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(inner(length(max = 50), inner(custom(known_tool))))]
    #[schema(example = json!(["knowledge_search", "task_create"]))]
    tools: Option<Vec<String>>,
    /// The tools of which a person must approve each call.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[garde(length(max = 50), inner(custom(known_tool)))]
    #[schema(example = json!(["task_create"]))]
    approve: Vec<String>,
    /// Days after the end of a run for which its log is kept; not part of what a run is told.
    #[serde(alias = "retentionDays", skip_serializing_if = "Option::is_none")]
    #[garde(inner(range(min = 1, max = MAX_RETENTION_DAYS)))]
    #[schema(minimum = 1, maximum = 3650)]
    retention_days: Option<u32>,
    /// Whether answers are kept, and given again to the same question over the same passages while no model can be
    /// reached. Left open, the configuration decides.
    #[serde(alias = "cachedAnswers", skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    cached_answers: Option<bool>,
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use sba_subjects::event::TenantSettings;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_stored_is_what_runs_read() {
        let whole = json!({
            "model": "large", "instructions": "Be brief.", "locale": "id", "top_k": 3, "max_steps": 4,
            "max_run_tokens": 5, "max_run_cost_micros": 6, "tools": ["task_list"], "approve": ["task_create"],
            "retention_days": 30, "cached_answers": true,
        });
        let settings: Settings = serde_json::from_value(whole.clone()).unwrap();
        settings.validate().unwrap();
        let stored = serde_json::to_value(&settings).unwrap();
        assert_eq!(stored, whole);
        let read: TenantSettings = serde_json::from_value(stored).unwrap();
        let mut told = whole.clone();
        told.as_object_mut().unwrap().remove("retention_days");
        assert_eq!(serde_json::to_value(read).unwrap(), told, "a setting is lost on the way");
        assert_eq!(serde_json::to_value(Settings::default()).unwrap(), json!({}));
    }

    #[test]
    fn what_no_setting_can_be_is_refused() {
        for bad in [
            json!({"approve": ["rm"]}),
            json!({"tools": ["task_create", ""]}),
            json!({"locale": "../../etc"}),
            json!({"top_k": 0}),
            json!({"retention_days": 0}),
            json!({"retention_days": 4_000}),
            json!({"model": " "}),
        ] {
            let settings: Settings = serde_json::from_value(bad.clone()).unwrap();
            assert!(settings.validate().is_err(), "{bad}");
        }
        for bad in [json!({"aprove": []}), json!({"top_k": "six"}), json!({"max_run_tokens": -1})] {
            assert!(serde_json::from_value::<Settings>(bad.clone()).is_err(), "{bad}");
        }
    }
}
