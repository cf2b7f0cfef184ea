//! What the events of the client library's stream mean to a run.

use std::collections::VecDeque;

use genai::chat::{ChatStreamEvent, StopReason, StreamEnd, ToolCall as Asked};
use serde_json::Value;

use crate::model::calls::ending;
use crate::model::{CallLimits, Finish, ModelChunk, ModelError, ToolCall, Usage};

/// An answer on its way.
#[derive(Debug)]
pub(super) struct Answer {
    limits: CallLimits,
    calls: Vec<ToolCall>,
    /// Bytes of all calls but the last.
    earlier: usize,
}

impl Answer {
    pub(super) fn new(limits: CallLimits) -> Self {
        Self { limits, calls: Vec::new(), earlier: 0 }
    }

    /// The chunks of an event; reasoning and keep-alives have none.
    ///
    /// # Errors
    /// [`ModelError::Garbage`] for tool calls beyond the bounds.
    pub(super) fn chunks(&mut self, event: ChatStreamEvent) -> Result<VecDeque<ModelChunk>, ModelError> {
        Ok(match event {
            ChatStreamEvent::Chunk(piece) if !piece.content.is_empty() => [ModelChunk::Text(piece.content)].into(),
            ChatStreamEvent::ToolCallChunk(piece) => {
                self.hear(piece.tool_call)?;
                [ModelChunk::Text(String::new())].into()
            }
            ChatStreamEvent::End(end) => ending(std::mem::take(&mut self.calls), usage(&end), finish(&end)),
            _ => VecDeque::new(),
        })
    }

    /// Takes a tool call as far as it is known: each event of the library repeats the arguments from their beginning.
    fn hear(&mut self, asked: Asked) -> Result<(), ModelError> {
        let arguments = match asked.fn_arguments {
            Value::String(text) => text,
            other => other.to_string(),
        };
        let heard = ToolCall { id: asked.call_id, name: asked.fn_name, arguments };
        let grows = |call: &&mut ToolCall| {
            call.id == heard.id && call.name == heard.name && call.arguments.len() <= heard.arguments.len()
        };
        match self.calls.last_mut().filter(grows) {
            Some(call) => *call = heard,
            None => {
                self.earlier += self.calls.last().map_or(0, ToolCall::bytes);
                self.calls.push(heard);
            }
        }
        let last = self.calls.last().map_or(0, ToolCall::bytes);
        self.limits.check(self.calls.len(), self.earlier + last)
    }
}

fn usage(end: &StreamEnd) -> Usage {
    let Some(usage) = &end.captured_usage else { return Usage::default() };
    let count = |tokens: Option<i32>| tokens.and_then(|tokens| u64::try_from(tokens).ok());
    let (input, output) = (count(usage.prompt_tokens), count(usage.completion_tokens));
    Usage {
        input_tokens: input.unwrap_or_default(),
        output_tokens: output.unwrap_or_default(),
        reported: input.is_some() && output.is_some(),
    }
}

fn finish(end: &StreamEnd) -> Finish {
    match &end.captured_stop_reason {
        Some(StopReason::Completed(_) | StopReason::StopSequence(_) | StopReason::ToolCall(_)) => Finish::Stop,
        Some(StopReason::MaxTokens(_)) => Finish::Length,
        Some(StopReason::ContentFilter(_)) => Finish::Filtered,
        _ => Finish::Other,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use genai::chat::ToolChunk;

    use super::*;

    fn piece(id: &str, arguments: &str) -> ChatStreamEvent {
        let tool_call = Asked {
            call_id: id.into(),
            fn_name: "look".into(),
            fn_arguments: Value::from(arguments),
            thought_signatures: None,
        };
        ChatStreamEvent::ToolCallChunk(ToolChunk { tool_call })
    }

    #[test]
    fn calls_grow_and_are_told_apart() {
        let mut answer = Answer::new(CallLimits { calls: 2, bytes: 100 });
        for (id, arguments) in [("a", ""), ("a", ""), ("a", "{"), ("a", "{}"), ("b", "")] {
            answer.chunks(piece(id, arguments)).unwrap();
        }
        let ended = answer.chunks(ChatStreamEvent::End(StreamEnd::default())).unwrap();
        let call = |id: &str, arguments: &str| {
            ModelChunk::Call(ToolCall { id: id.into(), name: "look".into(), arguments: arguments.into() })
        };
        assert_eq!(ended.iter().take(2).collect::<Vec<_>>(), [&call("a", "{}"), &call("b", "")]);
        assert!(matches!(ended.back(), Some(ModelChunk::End { .. })));
    }

    #[test]
    fn more_than_the_bounds_is_garbage() {
        let mut many = Answer::new(CallLimits { calls: 2, bytes: 100 });
        let mut large = Answer::new(CallLimits { calls: 2, bytes: 100 });
        assert!(["a", "b"].iter().all(|id| many.chunks(piece(id, "{}")).is_ok()));
        assert_eq!(many.chunks(piece("c", "{}")).unwrap_err().code(), "model_garbage");
        assert_eq!(large.chunks(piece("a", &"x".repeat(100))).unwrap_err().code(), "model_garbage");
    }
}
