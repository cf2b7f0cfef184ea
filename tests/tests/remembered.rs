//! Runs that two orchestrators take turns at: what one remembers of a run is old when the other has driven it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use futures::future::join_all;
use sba::local::{Stack, StackModel, StackOptions};
use sba_tests::installation::{RUN, tenant};
use serde_json::json;
use tokio::time::{Instant, sleep};

/// Runs at once: with three parks each, hundreds of commands come to an orchestrator that remembers an older state.
const RUNS: usize = 60;

#[tokio::test]
async fn no_result_is_lost_on_an_orchestrator_that_remembers_less() {
    let call = |query: &str| json!([{"name": "knowledge_search", "arguments": {"query": query}}]);
    let options = StackOptions {
        model: StackModel::Scripted,
        stub_look_up: true,
        overrides: json!({"model": {"scripted": {"text": "Done.", "calls": [call("a"), call("b"), call("c")]}}}),
        ..StackOptions::default()
    };
    let stack = Stack::start(options, |_| {}).await.unwrap();
    let client = tenant(&stack, "Acme").await.unwrap();
    let body = json!({"prompt": "Look three things up.", "workflow": "agentic"});
    let runs = join_all((0..RUNS).map(|_| client.start(&body))).await;
    let end = Instant::now() + RUN;
    for run in runs {
        let path = format!("/api/v1/runs/{}", run.unwrap());
        loop {
            let run = client.get(&path).await.unwrap();
            if run["status"] == "completed" {
                assert_eq!(run["steps"].as_array().unwrap().len(), 7, "{run}");
                break;
            }
            assert!(Instant::now() < end, "{run}");
            sleep(Duration::from_millis(20)).await;
        }
    }
}
