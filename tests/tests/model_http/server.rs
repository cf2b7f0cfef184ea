//! HTTP servers that stand in for a model's provider, and the models that call them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use sba_orchestrator::model::{Model, from_config};
use sba_service::{
    config::{Millis, ModelConfig, ModelProvider, Secret},
    metrics::Metrics,
};
use serde_json::Value;
use tokio::net::TcpListener;

pub(super) const KEY: &str = "sk-test-4711";
/// The deadline of models that are expected to keep it, on a busy machine too.
pub(super) const LONG: Duration = Duration::from_secs(20);
/// No answer may take longer than this, whatever happens.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// A server on a free port that records what it is asked.
pub(super) struct Server {
    pub(super) url: String,
    pub(super) asked: Arc<Mutex<Vec<(String, HeaderMap, Value)>>>,
}

impl Server {
    pub(super) async fn start(answer: impl Fn() -> Response + Clone + Send + Sync + 'static) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&asked);
        let handler = move |request: Request| async move {
            let (head, body) = request.into_parts();
            let body = to_bytes(body, 1 << 20).await.unwrap();
            let body = serde_json::from_slice(&body).unwrap_or_default();
            record.lock().unwrap().push((head.uri.path().to_owned(), head.headers, body));
            answer()
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        tokio::spawn(axum::serve(listener, Router::new().fallback(handler)).into_future());
        Self { url, asked }
    }

    pub(super) async fn sse(pieces: impl Fn() -> BoxStream<'static, Piece> + Clone + Send + Sync + 'static) -> Self {
        Self::start(move || event_stream(pieces())).await
    }

    pub(super) async fn says(text: impl Into<Vec<u8>>) -> Self {
        let text = Bytes::from(text.into());
        Self::sse(move || stream::iter([Ok(text.clone())]).boxed()).await
    }

    pub(super) async fn refuses(status: u16, headers: &[(&'static str, &'static str)], body: impl ToString) -> Self {
        let headers = headers.to_vec();
        let body = body.to_string();
        Self::start(move || {
            let mut response = (StatusCode::from_u16(status).unwrap(), body.clone()).into_response();
            for (name, value) in &headers {
                response.headers_mut().insert(*name, value.parse().unwrap());
            }
            response
        })
        .await
    }

    /// What has SBA call this server.
    pub(super) fn config(&self, provider: ModelProvider) -> ModelConfig {
        ModelConfig {
            provider,
            base_url: Some(self.url.clone()),
            api_key: Some(Secret::new(KEY)),
            max_output_tokens: 100,
            first_token_timeout_ms: millis(LONG),
            idle_timeout_ms: millis(LONG),
            ..ModelConfig::default()
        }
    }

    pub(super) fn openai(&self) -> Arc<dyn Model> {
        build(&self.config(ModelProvider::OpenAi))
    }

    pub(super) fn anthropic(&self) -> Arc<dyn Model> {
        build(&self.config(ModelProvider::Anthropic))
    }
}

pub(super) fn build(config: &ModelConfig) -> Arc<dyn Model> {
    from_config(config, PATIENCE, &Metrics::new().unwrap()).unwrap()
}

/// What a server sends: bytes, or the connection's sudden end.
pub(super) type Piece = Result<Bytes, std::io::Error>;

pub(super) fn millis(time: Duration) -> Millis {
    Millis::new(u64::try_from(time.as_millis()).unwrap())
}

fn event_stream(pieces: BoxStream<'static, Piece>) -> Response {
    ([("content-type", "text/event-stream")], Body::from_stream(pieces)).into_response()
}
