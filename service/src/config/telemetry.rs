//! `[telemetry]`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Millis, findings::Findings};

/// Logs, traces and metrics.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TelemetryConfig {
    /// What is logged: a level, or directives such as `info,sba_gateway=debug`.
    pub log_level: String,
    /// How a line looks.
    pub log_format: LogFormat,
    /// Address of an OpenTelemetry collector (gRPC), e.g. `http://127.0.0.1:4317`. Unset: no traces are sent.
    pub otlp_endpoint: Option<String>,
    /// Share of new traces that are sent, 0 to 1; a trace begun elsewhere follows its beginning.
    pub trace_ratio: f64,
    /// Longest wait for the collector, also when a process ends, in milliseconds.
    pub export_timeout_ms: Millis,
    /// Address and port for `/metrics`, `/healthz` and `/readyz`; port 0 takes a free one, empty turns it off.
    pub metrics_listen: String,
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// One JSON object a line, for machines.
    Json,
    /// For people.
    Text,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self {
            log_level: "info".to_owned(),
            log_format: LogFormat::Json,
            otlp_endpoint: None,
            trace_ratio: 1.0,
            export_timeout_ms: Millis::new(3_000),
            metrics_listen: "127.0.0.1:0".to_owned(),
        }
    }
}

impl TelemetryConfig {
    pub(super) fn check(&self, mut to: Findings<'_>) {
        if let Err(error) = tracing_subscriber::EnvFilter::try_new(&self.log_level) {
            to.add("log_level", format!("is not a level or a list of directives: {error}"));
        }
        if let Some(endpoint) = &self.otlp_endpoint {
            to.scheme("otlp_endpoint", endpoint, &["http://"]);
        }
        to.range("trace_ratio", self.trace_ratio, 0.0..=1.0);
        to.range("export_timeout_ms", self.export_timeout_ms.get(), 50..=60_000);
        if !self.metrics_listen.is_empty() {
            to.socket("metrics_listen", &self.metrics_listen);
        }
    }
}
