#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use futures::TryStreamExt;
use serde_json::json;

use super::*;
use crate::model::{Message, ToolOffer};

fn request(schema: Option<OutputSchema>) -> ModelRequest {
    ModelRequest {
        model: "scripted".into(),
        system: String::new(),
        messages: vec![Message::user("Who are you?")],
        tools: Vec::new(),
        schema,
        max_output_tokens: 100,
        temperature: None,
        seed: None,
    }
}

fn schema() -> OutputSchema {
    let json = json!({"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"]});
    OutputSchema { name: "answer".into(), json }
}

fn fault(kind: FaultKind, after_tokens: usize, calls: Option<u64>) -> Fault {
    Fault { kind, after_tokens, calls }
}

async fn say(model: &Scripted, request: ModelRequest) -> Result<(String, ModelChunk), ModelError> {
    let mut chunks: Vec<_> = model.stream(request).await?.try_collect().await?;
    let end = chunks.pop().unwrap();
    let text = chunks.into_iter().map(|chunk| match chunk {
        ModelChunk::Text(text) => text,
        ModelChunk::Call(call) => call.name,
        ModelChunk::By(_) => unreachable!("nobody stands in for it"),
        ModelChunk::End { .. } => unreachable!("only the last chunk ends the answer"),
    });
    Ok((text.collect(), end))
}

#[tokio::test]
async fn says_the_text_word_by_word_and_counts_it() {
    let text = "  Two\n words and café.";
    let (said, end) = say(&Scripted::new(Script::new(text)), request(None)).await.unwrap();
    assert_eq!(said, text);
    let usage = Usage { input_tokens: 3, output_tokens: 4, reported: true };
    assert_eq!(end, ModelChunk::End { usage, finish: Finish::Stop });
}

#[tokio::test]
async fn wraps_the_text_in_the_object_that_a_schema_asks_for() {
    let text = "A \"quoted\" word,\na \\ and 🦀.";
    let (said, _) = say(&Scripted::new(Script::new(text)), request(Some(schema()))).await.unwrap();
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said, json!({"answer": text}));
}

#[tokio::test]
async fn stops_at_the_allowed_number_of_tokens() {
    let model = Scripted::new(Script::new("one two three"));
    let (said, end) = say(&model, ModelRequest { max_output_tokens: 2, ..request(None) }).await.unwrap();
    assert_eq!(said, "one two");
    assert!(matches!(end, ModelChunk::End { finish: Finish::Length, .. }));
}

#[tokio::test]
async fn fails_as_many_calls_as_told_and_then_works() {
    let wait = Duration::from_secs(2);
    let script = Script::new("fine").with_fault(fault(FaultKind::RateLimited(wait), 0, Some(2)));
    let model = Scripted::new(script);
    for _ in 0..2 {
        assert_eq!(say(&model, request(None)).await.unwrap_err().retry_after(), Some(wait));
    }
    assert_eq!(say(&model, request(None)).await.unwrap().0, "fine");
    assert_eq!(model.calls(), 3);
}

#[tokio::test]
async fn turns_to_garbage_after_some_tokens() {
    let script = Script::new("one two three").with_fault(fault(FaultKind::Garbage, 2, None));
    let chunks: Vec<_> = Scripted::new(script).stream(request(None)).await.unwrap().collect().await;
    assert_eq!(chunks.len(), 3);
    assert_eq!(chunks[2].as_ref().unwrap_err().code(), "model_garbage");
}

#[tokio::test(start_paused = true)]
async fn keeps_the_pace_it_is_told() {
    let mut script = Script::new("one two three");
    script.first_token_delay = Duration::from_millis(500);
    script.token_delay = Duration::from_millis(20);
    let start = tokio::time::Instant::now();
    say(&Scripted::new(script), request(None)).await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_millis(540));
}

#[tokio::test]
async fn asks_for_the_tools_of_each_turn_and_then_says_the_text() {
    let call = |name: &str| (name.to_owned(), "{\"a\":1}".to_owned());
    let script = Script::new("done").with_calls(vec![vec![call("x"), call("y")], vec![], vec![call("z")]]);
    let model = Scripted::new(script);
    let tool = Arc::new(ToolOffer::new("x", "", json!({})));
    let mut asked = ModelRequest { tools: vec![tool], ..request(None) };
    for expected in ["xy", "done", "z", "done"] {
        assert_eq!(say(&model, asked.clone()).await.unwrap().0, expected);
        asked.messages.push(Message::Assistant { text: String::new(), calls: Vec::new() });
    }
    assert_eq!(say(&model, request(None)).await.unwrap().0, "done", "without tools there are no calls");
    assert_eq!(say(&model, request(Some(schema()))).await.unwrap().0, "{\"answer\":\"done\"}");
}
