//! What the model is asked for a step.

use sba_subjects::state::RunState;

use crate::{
    domain::{Agent, Piece, WriteInput, hits},
    model::{
        ModelRequest,
        prompts::{self, Room},
    },
};

/// The request for a writing step.
pub(super) fn request(state: &RunState, agent: &Agent, step: u32) -> ModelRequest {
    let input = state.steps.iter().find(|known| known.number == step).map(|step| step.input.clone());
    let input: Option<WriteInput> = input.and_then(|input| serde_json::from_value(input).ok());
    let (piece, sources) = input.map_or((Piece::Answer, Vec::new()), |input| (input.piece, input.sources));
    let hits = hits(state);
    let passages: Vec<&str> =
        sources.iter().filter_map(|&index| hits.get(index)).map(|hit| hit.text.as_str()).collect();
    let prompt = match piece {
        Piece::Answer => prompts::answer(&state.prompt, &passages, &agent.locale, Room::SMALL),
        Piece::Section => prompts::section(&state.prompt, &passages, &agent.locale, Room::SMALL),
    };
    ModelRequest {
        model: agent.model.clone(),
        system: prompt.system,
        messages: prompt.messages,
        schema: Some(prompt.schema),
        max_output_tokens: agent.max_output_tokens,
        temperature: Some(agent.temperature),
        seed: Some(0),
    }
}
