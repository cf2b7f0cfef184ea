//! What the model is asked for a step.

use sba_subjects::{state::RunState, tool::Hit};
use serde_json::json;

use crate::{
    domain::{Agent, Piece, WriteInput, hits},
    model::{Message, ModelRequest, OutputSchema},
};

/// The request for a writing step.
pub(super) fn request(state: &RunState, agent: &Agent, step: u32) -> ModelRequest {
    let input = state.steps.get(step as usize - 1).map(|step| step.input.clone()).unwrap_or_default();
    let input: Option<WriteInput> = serde_json::from_value(input).ok();
    let hits = hits(state);
    let (piece, sources) = input.map_or((Piece::Answer, Vec::new()), |input| (input.piece, input.sources));
    let passages: Vec<&Hit> = sources.iter().filter_map(|&index| hits.get(index)).collect();
    let (system, user) = match piece {
        Piece::Answer => prompts::answer(&state.prompt, &passages, &agent.locale),
        Piece::Section => prompts::section(&state.prompt, &passages, &agent.locale),
    };
    ModelRequest {
        model: agent.model.clone(),
        system,
        messages: vec![Message::user(user)],
        schema: Some(OutputSchema {
            name: "text".to_owned(),
            json: json!({
                "type": "object",
                "properties": {"text": {"type": "string"}},
                "required": ["text"],
                "additionalProperties": false,
            }),
        }),
        max_output_tokens: agent.max_output_tokens,
        temperature: Some(agent.temperature),
        seed: Some(0),
    }
}

mod prompts {
    use sba_subjects::tool::Hit;
    pub(super) fn answer(question: &str, passages: &[&Hit], _locale: &str) -> (String, String) {
        let texts: Vec<&str> = passages.iter().map(|hit| hit.text.as_str()).collect();
        ("Answer from the passages only.".to_owned(), format!("{}\n\nQuestion: {question}", texts.join("\n\n")))
    }
    pub(super) fn section(question: &str, passages: &[&Hit], locale: &str) -> (String, String) {
        answer(question, passages, locale)
    }
}
