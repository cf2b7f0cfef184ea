#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use sba_subjects::{
    envelope::{Envelope, VERSION},
    event::{Artifact, Created, RunOptions},
    id::{ArtifactId, CommandId, DocumentId, InstanceId, RunId, TenantId, UserId},
    job::{KNOWLEDGE_TOOL, RENDER_TOOL},
    run::Workflow,
    tool::{Hit, RenderResult, SearchResult},
};
use serde_json::Value;
use uuid::Uuid;

use super::*;
use crate::domain::AgentSettings;

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn settings() -> AgentSettings {
    AgentSettings {
        model: "m".into(),
        max_output_tokens: 100,
        temperature: 0.0,
        top_k: 4,
        max_top_k: 10,
        max_sections: 2,
        max_steps: 10,
        max_run_tokens: 1000,
        run_deadline_ms: 10_000,
        locale: "en".into(),
    }
}

fn created() -> Envelope {
    let payload = Event::Created(Created {
        tenant_id: TenantId::from_uuid(id(1)),
        user_id: UserId::from_uuid(id(2)),
        session_id: None,
        workflow: Workflow::Render,
        prompt: "What is due?".into(),
        options: RunOptions::default(),
        request_hash: String::new(),
    });
    Envelope {
        v: VERSION,
        r#type: payload.kind().into(),
        run: RunId::from_uuid(id(3)),
        step: None,
        attempt: 0,
        seq: 1,
        ts: 1_000,
        cause: None,
        key_id: None,
        payload,
    }
}

fn command(body: CommandBody) -> Input {
    Input::Command(Command { v: VERSION, id: CommandId::from_uuid(id(9)), ts: 0, body })
}

fn start() -> Input {
    let Event::Created(created) = created().payload else { unreachable!() };
    command(CommandBody::Start(created))
}

fn hit(document: u128) -> Hit {
    Hit {
        document_id: DocumentId::from_uuid(id(document)),
        title: format!("Document {document}"),
        heading_path: Vec::new(),
        text: "All of it is due in May.".into(),
        start: 0,
        end: 24,
        score: 1.0,
        text_rank: None,
        vector_rank: None,
    }
}

fn rendered() -> Value {
    let artifact = Artifact {
        artifact_id: ArtifactId::from_uuid(id(5)),
        title: "T".into(),
        media_type: "text/markdown".into(),
        bytes: 1,
        url: "/".into(),
        citations: 1,
    };
    json!(RenderResult { artifact, dropped: Vec::new() })
}

/// The result that a state's pending call gets from workers that do their work.
fn result(state: &RunState, success: bool, hits: Vec<Hit>) -> Option<Input> {
    let request = &state.pending_call()?.request;
    let result = if request.tool_name.as_str() == KNOWLEDGE_TOOL { json!(SearchResult { hits }) } else { rendered() };
    Some(command(CommandBody::Result(ToolResult {
        call_id: request.call_id,
        tool_name: request.tool_name.clone(),
        success,
        result,
        error: None,
        duration_ms: 1,
    })))
}

fn answer(text: &str) -> Input {
    let usage = Usage { input_tokens: 10, output_tokens: 2 };
    Input::Answered(Answer { rest: text.into(), count: 1, raw: text.into(), cut: false, usage })
}

/// A run with its whole log, driven by one process after the other.
struct Run {
    log: Vec<Envelope>,
    state: RunState,
    holding: bool,
    now: u64,
    instance: u128,
}

impl Run {
    fn new() -> Self {
        let first = created();
        let state = RunState::begin(&first).unwrap();
        Self { log: vec![first], state, holding: false, now: 1_000, instance: 100 }
    }

    fn tell(&mut self, input: Input) -> Action {
        self.now += 1;
        let stamp = Stamp { instance: InstanceId::from_uuid(id(self.instance)), now: self.now, cause: None };
        let agent = settings().build(&self.state);
        let decision = decide(self.state.clone(), &agent, stamp, input, self.holding).unwrap();
        self.log.extend(decision.turn.events);
        self.state = decision.turn.state;
        self.holding = self.state.status == RunStatus::Running;
        decision.action
    }

    fn told(&mut self, success: bool, hits: Vec<Hit>) -> Action {
        let input = result(&self.state, success, hits).unwrap();
        self.tell(input)
    }
}

#[test]
fn a_run_looks_up_writes_renders_and_ends() {
    let mut run = Run::new();
    assert_eq!(run.tell(start()), Action::CallTool(1));
    assert_eq!(run.state.status, RunStatus::WaitingTool);
    assert_eq!(run.told(true, vec![hit(1), hit(2), hit(1)]), Action::CallModel(2));
    run.tell(Input::Said { text: "In ".into(), count: 1 });
    assert_eq!(run.tell(answer("May.")), Action::CallModel(3));
    assert_eq!(run.state.steps[1].output["text"], "In May.");
    assert_eq!(run.tell(answer("one")), Action::CallModel(4));
    assert_eq!(run.tell(answer("two")), Action::CallTool(5));
    let params = &run.state.pending_call().unwrap().request.params;
    assert_eq!(params["sections"][1]["sources"], json!([0, 2]), "a section rests on its own document");
    assert_eq!(run.told(true, Vec::new()), Action::End);
    assert_eq!(run.state.status, RunStatus::Completed);
    assert_eq!(run.state.artifacts.len(), 1);
    assert_eq!(run.state.usage, Usage { input_tokens: 30, output_tokens: 6 });
}

