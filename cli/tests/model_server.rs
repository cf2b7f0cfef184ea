//! The local model server, against the real one with the real model.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use sba::local::{ModelServer, ModelServerOptions};
use serde_json::{Value, json};

#[tokio::test]
async fn the_model_answers_within_a_schema_to_whoever_has_the_key() {
    let options = ModelServerOptions { threads: 1, parallel: 1, context: 1024 };
    let server = ModelServer::start(options).await.unwrap();
    let url = format!("{}/chat/completions", server.base_url());
    let schema =
        json!({"type": "object", "properties": {"city": {"type": "string", "maxLength": 20}}, "required": ["city"]});
    let question = json!({
        "model": server.model(),
        "messages": [{"role": "user", "content": "What is the capital of France?"}],
        "temperature": 0,
        "max_tokens": 40,
        "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}},
    });
    let client = reqwest::Client::new();
    let refused = client.post(&url).bearer_auth("another key").json(&question).send().await.unwrap();
    assert_eq!(refused.status(), 401);
    let answer: Value =
        client.post(&url).bearer_auth(server.api_key()).json(&question).send().await.unwrap().json().await.unwrap();
    let text = answer["choices"][0]["message"]["content"].as_str().unwrap();
    assert!(serde_json::from_str::<Value>(text).unwrap()["city"].is_string(), "{text}");
    assert!(answer["usage"]["completion_tokens"].as_u64().unwrap() > 0);
}
