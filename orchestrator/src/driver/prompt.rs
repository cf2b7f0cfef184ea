//! What the model is asked for a step.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock},
};

use sba_subjects::{
    passage,
    run::Workflow,
    state::RunState,
    tool::{CATALOG, Hit, ToolSpec},
};

use super::Driver;
use crate::{
    domain::{Agent, Piece, WriteInput, hits},
    model::{ModelRequest, ToolOffer, prompts},
};

mod conversation;

/// The request for a model's step, and the field of the answer's JSON that holds its text, where the answer is JSON.
pub(super) fn request(
    driver: &Driver,
    state: &RunState,
    agent: &Agent,
    step: u32,
) -> (ModelRequest, Option<&'static str>) {
    let blank = ModelRequest {
        model: agent.model.clone(),
        system: String::new(),
        messages: Vec::new(),
        tools: Vec::new(),
        schema: None,
        max_output_tokens: agent.room(state),
        temperature: Some(agent.temperature),
        seed: Some(0),
    };
    match state.workflow {
        Workflow::Render | Workflow::Tool => (piece(driver, state, agent, step, blank), Some(prompts::FIELD)),
        Workflow::Agentic => (conversation::request(state, agent, blank), None),
    }
}

/// The request for one piece of a report.
fn piece(driver: &Driver, state: &RunState, agent: &Agent, step: u32, blank: ModelRequest) -> ModelRequest {
    let input = state.step(step).map(|step| step.input.clone());
    let input: Option<WriteInput> = input.and_then(|input| serde_json::from_value(input).ok());
    let (piece, sources) = input.map_or((Piece::Answer, Vec::new()), |input| (input.piece, input.sources));
    let hits = hits(state);
    let passages: Vec<String> = sources.iter().filter_map(|&index| hits.get(index)).map(led).collect();
    let passages: Vec<&str> = passages.iter().map(String::as_str).collect();
    let ask = match piece {
        Piece::Answer => prompts::answer,
        Piece::Section => prompts::section,
    };
    let prompt = ask(&state.prompt, &passages, &agent.locale, driver.limits.room);
    ModelRequest { system: prompt.system, messages: prompt.messages, schema: Some(prompt.schema), ..blank }
}

/// A passage, led in by the heading that it begins with: "Opening hours: Monday to Friday" makes sense, its second half alone
/// does not.
fn led(hit: &Hit) -> String {
    let body = passage::body(&hit.text, &hit.heading_path);
    match hit.heading_path.last() {
        Some(heading) if body.len() < hit.text.len() => format!("{heading}:\n{body}"),
        _ => body.to_owned(),
    }
}

/// Every tool as models are offered it.
static OFFERS: LazyLock<HashMap<&'static str, Arc<ToolOffer>>> = LazyLock::new(|| {
    let offer =
        |tool: &ToolSpec| (tool.name, Arc::new(ToolOffer::new(tool.name, tool.description, (tool.parameters)())));
    CATALOG.iter().map(offer).collect()
});

/// The tools that the agent is offered.
fn offers(agent: &Agent) -> Vec<Arc<ToolOffer>> {
    let served = agent
        .served
        .iter()
        .map(|tool| Arc::new(ToolOffer::new(tool.name.as_str(), tool.description.clone(), tool.parameters.clone())));
    agent.tools.iter().filter_map(|name| OFFERS.get(name).cloned()).chain(served).collect()
}
