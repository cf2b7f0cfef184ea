#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use super::*;
use crate::model::{Fault, FaultKind, Finish, Message, Script, Scripted, ToolOffer, Usage};

const LIMITS: Limits = Limits {
    calls: 2,
    turn: Duration::from_secs(300),
    first_token: Duration::from_secs(30),
    next_token: Duration::from_secs(10),
    chunk_bytes: 100,
    answer_bytes: 150,
    tool_calls: CallLimits { calls: 3, bytes: 100 },
    overhead_tokens: 100,
};

fn request() -> ModelRequest {
    ModelRequest {
        model: "scripted".into(),
        system: "12345678".into(),
        messages: vec![Message::user("1234")],
        tools: Vec::new(),
        schema: None,
        max_output_tokens: 1_000,
        temperature: None,
        seed: None,
    }
}

fn guarded(script: Script) -> Guarded {
    Guarded::new(Arc::new(Scripted::new(script)), LIMITS)
}

async fn chunks(script: Script) -> Vec<Result<ModelChunk, ModelError>> {
    let model = guarded(script);
    model.stream(request()).await.unwrap().collect().await
}

async fn failure(script: Script) -> ModelError {
    chunks(script).await.pop().unwrap().unwrap_err()
}

fn fault(kind: FaultKind, after_tokens: usize) -> Fault {
    Fault { kind, after_tokens, calls: None }
}

#[tokio::test(start_paused = true)]
async fn a_stall_before_the_first_token_ends_at_its_deadline() {
    let start = Instant::now();
    let error = failure(Script::new("one two").with_fault(fault(FaultKind::Stall, 0))).await;
    assert!(matches!(error, ModelError::Timeout { wait: Wait::FirstToken, .. }), "{error}");
    assert_eq!(start.elapsed(), LIMITS.first_token);
}

#[tokio::test(start_paused = true)]
async fn a_stall_in_the_middle_ends_at_its_deadline() {
    let start = Instant::now();
    let error = failure(Script::new("one two three").with_fault(fault(FaultKind::Stall, 2))).await;
    assert!(matches!(error, ModelError::Timeout { wait: Wait::NextToken, .. }), "{error}");
    assert_eq!(start.elapsed(), LIMITS.next_token);
}

#[tokio::test]
async fn an_answer_that_ends_without_an_end_is_a_failure() {
    let error = failure(Script::new("one two three").with_fault(fault(FaultKind::Cut, 2))).await;
    assert_eq!(error.code(), "model_unreachable");
}

#[tokio::test]
async fn nothing_follows_an_error() {
    let script = Script::new("one two three").with_fault(fault(FaultKind::Garbage, 1));
    assert_eq!(chunks(script).await.len(), 2);
}

#[tokio::test]
async fn oversized_pieces_and_answers_are_refused() {
    assert_eq!(failure(Script::new("x".repeat(101))).await.code(), "model_garbage");
    let chunks = chunks(Script::new("0123456 ".repeat(20))).await;
    assert_eq!(chunks.last().unwrap().as_ref().unwrap_err().code(), "model_garbage");
    assert!(chunks.len() <= 20);
}

#[tokio::test]
async fn unreported_usage_is_estimated_and_marked() {
    let script = Script { reports_usage: false, ..Script::new("12345678 1234") };
    let end = chunks(script).await.pop().unwrap().unwrap();
    let usage = Usage { input_tokens: 3, output_tokens: 4, reported: false };
    assert_eq!(end, ModelChunk::End { usage, finish: Finish::Stop });
}

#[tokio::test(start_paused = true)]
async fn a_call_too_many_waits_for_its_turn() {
    let model = guarded(Script::new("one two"));
    let first = model.stream(request()).await.unwrap();
    let second = model.stream(request()).await.unwrap();
    let start = Instant::now();
    let error = model.stream(request()).await.err().unwrap();
    assert!(matches!(error, ModelError::Timeout { wait: Wait::Turn, limit } if limit == LIMITS.turn), "{error}");
    assert_eq!(start.elapsed(), LIMITS.turn);
    assert!(!error.is_retryable(), "the wait itself was as long as the call may be");
    drop(first);
    assert_eq!(second.count().await, 3);
    let again = [model.stream(request()).await, model.stream(request()).await];
    assert!(again.iter().all(Result::is_ok));
}

