//! Traces reach a collector, and one that never answers does not hold up the end of a process.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use opentelemetry::trace::TraceContextExt as _;
use sba_service::{
    config::{Millis, TelemetryConfig},
    telemetry::{self, trace},
};
use tokio::{
    io::AsyncReadExt as _,
    net::{TcpListener, TcpStream},
};

/// Longest wait for anything, on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(30);

/// Reads until all of `words` came by. It never answers, and gives the connection back open.
async fn receive(listener: TcpListener, words: &[&str]) -> TcpStream {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut bytes = Vec::new();
    let seen = |bytes: &[u8], word: &str| bytes.windows(word.len()).any(|part| part == word.as_bytes());
    while !words.iter().all(|word| seen(&bytes, word)) {
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0, "the connection was closed without {words:?}");
    }
    stream
}

#[tokio::test]
async fn spans_are_sent_at_the_end_and_a_silent_collector_does_not_prevent_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = TelemetryConfig {
        otlp_endpoint: Some(format!("http://{}", listener.local_addr().unwrap())),
        export_timeout_ms: Millis::new(500),
        ..TelemetryConfig::default()
    };
    let telemetry = telemetry::start(&config, "sba-test", "instance-7").unwrap();
    assert!(telemetry::start(&config, "sba-test", "instance-7").is_err(), "a second start is an error");
    let mut headers = async_nats::HeaderMap::new();
    tracing::info_span!("the work", tenant_id = "tenant-42").in_scope(|| trace::inject(&mut headers));
    let parent = trace::extract(&headers);
    assert!(parent.span().span_context().is_valid(), "the span travels in the headers");
    let next = tracing::info_span!("the next step");
    trace::continue_from(&next, parent);
    next.in_scope(|| tracing::info!("done"));
    drop(next);

    let words = ["sba-test", "instance-7", "the work", "the next step", "tenant_id", "tenant-42"];
    let both = async { tokio::join!(telemetry.finish(), receive(listener, &words)) };
    tokio::time::timeout(PATIENCE, both).await.unwrap();
}
