//! The model chooses: it answers, or it asks for tool calls, sees their results, and is asked again.

use sba_subjects::{
    id::RunId,
    run::{Effect, Failure, StepKind, StepStatus},
    state::{RunState, StepState},
    tool::{ASK_TOOL, KNOWLEDGE_TOOL, RENDER_TOOL, RenderParams, SearchParams, Section, WrittenDocument, spec},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Next, Proposal, flaw, hits, served};
use crate::domain::Agent;

/// A tool call that the model asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelCall {
    /// What the provider calls this call; its result is given back under it.
    pub id: String,
    /// The tool, as the model wrote it.
    pub name: String,
    /// The arguments; text where the model wrote what is no JSON.
    pub arguments: Value,
}

/// What a model's step came to: its output, as the log keeps it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Thought {
    /// What it said.
    pub text: String,
    /// What the model wrote, to the letter.
    #[serde(default)]
    pub raw: String,
    /// Whether it was cut by the limit of tokens.
    #[serde(default)]
    pub cut: bool,
    /// The calls that it asks for, as many as may be made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<ModelCall>,
    /// How many calls more it asked for.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub dropped_calls: usize,
    /// Where it comes from, if not from the model that was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
}

/// Where an answer comes from, if not from the model that was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Another model answered, while the first is out.
    Fallback {
        /// What its provider calls it.
        model: String,
    },
    /// The model is out. The same was answered before.
    Cache {
        /// In this run of the same tenant.
        run_id: RunId,
        /// At this time, in milliseconds since 1970.
        answered_at: u64,
    },
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
const fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl Thought {
    /// What a finished step of the model came to.
    #[must_use]
    pub fn of(step: &StepState) -> Self {
        Self::deserialize(&step.output).unwrap_or_default()
    }
}

pub(super) fn next(state: &RunState, agent: &Agent) -> Next {
    let Some(last) = state.steps.iter().rposition(|step| step.kind == StepKind::Model) else {
        return Next::Model { name: "think", input: Value::Null };
    };
    let Some((step, made)) = state.steps.get(last).zip(state.steps.get(last + 1..)) else { return Next::Finish };
    if let Some(error) = &step.error {
        // A model that has done what it was asked may have nothing to add.
        return if flaw::is_empty(error) && acted(state) { Next::Finish } else { Next::Fail(error.clone()) };
    }
    let thought = Thought::of(step);
    if thought.calls.is_empty() {
        return if thought.cut { Next::Fail(flaw::cut()) } else { Next::Finish };
    }
    match thought.calls.get(made.len()..) {
        Some(calls) if !calls.is_empty() => {
            Next::Tools(calls.iter().map(|call| proposal(state, agent, call)).collect())
        }
        _ => Next::Model { name: "think", input: Value::Null },
    }
}

/// Whether a tool of the run changed something.
fn acted(state: &RunState) -> bool {
    let changed = |step: &StepState| step.call.as_ref().is_some_and(|call| call.request.effect != Effect::Pure);
    state.steps.iter().any(|step| step.status == StepStatus::Completed && changed(step))
}

fn proposal(state: &RunState, agent: &Agent, call: &ModelCall) -> Proposal {
    Proposal {
        name: call.name.chars().take(64).collect(),
        input: json!(call),
        tool: call.name.clone(),
        params: params(state, agent, call),
    }
}

/// What the tool is given, or what the model is told instead.
fn params(state: &RunState, agent: &Agent, call: &ModelCall) -> Result<Value, Failure> {
    let own = spec(&call.name).filter(|tool| agent.tools.contains(&tool.name));
    let fits = match (own, agent.served.iter().find(|tool| tool.name.as_str() == call.name)) {
        (Some(tool), _) => (tool.check)(&call.arguments),
        (None, Some(tool)) => served::check(tool, &call.arguments),
        (None, None) => {
            let served = agent.served.iter().map(|tool| tool.name.as_str());
            let names = agent.tools.iter().copied().chain(served).collect::<Vec<_>>().join(", ");
            return Err(Failure::new("tool_unknown", format!("There is no tool of this name. There are: {names}.")));
        }
    };
    fits.map_err(|error| Failure::new("arguments_invalid", format!("The arguments do not fit the tool: {error}.")))?;
    if repeated(state, call) >= agent.limits.same_calls {
        let message = "The same call was made before, with the same arguments. Use its result, or answer.";
        return Err(Failure::new("call_repeated", message));
    }
    Ok(completed(state, agent, call))
}

/// How often the model has made this very call in this run.
fn repeated(state: &RunState, call: &ModelCall) -> u32 {
    let same = |step: &&StepState| {
        matches!(step.kind, StepKind::Tool | StepKind::User)
            && ModelCall::deserialize(&step.input)
                .is_ok_and(|made| made.name == call.name && made.arguments == call.arguments)
    };
    u32::try_from(state.steps.iter().filter(same).count()).unwrap_or(u32::MAX)
}

/// The arguments with what the run adds to them: its own defaults, and what it looked up.
fn completed(state: &RunState, agent: &Agent, call: &ModelCall) -> Value {
    let completed = match call.name.as_str() {
        KNOWLEDGE_TOOL => SearchParams::deserialize(&call.arguments).ok().map(|params| {
            let top_k = params.top_k.unwrap_or(agent.top_k).clamp(1, agent.top_k);
            json!(SearchParams { top_k: Some(top_k), ..params })
        }),
        RENDER_TOOL => WrittenDocument::deserialize(&call.arguments).ok().map(|document| {
            let sources = hits(state);
            let cited = (0..sources.len()).collect();
            let section = Section { text: document.text, sources: cited, ..Section::default() };
            json!(RenderParams {
                title: document.title,
                question: state.prompt.clone(),
                locale: Some(agent.locale.clone()),
                sections: vec![section],
                sources,
            })
        }),
        _ => None,
    };
    completed.unwrap_or_else(|| call.arguments.clone())
}

/// Whether a proposal is a question to a person.
pub(in crate::domain) fn is_ask(proposal: &Proposal) -> bool {
    proposal.tool == ASK_TOOL
}
