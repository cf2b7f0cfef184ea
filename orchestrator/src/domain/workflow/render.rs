//! Look up, write, render.
//!
//! The report has an answer, written from the best passages, and a section for each document that has
//! something to say, written from its own passages. Which passages a section rests on is decided here, before
//! the model is asked; the model's word is never taken for a source.

use sba_subjects::{
    run::{Failure, StepKind, StepStatus},
    state::{RunState, StepState},
    tool::{Gap, Hit, KNOWLEDGE_TOOL, RENDER_TOOL, RenderParams, SearchParams, Section},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Next, Proposal, Thought, failed_call, flaw, grounded::grounded, hits, tidy::tidy};
use crate::domain::Agent;

/// Most passages that the model is shown for one piece of text.
const PASSAGES: usize = 3;
/// Longest title of a report, in characters.
const TITLE: usize = 120;

/// What the model is asked to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Piece {
    /// The answer to the question.
    Answer,
    /// What one document says to it.
    Section,
}

/// The input of a writing step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteInput {
    /// What to write.
    pub piece: Piece,
    /// Its heading; empty for the answer.
    pub heading: String,
    /// The passages to write from: indexes into the look-up's hits.
    pub sources: Vec<usize>,
}

pub(super) fn next(state: &RunState, agent: &Agent) -> Next {
    if let Some(failure) = failed_call(state) {
        return Next::Fail(failure);
    }
    // Whatever the limits say by now: a run ends with its report.
    if rendered(state) {
        return Next::Finish;
    }
    let done = state.steps.len();
    if done == 0 {
        return look_up(state, agent);
    }
    let hits = hits(state);
    let pieces = plan(&hits, sections_within(agent));
    if let Some(piece) = pieces.get(done - 1) {
        return Next::Model { name: "write", input: json!(piece) };
    }
    match nothing_written(state) {
        Some(failure) => Next::Fail(failure),
        None => render(state, agent, hits),
    }
}

fn rendered(state: &RunState) -> bool {
    let renders =
        |step: &StepState| step.call.as_ref().is_some_and(|call| call.request.tool_name.as_str() == RENDER_TOOL);
    state.steps.iter().any(|step| step.status == StepStatus::Completed && renders(step))
}

/// Why there is no report, where the model wrote nothing of it.
fn nothing_written(state: &RunState) -> Option<Failure> {
    let mut flaws = Vec::new();
    for step in written(state) {
        if !Thought::of(step).text.is_empty() {
            return None;
        }
        flaws.extend(&step.error);
    }
    flaws.iter().find(|error| flaw::is_withheld(error)).or(flaws.first()).map(|error| (*error).clone())
}

/// The pieces that the model was asked for.
fn written(state: &RunState) -> impl Iterator<Item = &StepState> {
    state.steps.iter().filter(|step| step.kind == StepKind::Model)
}

/// Sections that the budget of steps leaves room for besides look-up, answer and rendering.
fn sections_within(agent: &Agent) -> usize {
    agent.max_sections.min(agent.limits.steps.saturating_sub(3)) as usize
}

fn look_up(state: &RunState, agent: &Agent) -> Next {
    let params = SearchParams { query: state.prompt.clone(), top_k: Some(agent.top_k) };
    tool("look_up", KNOWLEDGE_TOOL, json!(params))
}

/// What is to be written from these passages: nothing from none.
fn plan(hits: &[Hit], sections: usize) -> Vec<WriteInput> {
    if hits.is_empty() {
        return Vec::new();
    }
    let best = (0..hits.len().min(PASSAGES)).collect();
    let mut pieces = vec![WriteInput { piece: Piece::Answer, heading: String::new(), sources: best }];
    let mut documents: Vec<(&Hit, Vec<usize>)> = Vec::new();
    for (index, hit) in hits.iter().enumerate() {
        match documents.iter_mut().find(|(first, _)| first.document_id == hit.document_id) {
            Some((_, sources)) if sources.len() < PASSAGES => sources.push(index),
            Some(_) => {}
            None => documents.push((hit, vec![index])),
        }
    }
    pieces.extend(documents.into_iter().take(sections).map(|(hit, sources)| WriteInput {
        piece: Piece::Section,
        heading: hit.title.clone(),
        sources,
    }));
    pieces
}

fn render(state: &RunState, agent: &Agent, sources: Vec<Hit>) -> Next {
    let sections = written(state)
        .filter_map(|step| {
            let WriteInput { heading, sources: of, .. } = serde_json::from_value(step.input.clone()).ok()?;
            let text = tidy(&Thought::of(step).text);
            // A small model may only repeat the question; the quotes then say more without it.
            let text = if is_the_question(&text, &state.prompt) { String::new() } else { text };
            let passages: Vec<&str> =
                of.iter().filter_map(|&at| sources.get(at)).map(|hit| hit.text.as_str()).collect();
            let (text, made_up) = if agent.keep_to_sources { grounded(&text, &passages) } else { (text, false) };
            Some(Section { gap: gap(step, &text, made_up), heading, text, sources: of })
        })
        .collect();
    let params = RenderParams {
        title: title(&state.prompt),
        question: state.prompt.clone(),
        locale: Some(agent.locale.clone()),
        sections,
        sources,
    };
    tool("render", RENDER_TOOL, json!(params))
}

/// What the reader is told of a text that is not whole.
fn gap(step: &StepState, text: &str, made_up: bool) -> Option<Gap> {
    match &step.error {
        Some(error) if flaw::is_withheld(error) => Some(Gap::Withheld),
        _ if made_up => Some(Gap::MadeUp),
        _ => text.is_empty().then_some(Gap::Unwritten),
    }
}

fn is_the_question(text: &str, prompt: &str) -> bool {
    let letters = |text: &str| text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    !prompt.trim().is_empty() && letters(text) == letters(prompt)
}

/// The first line of the prompt, cut to a length that fits above a report.
fn title(prompt: &str) -> String {
    let line = prompt.trim().lines().next().unwrap_or_default();
    if line.chars().count() <= TITLE {
        return line.to_owned();
    }
    let mut title: String = line.chars().take(TITLE - 1).collect();
    title.push('…');
    title
}

fn tool(name: &str, tool: &str, params: Value) -> Next {
    let proposal = Proposal { name: name.to_owned(), input: Value::Null, tool: tool.to_owned(), params: Ok(params) };
    Next::Tools(vec![proposal])
}
