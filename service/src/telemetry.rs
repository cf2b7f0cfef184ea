//! Logs and traces of a process.
//!
//! Spans name what they are about with `tenant_id`, `user_id`, `run_id` and `request_id`. Traces carry these as
//! attributes; every log line within such a span carries them as `tenantId`, `userId`, `runId`, `requestId`.

mod export;
mod json;
pub mod trace;

use std::{
    io::{self, IsTerminal as _},
    time::Duration,
};

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::{
    EnvFilter, Layer, Registry, filter::filter_fn, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

use crate::config::{LogFormat, TelemetryConfig};

/// Why telemetry could not be started.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// `telemetry.log_level` cannot be read.
    #[error("telemetry.log_level is not a level or a list of directives: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// The exporter of traces cannot be made.
    #[error("telemetry.otlp_endpoint cannot be used: {0}")]
    Export(#[from] opentelemetry_otlp::ExporterBuildError),
    /// This process has telemetry already.
    #[error("telemetry was started twice: {0}")]
    Twice(#[from] tracing_subscriber::util::TryInitError),
}

impl TelemetryError {
    /// A stable name for the kind of failure.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Filter(_) => "telemetry_filter_invalid",
            Self::Export(_) => "telemetry_export_failed",
            Self::Twice(_) => "telemetry_started_twice",
        }
    }
}

/// Keeps telemetry running; when it is dropped, what was recorded is sent, within the configured deadline.
#[derive(Debug)]
#[must_use = "traces are flushed when this is dropped"]
pub struct Telemetry {
    provider: Option<SdkTracerProvider>,
    deadline: Duration,
}

/// Starts logging to standard error and, where an endpoint is configured, the export of traces.
///
/// `service` names the process in traces, e.g. `sba-gateway`; `instance` tells apart processes of one kind. With
/// an endpoint, it must be called within a tokio runtime.
///
/// # Errors
/// If the filter or the endpoint cannot be used, or telemetry runs already.
pub fn start(config: &TelemetryConfig, service: &'static str, instance: &str) -> Result<Telemetry, TelemetryError> {
    let filter = EnvFilter::try_new(&config.log_level)?;
    let provider = export::provider(config, service, instance)?;
    let traces = provider.as_ref().map(|provider| {
        let tracer = provider.tracer("sba");
        let layer = tracing_opentelemetry::layer().with_tracer(tracer).with_threads(false).with_location(false);
        layer.with_filter(filter_fn(|about| !of_the_exporter(about.target())))
    });
    Registry::default().with(filter).with(traces).with(lines(config.log_format)).try_init()?;
    Ok(Telemetry { provider, deadline: config.export_timeout_ms.duration() })
}

/// Spans of the libraries that send spans would be sent in their turn, for ever.
fn of_the_exporter(target: &str) -> bool {
    let library = target.split("::").next().unwrap_or_default();
    ["h2", "hyper", "hyper_util", "tonic", "tower", "opentelemetry_sdk", "opentelemetry_otlp"].contains(&library)
}

fn lines<S>(format: LogFormat) -> Box<dyn Layer<S> + Send + Sync>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    match format {
        LogFormat::Json => Box::new(json::JsonLines::new(io::stderr)),
        LogFormat::Text => {
            let ansi = io::stderr().is_terminal();
            Box::new(tracing_subscriber::fmt::layer().with_writer(io::stderr).with_ansi(ansi))
        }
    }
}

impl Telemetry {
    /// Sends what was recorded, without holding up other tasks. Call it last.
    pub async fn finish(mut self) {
        let (provider, deadline) = (self.provider.take(), self.deadline);
        // The exporter blocks its caller while tasks of this runtime send.
        let sent = tokio::task::spawn_blocking(move || flush(provider.as_ref(), deadline));
        if sent.await.is_err() {
            tracing::warn!("sending the last traces failed");
        }
    }
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        flush(self.provider.take().as_ref(), self.deadline);
    }
}

fn flush(provider: Option<&SdkTracerProvider>, deadline: Duration) {
    if let Some(provider) = provider
        && let Err(error) = provider.shutdown_with_timeout(deadline)
    {
        tracing::warn!(%error, "the last traces were not sent");
    }
}
