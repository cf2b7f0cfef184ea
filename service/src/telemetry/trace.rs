//! Traces that cross HTTP, NATS and processes, in the headers of W3C Trace Context.
//!
//! Where no traces are exported, nothing is written to headers and what is read has no effect.

use axum::http;
use opentelemetry::{
    Context,
    propagation::{Extractor, Injector, TextMapPropagator as _},
};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// Writes the current span into the headers of a NATS message.
pub fn inject(headers: &mut async_nats::HeaderMap) {
    propagator().inject_context(&Span::current().context(), &mut NatsWriter(headers));
}

/// Reads the span that sent a NATS message. Headers that say nothing, or nonsense, give an empty context.
#[must_use]
pub fn extract(headers: &async_nats::HeaderMap) -> Context {
    propagator().extract_with_context(&Context::new(), &NatsReader(headers))
}

/// Writes the current span into the headers of an HTTP request.
pub fn inject_http(headers: &mut http::HeaderMap) {
    propagator().inject_context(&Span::current().context(), &mut HttpWriter(headers));
}

/// Reads the span that sent an HTTP request. Headers that say nothing, or nonsense, give an empty context.
#[must_use]
pub fn extract_http(headers: &http::HeaderMap) -> Context {
    propagator().extract_with_context(&Context::new(), &HttpReader(headers))
}

/// Makes a span that was not entered yet a child of what [`extract`] or [`extract_http`] read.
pub fn continue_from(span: &Span, parent: Context) {
    // It fails where no traces are exported, and then there is nothing to continue.
    let _ = span.set_parent(parent);
}

fn propagator() -> TraceContextPropagator {
    TraceContextPropagator::new()
}

struct NatsWriter<'a>(&'a mut async_nats::HeaderMap);
struct NatsReader<'a>(&'a async_nats::HeaderMap);
struct HttpWriter<'a>(&'a mut http::HeaderMap);
struct HttpReader<'a>(&'a http::HeaderMap);

impl Injector for NatsWriter<'_> {
    fn set(&mut self, key: &str, value: String) {
        self.0.insert(key, value);
    }
}

impl Extractor for NatsReader<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(async_nats::HeaderValue::as_str)
    }

    fn keys(&self) -> Vec<&str> {
        self.0.iter().map(|(name, _)| name.as_ref()).collect()
    }
}

impl Injector for HttpWriter<'_> {
    fn set(&mut self, key: &str, value: String) {
        let name = http::HeaderName::try_from(key);
        if let (Ok(name), Ok(value)) = (name, http::HeaderValue::try_from(value)) {
            self.0.insert(name, value);
        }
    }
}

impl Extractor for HttpReader<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(http::HeaderName::as_str).collect()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use opentelemetry::trace::{TraceContextExt as _, TracerProvider as _};
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use tracing_subscriber::{Registry, layer::SubscriberExt as _};

    use super::*;

    fn traced<T>(run: impl FnOnce() -> T) -> T {
        let provider = SdkTracerProvider::builder().build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        tracing::subscriber::with_default(Registry::default().with(layer), run)
    }

    fn trace_of(context: &Context) -> String {
        context.span().span_context().trace_id().to_string()
    }

    #[test]
    fn a_trace_goes_through_http_and_nats_into_another_process() {
        let mut http = http::HeaderMap::new();
        let trace = traced(|| {
            tracing::info_span!("client").in_scope(|| {
                inject_http(&mut http);
                trace_of(&Span::current().context())
            })
        });
        let mut nats = async_nats::HeaderMap::new();
        traced(|| {
            let span = tracing::info_span!("gateway");
            continue_from(&span, extract_http(&http));
            span.in_scope(|| inject(&mut nats));
        });
        let received = extract(&nats);
        assert_eq!(trace_of(&received), trace);
        let sender = http.get("traceparent").unwrap().to_str().unwrap();
        assert_ne!(nats.get("traceparent").unwrap().as_str(), sender, "the gateway's span lies between");
    }

    #[test]
    fn nonsense_in_headers_starts_no_trace() {
        for text in ["", "00-0-0-0", "zz", "00-00000000000000000000000000000000-0000000000000000-01"] {
            let mut headers = http::HeaderMap::new();
            headers.insert("traceparent", text.parse().unwrap());
            assert!(!extract_http(&headers).span().span_context().is_valid(), "{text}");
        }
    }

    #[test]
    fn without_export_headers_stay_clean() {
        let mut headers = async_nats::HeaderMap::new();
        inject(&mut headers);
        assert!(headers.is_empty());
    }
}
