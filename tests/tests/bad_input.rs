//! Bad input and bad luck, on real processes: each gets its code and harms nobody else.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "bad_input/documents.rs"]
mod documents;
#[path = "bad_input/ground.rs"]
mod ground;
#[path = "bad_input/model.rs"]
mod model;
#[path = "bad_input/requests.rs"]
mod requests;
#[path = "bad_input/runs.rs"]
mod runs;

use std::time::Duration;

use sba::local::{Stack, StackModel, StackOptions};
use sba_tests::{
    api::User,
    installation::{document, everything},
};
use serde_json::json;

/// Longest wait for anything that should happen.
const DEADLINE: Duration = Duration::from_secs(60);

/// An installation whose model misbehaves when it is asked to.
struct Scene {
    stack: Stack,
    url: String,
    user: User,
}

#[tokio::test]
async fn bad_input_is_refused_and_harms_nobody() {
    let model = model::Unruly::start().await;
    let overrides = json!({
        "model": {
            "provider": "openai", "base_url": model.url(), "api_key": "sk-test", "max_attempts": 2,
            "retry_min_ms": 10, "first_token_timeout_ms": 1_500, "idle_timeout_ms": 1_500,
            // Each failure is to be seen as what it is, however many there are.
            "breaker_failures": 1_000,
        },
        "knowledge": {"max_text_chars": 40_000, "parse_timeout_ms": 4_000},
    });
    let options = StackOptions { model: StackModel::Scripted, overrides, ..StackOptions::default() };
    let stack = Stack::start(options, |_| {}).await.unwrap();
    let user = User::new(&stack, "Careless").await.unwrap();
    let mut scene = Scene { url: stack.url().to_owned(), stack, user };
    let client = scene.user.client(&scene.url).unwrap();
    document(&client, "terms.md", "# Terms\n\nInvoices are due within thirty days.").await.unwrap();

    requests::bodies_that_cannot_be_used(&scene).await;
    requests::tokens_that_do_not_hold(&scene).await;
    requests::runs_of_another_tenant(&scene).await;
    documents::a_body_of_200_megabytes(&mut scene).await;
    documents::what_cannot_be_read(&scene).await;
    documents::no_room_for_blobs(&scene).await;
    runs::models_that_misbehave(&scene).await;
    runs::answers_that_are_none(&scene).await;
    runs::instructions_in_a_document(&scene).await;
    ground::a_port_in_use(&scene).await;
    ground::a_database_that_is_down(&scene).await;
    ground::a_part_that_is_missing(&scene).await;
    model.stop().await;
    runs::a_model_that_nobody_serves(&scene).await;
    scene.still_answers_requests().await;
}

impl Scene {
    fn at(&self, path: &str) -> String {
        format!("{}/api/v1/{path}", self.url)
    }

    /// How a run ended, and with what code.
    async fn outcome(&self, prompt: &str) -> (String, String) {
        let client = self.user.client(&self.url).unwrap();
        let run = client.start_run(prompt, None).await.unwrap();
        let events = everything(&client, run).await.unwrap();
        let done = &events.last().unwrap().payload;
        let code = done["error"]["code"].as_str().unwrap_or_default();
        (done["status"].as_str().unwrap().to_owned(), code.to_owned())
    }

    async fn still_answers_requests(&self) {
        assert_eq!(self.user.get(&self.at("runs")).await.unwrap().0, 200);
    }
}
