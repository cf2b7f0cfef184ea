//! Traces on their way to an OpenTelemetry collector.

use opentelemetry::KeyValue;
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::{
    Resource,
    trace::{BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider},
};
use opentelemetry_semantic_conventions::resource::SERVICE_VERSION;

use crate::config::TelemetryConfig;

/// Most spans that wait to be sent; more are dropped, so that a slow collector never slows a run.
const QUEUE: usize = 8_192;

pub(super) fn provider(
    config: &TelemetryConfig,
    service: &'static str,
    instance: &str,
) -> Result<Option<SdkTracerProvider>, ExporterBuildError> {
    let Some(endpoint) = &config.otlp_endpoint else { return Ok(None) };
    let exporter = SpanExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .with_timeout(config.export_timeout_ms.duration())
        .build()?;
    let batch = BatchConfigBuilder::default().with_max_queue_size(QUEUE).build();
    let resource = Resource::builder()
        .with_service_name(service)
        .with_attributes([
            KeyValue::new(SERVICE_VERSION, env!("CARGO_PKG_VERSION")),
            KeyValue::new("service.instance.id", instance.to_owned()),
        ])
        .build();
    let provider = SdkTracerProvider::builder()
        .with_span_processor(BatchSpanProcessor::builder(exporter).with_batch_config(batch).build())
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(config.trace_ratio))))
        .with_resource(resource)
        .build();
    Ok(Some(provider))
}
