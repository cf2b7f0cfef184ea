//! `[tools.<name>]`

use std::collections::BTreeMap;

use sba_subjects::{
    name::ToolName,
    tool::{CATALOG, spec},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Config, Millis, findings::Findings};
use crate::backoff::Backoff;

/// How calls of tools are tried, by the tool's name.
///
/// What a tool's settings leave open is as the tool itself has it, and else as `[worker]` and `[orchestrator]` say.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct ToolsConfig(BTreeMap<String, ToolConfig>);

/// How calls of one tool are tried.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ToolConfig {
    /// Tries of a call.
    pub max_deliveries: Option<u32>,
    /// Pause before the second try, in milliseconds; it doubles each time, with jitter.
    pub retry_min_ms: Option<Millis>,
    /// Longest pause before another try, in milliseconds.
    pub retry_max_ms: Option<Millis>,
    /// Longest time for one try, in milliseconds.
    pub try_deadline_ms: Option<Millis>,
    /// Longest time from the request to the answer, waiting in the queue and all tries included, in milliseconds.
    pub call_deadline_ms: Option<Millis>,
    /// Codes of failures after which no other try is made, e.g. `job_timeout`, besides those that cannot succeed.
    pub no_retry: Vec<String>,
}

/// How a job is tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tries {
    /// How often, deliveries that came to nothing included.
    pub deliveries: u32,
    /// The pause before another try.
    pub backoff: Backoff,
    /// The longest that one try may take.
    pub deadline: std::time::Duration,
    /// Codes of failures after which no other try is made.
    pub never: Vec<String>,
}

impl Config {
    /// How a job is tried that no other settings concern.
    #[must_use]
    pub fn usual_tries(&self) -> Tries {
        let worker = &self.worker;
        Tries {
            deliveries: worker.max_deliveries,
            backoff: Backoff::new(worker.retry_min_ms.into(), worker.retry_max_ms.into()),
            deadline: worker.job_deadline_ms.into(),
            never: Vec::new(),
        }
    }

    /// How the call of a tool is tried that no other settings concern: nobody waits longer for its answer.
    #[must_use]
    pub fn usual_call_tries(&self) -> Tries {
        let usual = self.usual_tries();
        Tries { deadline: usual.deadline.min(self.orchestrator.tool_deadline_ms.into()), ..usual }
    }

    /// How the calls of tools are tried, by tool, as far as that is not as usual.
    #[must_use]
    pub fn tool_tries(&self) -> BTreeMap<ToolName, Tries> {
        let known = CATALOG.iter().filter_map(|spec| spec.name.parse().ok());
        let named = self.tools.0.keys().filter_map(|name| name.parse().ok());
        known.chain(named).map(|tool: ToolName| (tool.clone(), self.tries_of(&tool))).collect()
    }

    fn tries_of(&self, tool: &ToolName) -> Tries {
        let (usual, own) = (self.usual_call_tries(), self.tools.0.get(tool.as_str()).cloned().unwrap_or_default());
        let (shortest, longest) = (own.retry_min_ms.map(Into::into), own.retry_max_ms.map(Into::into));
        let answer = own.call_deadline_ms.unwrap_or(self.orchestrator.tool_deadline_ms);
        let deadline = own.try_deadline_ms.or_else(|| spec(tool.as_str())?.try_ms.map(Millis::new));
        Tries {
            deliveries: own.max_deliveries.unwrap_or(usual.deliveries),
            backoff: Backoff::new(shortest.unwrap_or(usual.backoff.shortest), longest.unwrap_or(usual.backoff.longest)),
            deadline: deadline.unwrap_or(self.worker.job_deadline_ms).min(answer).into(),
            never: own.no_retry,
        }
    }

    /// The longest time from the request of a call to its answer, by tool, where it is not that of all others.
    #[must_use]
    pub fn call_deadlines(&self) -> BTreeMap<ToolName, Millis> {
        let named = |(name, tool): (&String, &ToolConfig)| Some((name.parse().ok()?, tool.call_deadline_ms?));
        self.tools.0.iter().filter_map(named).collect()
    }
}

impl ToolsConfig {
    pub(super) fn check(&self, mut to: Findings<'_>) {
        for (name, tool) in &self.0 {
            to.require(name, name.parse::<ToolName>().is_ok(), "is no name of a tool");
            tool.check(name, &mut to);
        }
    }
}

impl ToolConfig {
    fn check(&self, name: &str, to: &mut Findings<'_>) {
        let mut range = |field: &str, value: Option<u64>, most: u64| {
            to.range(&format!("{name}.{field}"), value.unwrap_or(1), 1..=most);
        };
        let ms = |span: Option<Millis>| span.map(Millis::get);
        range("max_deliveries", self.max_deliveries.map(u64::from), 1_000);
        range("retry_min_ms", ms(self.retry_min_ms), 600_000);
        range("retry_max_ms", ms(self.retry_max_ms), 3_600_000);
        range("try_deadline_ms", ms(self.try_deadline_ms), 86_400_000);
        range("call_deadline_ms", ms(self.call_deadline_ms), 86_400_000);
    }
}
