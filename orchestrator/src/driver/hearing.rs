//! How far an answer of the model has come.

use sba_subjects::run::Usage;
use serde_json::Value;

use crate::{
    domain::{Answer, ModelCall, Source},
    model::{Finish, JsonText, ModelChunk, ModelError, ToolCall},
};

/// What the model said and the log does not have yet.
#[derive(Debug, Default)]
pub(super) struct Unsaid {
    pub(super) text: String,
    pub(super) count: u64,
}

/// An answer on its way.
pub(super) struct Hearing {
    /// Reads the text out of an answer that is JSON; none where the answer is the text.
    reader: Option<JsonText>,
    raw: String,
    calls: Vec<ModelCall>,
    source: Option<Source>,
    pub(super) unsaid: Unsaid,
    pub(super) end: Option<Result<(Usage, Finish), ModelError>>,
}

impl Hearing {
    /// An answer of which nothing was heard; `field` names the text in an answer that is JSON.
    pub(super) fn new(field: Option<&str>) -> Self {
        let reader = field.map(JsonText::new);
        let (raw, calls, unsaid) = (String::new(), Vec::new(), Unsaid::default());
        Self { reader, raw, calls, source: None, unsaid, end: None }
    }

    pub(super) fn hear(&mut self, chunk: Option<Result<ModelChunk, ModelError>>) {
        match chunk {
            Some(Ok(ModelChunk::By(model))) => self.source = Some(Source::Fallback { model }),
            Some(Ok(ModelChunk::Text(raw))) => {
                self.raw.push_str(&raw);
                let text = self.reader.as_mut().map(|reader| reader.push(&raw));
                self.unsaid.text.push_str(&text.unwrap_or(raw));
                self.unsaid.count += 1;
            }
            Some(Ok(ModelChunk::Call(ToolCall { id, name, arguments }))) => {
                let arguments = serde_json::from_str(&arguments).unwrap_or(Value::String(arguments));
                self.calls.push(ModelCall { id, name, arguments });
            }
            Some(Ok(ModelChunk::End { usage, finish })) => {
                let (input_tokens, output_tokens) = (usage.input_tokens, usage.output_tokens);
                self.end = Some(Ok((Usage { input_tokens, output_tokens, cost_micros: 0 }, finish)));
            }
            Some(Err(error)) => self.end = Some(Err(error)),
            None => self.end = Some(Err(ModelError::garbage("the stream ended without an end"))),
        }
    }

    /// The whole answer, once its end was heard.
    ///
    /// # Errors
    /// That of the model.
    pub(super) fn whole(self) -> Result<Answer, ModelError> {
        let Self { reader, raw, calls, source, mut unsaid, end } = self;
        let (usage, finish) = end.unwrap_or_else(|| Err(ModelError::garbage("the stream ended without an end")))?;
        unsaid.text.push_str(&reader.map(JsonText::finish).unwrap_or_default());
        let count = if unsaid.text.is_empty() { 0 } else { unsaid.count.max(1) };
        let (cut, withheld) = (finish == Finish::Length, finish == Finish::Filtered);
        Ok(Answer { rest: unsaid.text, count, raw, calls, cut, withheld, usage, source })
    }
}