#[test]
fn nothing_found_is_rendered_without_asking_the_model() {
    let mut run = Run::new();
    run.tell(start());
    assert_eq!(run.told(true, Vec::new()), Action::CallTool(2));
    assert_eq!(run.state.pending_call().unwrap().request.tool_name.as_str(), RENDER_TOOL);
}

#[test]
fn an_answer_that_only_repeats_the_question_is_none() {
    let mut run = Run::new();
    run.tell(start());
    run.told(true, vec![hit(1)]);
    run.tell(answer("what is due"));
    run.tell(answer("All of it."));
    let params = &run.state.pending_call().unwrap().request.params;
    assert_eq!(
        (params["sections"][0]["text"].as_str(), params["sections"][1]["text"].as_str()),
        (Some(""), Some("All of it."))
    );
}

#[test]
fn a_result_that_comes_twice_changes_nothing() {
    let mut run = Run::new();
    run.tell(start());
    let input = result(&run.state, true, vec![hit(1)]).unwrap();
    run.tell(input.clone());
    let before = run.log.len();
    assert_eq!(run.tell(input), Action::Nothing);
    assert_eq!(run.log.len(), before);
}

#[test]
fn a_repeated_start_asks_for_the_same_call_again() {
    let mut run = Run::new();
    run.tell(start());
    let before = run.log.len();
    assert_eq!(run.tell(start()), Action::CallTool(1));
    assert_eq!(run.log.len(), before, "the intent is recorded once");
}

#[test]
fn who_takes_a_run_over_voids_what_the_unfinished_step_said() {
    let mut run = Run::new();
    run.tell(start());
    run.told(true, vec![hit(1)]);
    run.tell(Input::Said { text: "half a sen".into(), count: 3 });
    (run.holding, run.instance) = (false, 101);
    assert_eq!(run.tell(start()), Action::CallModel(2));
    let attempt = run.log.last().unwrap();
    assert!(matches!(&attempt.payload, Event::Attempt(Attempt { restarts_step: Some(2), .. })));
    assert_eq!((run.state.attempt, run.state.steps[1].text.as_str()), (3, ""));
}

#[test]
fn budgets_end_a_run_with_their_own_code() {
    let code = |run: &Run| run.state.error.as_ref().map(|error| error.code.clone());
    let mut late = Run::new();
    late.now += 20_000;
    assert_eq!(late.tell(start()), Action::End);
    assert_eq!(code(&late).as_deref(), Some("budget_time"));

    let mut short = Run::new();
    short.state.options.max_steps = Some(2);
    short.tell(start());
    short.told(true, vec![hit(1)]);
    assert_eq!(short.tell(answer("x")), Action::End);
    assert_eq!(code(&short).as_deref(), Some("budget_steps"));

    let mut dear = Run::new();
    dear.tell(start());
    dear.told(true, vec![hit(1)]);
    let usage = Usage { input_tokens: 1000, output_tokens: 1 };
    let answer = Answer { rest: String::new(), count: 0, raw: String::new(), cut: false, usage };
    assert_eq!(dear.tell(Input::Answered(answer)), Action::End);
    assert_eq!(code(&dear).as_deref(), Some("budget_tokens"));
}

#[derive(Debug, Clone)]
enum Move {
    Start,
    Result { success: bool, documents: Vec<u128> },
    OldResult,
    Said,
    Answered,
    Unanswered,
    OwnerDies,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let result = (prop::bool::weighted(0.9), prop::collection::vec(1..4u128, 0..6))
        .prop_map(|(success, documents)| Move::Result { success, documents });
    let one = prop_oneof![
        2 => Just(Move::Start),
        4 => result,
        1 => Just(Move::OldResult),
        3 => Just(Move::Said),
        4 => Just(Move::Answered),
        1 => Just(Move::Unanswered),
        1 => Just(Move::OwnerDies),
    ];
    prop::collection::vec(one, 0..40)
}

proptest! {
    #[test]
    fn whatever_happens_the_log_is_sound(moves in moves()) {
        let mut run = Run::new();
        let mut old = None;
        for step in moves {
            let holding = run.holding;
            match step {
                Move::Start => drop(run.tell(start())),
                Move::Result { success, documents } => {
                    if let Some(input) = result(&run.state, success, documents.into_iter().map(hit).collect()) {
                        old = Some(input.clone());
                        run.tell(input);
                    }
                }
                Move::OldResult => if let Some(input) = old.clone() { run.tell(input); },
                Move::Said => if holding { run.tell(Input::Said { text: "t".into(), count: 1 }); },
                Move::Answered => if holding { run.tell(answer("t")); },
                Move::Unanswered => if holding { run.tell(Input::Unanswered(Failure::new("x", "y"))); },
                Move::OwnerDies => { run.holding = false; run.instance += 1; }
            }
        }
        let folded = RunState::fold(None, &run.log).unwrap().unwrap();
        prop_assert_eq!(&folded, &run.state, "the log says what the state says");
        prop_assert!(run.log.iter().zip(1..).all(|(event, seq)| event.seq == seq), "dense");
        let ends = run.log.iter().filter(|event| matches!(event.payload, Event::Done(_))).count();
        prop_assert_eq!(ends, usize::from(run.state.status.is_terminal()));
        if run.state.status == RunStatus::Running && !run.holding {
            // Whatever reaches a run that nobody drives sets it going again.
            run.tell(start());
            prop_assert_eq!(run.state.instance, Some(InstanceId::from_uuid(id(run.instance))));
        }
    }
}
