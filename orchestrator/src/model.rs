//! How a run reaches a language model: one trait, whatever provider stands behind it.
//!
//! [`Model::stream`] opens a call and gives back a stream of [`ModelChunk`]s: any number of `Text`
//! pieces and tool calls, then exactly one `End` or one [`ModelError`], and nothing after it. Dropping
//! the stream closes the connection to the provider, which is how a cancelled run stops paying for tokens.
//!
//! [`from_config`] puts the configured provider inside a [`Guarded`] model, so deadlines and sizes hold
//! for every provider alike, and that inside a [`Breaker`], so that one that is down is left alone.

mod believed;
mod breaker;
mod by_schema;
mod calls;
mod error;
mod fallback;
mod guard;
mod http;
mod json_text;
mod key;
mod openai;
pub mod prompts;
mod provider;
mod remote;
mod retry;
mod scripted;
mod sse;

use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::BoxStream;
use serde::Serialize;
use tokio::time::Instant;

pub use breaker::{Breaker, Patience};
pub use calls::CallLimits;
pub use error::{Cause, ModelError, Wait};
pub use fallback::Fallback;
pub use guard::{Guarded, Limits};
pub use json_text::JsonText;
pub use provider::from_config;
pub use retry::{Failed, Next, Outage, Retry};
pub use scripted::{Fault, FaultKind, Script, Scripted};

/// The chunks of one answer, in order; ends after `End` or the first error.
pub type ModelStream = BoxStream<'static, Result<ModelChunk, ModelError>>;

/// A language model that answers a conversation piece by piece.
#[async_trait]
pub trait Model: Send + Sync {
    /// Opens one call. Returns once the provider has accepted it; the answer follows on the stream.
    ///
    /// # Errors
    /// Any [`ModelError`]: what fails before the answer begins is returned here, what fails later
    /// is the stream's last item.
    async fn stream(&self, request: ModelRequest) -> Result<ModelStream, ModelError>;

    /// How its provider does, as far as earlier calls showed.
    fn standing(&self) -> Standing {
        Standing::default()
    }
}

/// How a model's provider does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// Since when it is out, and so is whatever stands in for it; none while one of them answers.
    pub out_since: Option<Instant>,
    /// Whether the fallback is called in its place.
    pub is_fallback: bool,
}

/// One call: what to say to the model, and within which bounds it may answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelRequest {
    /// The model's name as its provider knows it.
    pub model: String,
    /// Instructions that stand above the conversation; empty for none.
    pub system: String,
    /// The conversation, oldest first; the last message is the user's or a tool's.
    pub messages: Vec<Message>,
    /// The tools that the model may ask for; with any, there is no `schema`.
    pub tools: Vec<Arc<ToolOffer>>,
    /// The JSON that the answer must be, or `None` for free text.
    pub schema: Option<OutputSchema>,
    /// The most tokens that the answer may have.
    pub max_output_tokens: u32,
    /// Randomness of the choice of tokens, 0 to 2; `None` leaves it to the provider.
    pub temperature: Option<f32>,
    /// Makes sampling repeatable where the provider can.
    pub seed: Option<u64>,
}

impl ModelRequest {
    /// Bytes of text sent to the model: the base of an estimate where no usage is reported.
    #[must_use]
    pub fn text_bytes(&self) -> usize {
        let messages: usize = self.messages.iter().map(Message::text_bytes).sum();
        let tools: usize = self.tools.iter().map(|tool| tool.bytes).sum();
        self.system.len() + messages + tools
    }
}

/// A tool that the model may ask for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ToolOffer {
    /// Its name.
    pub name: String,
    /// What it does.
    pub description: String,
    /// What it is given, as a JSON Schema of an object.
    pub parameters: serde_json::Value,
    /// Bytes of all that, as text.
    bytes: usize,
}

impl ToolOffer {
    /// An offer.
    #[must_use]
    pub fn new(name: impl Into<String>, description: impl Into<String>, parameters: serde_json::Value) -> Self {
        let (name, description) = (name.into(), description.into());
        let bytes = name.len() + description.len() + parameters.to_string().len();
        Self { name, description, parameters, bytes }
    }
}

/// One turn of the conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Message {
    /// The person, or SBA on their behalf.
    User(String),
    /// The model, in an earlier turn.
    Assistant {
        /// What it said.
        text: String,
        /// The tools that it asked for.
        calls: Vec<ToolCall>,
    },
    /// What a tool answered.
    Tool {
        /// The call that it answers.
        call_id: String,
        /// The tool.
        name: String,
        /// The answer.
        content: String,
    },
}

impl Message {
    /// A message of the user.
    pub fn user(content: impl Into<String>) -> Self {
        Self::User(content.into())
    }

    fn text_bytes(&self) -> usize {
        match self {
            Self::User(text) => text.len(),
            Self::Assistant { text, calls } => {
                text.len() + calls.iter().map(|call| call.name.len() + call.arguments.len()).sum::<usize>()
            }
            Self::Tool { content, .. } => content.len(),
        }
    }
}

/// A tool call that the model asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ToolCall {
    /// What the provider calls it; unique within the conversation.
    pub id: String,
    /// The tool, as the model wrote it; what no provider takes in a name is `_`.
    pub name: String,
    /// The arguments, as the model wrote them: JSON, if it kept to its word.
    pub arguments: String,
}

/// A JSON Schema that the provider holds the answer to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OutputSchema {
    /// Letters, digits, `-` and `_`; some providers cache compiled schemas by it.
    pub name: String,
    /// The schema, an object with `additionalProperties: false` and every property required.
    pub json: serde_json::Value,
}

/// What comes out of a model's stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelChunk {
    /// Another model than the one that was asked answers, under this name. It comes before anything else.
    By(String),
    /// The next piece of the answer. An empty one is a sign of life of a provider that is busy with what
    /// is given as a whole; a [`Guarded`] model passes on none.
    Text(String),
    /// A tool call that the model asks for, whole. Only in answers to requests with tools.
    Call(ToolCall),
    /// The answer is complete.
    End {
        /// Tokens read and written.
        usage: Usage,
        /// Why the model stopped.
        finish: Finish,
    },
}

/// Tokens of one call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tokens of the prompt.
    pub input_tokens: u64,
    /// Tokens of the answer.
    pub output_tokens: u64,
    /// Whether the provider counted them; otherwise they are an estimate from the text's length. A [`Guarded`] model
    /// believes no more than can be.
    pub reported: bool,
}

/// Why a model stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    /// The answer is whole.
    Stop,
    /// `max_output_tokens` or the context is used up; the answer is cut.
    Length,
    /// The provider withheld the rest.
    Filtered,
    /// Another reason, or none given.
    Other,
}

impl Finish {
    /// Whether the answer may end in the middle of a word.
    const fn is_early(self) -> bool {
        matches!(self, Self::Length | Self::Filtered)
    }
}