#[tokio::test(start_paused = true)]
async fn a_turn_may_take_longer_than_a_first_token() {
    let model = Arc::new(guarded(Script::new("one two")));
    let taken = [model.stream(request()).await.unwrap(), model.stream(request()).await.unwrap()];
    let start = Instant::now();
    let waiting = tokio::spawn({
        let model = Arc::clone(&model);
        async move { model.stream(request()).await.map(|_| ()) }
    });
    tokio::time::sleep(LIMITS.first_token * 3).await;
    drop(taken);
    waiting.await.unwrap().unwrap();
    assert_eq!(start.elapsed(), LIMITS.first_token * 3);
}

/// A model that answers with these chunks, with a pause before each.
struct Says(Vec<ModelChunk>, Duration);

#[async_trait]
impl Model for Says {
    async fn stream(&self, _: ModelRequest) -> Result<ModelStream, ModelError> {
        let pause = self.1;
        let spoken = stream::iter(self.0.clone()).then(move |chunk| async move {
            tokio::time::sleep(pause).await;
            Ok(chunk)
        });
        Ok(spoken.boxed())
    }
}

const END: ModelChunk =
    ModelChunk::End { usage: Usage { input_tokens: 1, output_tokens: 1, reported: true }, finish: Finish::Stop };

fn call(id: &str, arguments: &str) -> ModelChunk {
    ModelChunk::Call(ToolCall { id: id.into(), name: "look".into(), arguments: arguments.into() })
}

fn with_tool() -> ModelRequest {
    let tool = Arc::new(ToolOffer::new("look", "Looks.", serde_json::json!({})));
    ModelRequest { tools: vec![tool], ..request() }
}

async fn asked(request: ModelRequest, said: Vec<ModelChunk>) -> Result<Vec<ModelChunk>, ModelError> {
    use futures::TryStreamExt;
    let said = said.into_iter().chain([END]).collect();
    Guarded::new(Arc::new(Says(said, Duration::ZERO)), LIMITS).stream(request).await?.try_collect().await
}

#[tokio::test]
async fn calls_and_text_both_come_through_and_each_call_has_an_id_of_its_own() {
    let said = vec![ModelChunk::Text("So.".into()), call("a", "{}"), call("a", ""), call("", "{}")];
    let heard = asked(with_tool(), said).await.unwrap();
    let text = ModelChunk::Text("So.".into());
    assert_eq!(heard, [text, call("a", "{}"), call("call_0_0", "{}"), call("call_0_1", "{}"), END]);
}

#[tokio::test]
async fn too_many_calls_and_too_large_ones_are_garbage() {
    let many = vec![call("", "{}"); 4];
    let large = vec![call("", &"x".repeat(101))];
    for said in [many, large] {
        assert_eq!(asked(with_tool(), said.clone()).await.unwrap_err().code(), "model_garbage");
        assert_eq!(asked(request(), said).await.unwrap_err().code(), "model_garbage", "invited or not");
    }
}

#[tokio::test]
async fn a_call_where_no_tool_was_offered_is_none() {
    let text = ModelChunk::Text("So.".into());
    assert_eq!(asked(request(), vec![call("", "{}"), text.clone()]).await.unwrap(), [text, END]);
}

#[tokio::test(start_paused = true)]
async fn signs_of_life_are_progress_and_are_not_passed_on() {
    let said = std::iter::repeat_n(ModelChunk::Text(String::new()), 20).chain([call("a", "{}"), END]);
    let model = Guarded::new(Arc::new(Says(said.collect(), LIMITS.next_token / 2)), LIMITS);
    let heard: Vec<_> = model.stream(with_tool()).await.unwrap().map(Result::unwrap).collect().await;
    assert_eq!(heard, [call("a", "{}"), END]);
}

#[tokio::test]
async fn a_count_that_cannot_be_is_not_believed() {
    let usage = Usage { input_tokens: u64::MAX, output_tokens: u64::MAX, reported: true };
    let said = vec![ModelChunk::Text("So.".into()), ModelChunk::End { usage, finish: Finish::Stop }];
    let heard = asked(request(), said).await.unwrap();
    // 12 bytes were sent, 1,000 tokens allowed.
    let usage = Usage { input_tokens: 112, output_tokens: 1_000, reported: true };
    assert_eq!(heard.last(), Some(&ModelChunk::End { usage, finish: Finish::Stop }));
}
