//! The conversation and the tools in the words of the client library.

use std::sync::Arc;

use genai::chat::{ChatMessage, ChatRequest, ContentPart, MessageContent, Tool, ToolCall as Asked, ToolResponse};
use serde_json::Value;

use crate::model::{Message, ModelRequest, ToolCall, ToolOffer};

/// The request as the library takes it.
pub(super) fn chat(request: ModelRequest) -> ChatRequest {
    let chat = ChatRequest::new(messages(request.messages));
    let chat = if request.system.is_empty() { chat } else { chat.with_system(request.system) };
    if request.tools.is_empty() { chat } else { chat.with_tools(request.tools.into_iter().map(tool)) }
}

fn tool(offer: Arc<ToolOffer>) -> Tool {
    let offer = Arc::unwrap_or_clone(offer);
    Tool::new(offer.name).with_description(offer.description).with_schema(offer.parameters)
}

/// The turns; answers of tools that stand together are one turn, as Anthropic wants it.
fn messages(messages: Vec<Message>) -> Vec<ChatMessage> {
    let mut chat = Vec::new();
    let mut answers = Vec::new();
    for message in messages {
        if let Message::Tool { call_id, name, content } = message {
            answers.push(ToolResponse::new(call_id, content).with_fn_name(name));
            continue;
        }
        if !answers.is_empty() {
            chat.push(ChatMessage::from(std::mem::take(&mut answers)));
        }
        match message {
            Message::User(text) => chat.push(ChatMessage::user(text)),
            Message::Assistant { text, calls } => chat.extend(said(text, calls)),
            Message::Tool { .. } => {}
        }
    }
    if !answers.is_empty() {
        chat.push(ChatMessage::from(answers));
    }
    chat
}

/// A turn of the model; Anthropic refuses one in which nothing was said.
fn said(text: String, calls: Vec<ToolCall>) -> Option<ChatMessage> {
    let text = Some(text).filter(|text| !text.trim().is_empty()).map(ContentPart::Text);
    let asked = calls.into_iter().map(|call| {
        let arguments = Value::Object(call.object());
        ContentPart::ToolCall(Asked {
            call_id: call.id,
            fn_name: call.name,
            fn_arguments: arguments,
            thought_signatures: None,
        })
    });
    let parts: Vec<ContentPart> = text.into_iter().chain(asked).collect();
    (!parts.is_empty()).then(|| ChatMessage::assistant(MessageContent::from_parts(parts)))
}
