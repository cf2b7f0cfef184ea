//! The model's provider goes and comes back, with real processes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use sba::{
    client::Event,
    local::{Stack, StackModel, StackOptions},
};
use sba_tests::{
    api::{User, until},
    installation::everything,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use uuid::Uuid;

const DEADLINE: Duration = Duration::from_secs(60);
const SAYS: &str = "Invoices are due within thirty days.";

/// A provider that is there or out.
struct Provider {
    url: String,
    up: Arc<AtomicBool>,
}

impl Provider {
    async fn start() -> Self {
        let up = Arc::new(AtomicBool::new(true));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1/", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(up.clone());
        tokio::spawn(axum::serve(listener, router).into_future());
        Self { url, up }
    }

    fn is(&self, up: bool) {
        self.up.store(up, Ordering::SeqCst);
    }
}

async fn answer(State(up): State<Arc<AtomicBool>>) -> Response {
    if !up.load(Ordering::SeqCst) {
        return (StatusCode::SERVICE_UNAVAILABLE, "overloaded").into_response();
    }
    let chunk = |delta: Value, finish: Value| {
        let choices = json!([{"index": 0, "delta": delta, "finish_reason": finish}]);
        format!("data: {}\n\n", json!({"object": "chat.completion.chunk", "choices": choices}))
    };
    let said =
        [chunk(json!({"content": SAYS}), Value::Null), chunk(json!({}), json!("stop")), "data: [DONE]\n\n".into()];
    ([("content-type", "text/event-stream")], said.concat()).into_response()
}

/// An installation whose orchestrator finds the provider out after two failures.
async fn installation(provider: &Provider, more: Value) -> Stack {
    let mut model = json!({
        "provider": "openai", "base_url": provider.url, "api_key": "sk-test", "retry_min_ms": 10, "retry_max_ms": 50,
        "breaker_failures": 2, "breaker_open_ms": 300, "scripted": {"text": "I am the other one."},
    });
    model.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let overrides = json!({"model": model, "orchestrator": {"park_after_ms": 1_000}});
    let options = StackOptions {
        model: StackModel::Scripted,
        orchestrators: 1,
        workers: 1,
        overrides,
        ..StackOptions::default()
    };
    Stack::start(options, |_| {}).await.unwrap()
}

async fn start(user: &User, stack: &Stack, prompt: &str, options: Value) -> Uuid {
    let body = json!({"prompt": prompt, "workflow": "agentic", "options": options});
    let (status, run) = user.post(&format!("{}/api/v1/runs", stack.url()), &body).await.unwrap();
    assert_eq!(status, 201, "{run}");
    run["run_id"].as_str().unwrap().parse().unwrap()
}

async fn events(user: &User, stack: &Stack, run: Uuid) -> Vec<Event> {
    everything(&user.client(stack.url()).unwrap(), run).await.unwrap()
}

/// How a run ended, and with which code.
fn end(events: &[Event]) -> (&str, &str) {
    let done = &events.last().unwrap().payload;
    (done["status"].as_str().unwrap(), done["error"]["code"].as_str().unwrap_or_default())
}

/// Where the last answer of the model came from.
fn source(events: &[Event]) -> &Value {
    let answered = events.iter().rev().find(|event| event.r#type == "step_finished").unwrap();
    &answered.payload["output"]["source"]
}

/// A figure of the orchestrator.
async fn figure(stack: &mut Stack, name: &str) -> Option<f64> {
    let url = format!("{}/metrics", stack.orchestrators()[0].ops_url());
    let text = reqwest::get(url).await.unwrap().text().await.unwrap();
    text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
}

#[tokio::test]
async fn the_fallback_answers_while_the_first_is_out_and_says_so() {
    let provider = Provider::start().await;
    let mut stack = installation(&provider, json!({"fallback": {"provider": "scripted", "name": "other"}})).await;
    let user = User::new(&stack, "Careful").await.unwrap();
    provider.is(false);
    let run = start(&user, &stack, "When are invoices due?", json!({})).await;
    let told = events(&user, &stack, run).await;
    assert_eq!(end(&told), ("completed", ""), "{told:?}");
    assert_eq!(source(&told), &json!({"fallback": {"model": "other"}}));
    assert_eq!(figure(&mut stack, "sba_model_circuit{endpoint=\"first\"}").await, Some(2.0));
    assert_eq!(figure(&mut stack, "sba_model_circuit{endpoint=\"fallback\"}").await, Some(0.0));
    assert_eq!(figure(&mut stack, "sba_model_failures_total{code=\"model_refused\"}").await, Some(2.0));

    provider.is(true);
    until("the first to be asked again", DEADLINE, async || {
        let run = start(&user, &stack, "When are invoices due?", json!({})).await;
        Ok(source(&events(&user, &stack, run).await).is_null().then_some(()))
    })
    .await
    .unwrap();
    assert_eq!(figure(&mut stack, "sba_model_circuit{endpoint=\"first\"}").await, Some(0.0));
}

#[tokio::test]
async fn runs_are_given_an_earlier_answer_wait_or_are_cancelled_with_notice() {
    let provider = Provider::start().await;
    let patience = json!({"outage_ms": 3_000, "outage_retry_max_ms": 1_000, "cached_answers": true});
    let mut stack = installation(&provider, patience).await;
    let (user, other) = (User::new(&stack, "One").await.unwrap(), User::new(&stack, "Two").await.unwrap());
    let prompt = "When are invoices due?";
    let first = start(&user, &stack, prompt, json!({})).await;
    assert_eq!(end(&events(&user, &stack, first).await).0, "completed");
    provider.is(false);

    let same = start(&user, &stack, prompt, json!({})).await;
    let critical = start(&user, &stack, "Whose invoices?", json!({"critical": true})).await;
    let declining = start(&user, &stack, prompt, json!({"cached_answers": false})).await;
    let foreign = start(&other, &stack, prompt, json!({})).await;

    let told = events(&user, &stack, same).await;
    assert_eq!(end(&told), ("completed", ""), "{told:?}");
    assert_eq!(source(&told)["cache"]["run_id"], json!(first), "{told:?}");
    assert!(source(&told)["cache"]["answered_at"].as_u64().unwrap() > 1_700_000_000_000);
    let notice = told.iter().position(|event| event.r#type == "error").unwrap();
    assert!(told[notice..].iter().any(|event| event.r#type == "token" && event.payload["text"] == SAYS), "{told:?}");

    for (user, run) in [(&user, declining), (&other, foreign)] {
        let told = events(user, &stack, run).await;
        assert_eq!(end(&told), ("cancelled", "model_outage"), "{told:?}");
        let notice = told.iter().any(|event| event.r#type == "error" && event.payload["code"] == "model_outage");
        assert!(notice, "{told:?}");
        let waited = told.iter().filter(|event| event.payload["status"] == "paused").collect::<Vec<_>>();
        assert!(waited.iter().all(|event| event.payload["until"].is_u64()) && !waited.is_empty(), "{told:?}");
    }
    assert_eq!(figure(&mut stack, "sba_runs_cancelled_by_outage_total").await, Some(2.0));
    // A run that comes now does not begin to wait.
    let late = start(&user, &stack, "Whose invoice?", json!({})).await;
    let told = events(&user, &stack, late).await;
    assert_eq!(end(&told), ("cancelled", "model_outage"));
    assert!(told.iter().all(|event| event.payload["status"] != "paused"), "{told:?}");

    let url = format!("{}/api/v1/runs/{critical}", stack.url());
    assert!(["paused", "running"].contains(&user.get(&url).await.unwrap().1["status"].as_str().unwrap()));
    provider.is(true);
    let told = events(&user, &stack, critical).await;
    assert_eq!(end(&told), ("completed", ""), "{told:?}");
    assert_eq!(source(&told), &Value::Null);
}
