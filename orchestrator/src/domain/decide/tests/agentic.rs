//! The model chooses.

use super::*;

#[test]
fn calls_go_side_by_side_and_their_results_go_back_together() {
    let mut run = Run::thinking(&[]);
    let asked = [(KNOWLEDGE_TOOL, json!({"query": "due"})), (TASK_LIST, json!({}))];
    assert_eq!(run.hears(calls(&asked)), [Action::CallTool(2), Action::CallTool(3)]);
    assert_eq!(pending(&run.state)[0].request.params, json!({"query": "due", "top_k": 4}));
    let late = answered(pending(&run.state)[1], true, json!({"tasks": [], "total": 0}));
    assert_eq!(run.told(CommandBody::Result(late)), []);
    assert_eq!(run.state.status, RunStatus::WaitingTool, "one is still under way");
    assert_eq!(run.works(true, vec![hit(1)]), [Action::CallModel(4)]);
    assert_eq!(run.hears(answer("All of it.")), [Action::End]);
    assert_eq!(run.state.status, RunStatus::Completed);
}

#[test]
fn what_the_model_does_wrong_is_told_to_it() {
    let mut run = Run::thinking(&[]);
    let wrong = [("rm_rf", json!({})), (TASK_CREATE, json!({"title": 7})), (TASK_CREATE, json!("no JSON"))];
    assert_eq!(run.hears(calls(&wrong)), [Action::CallModel(5)]);
    let codes: Vec<_> = (2..5).map(|step| run.step_code(step)).collect();
    assert_eq!(codes, [Some("tool_unknown"), Some("arguments_invalid"), Some("arguments_invalid")]);
}

#[test]
fn a_loop_is_broken_and_bounded() {
    let mut run = Run::thinking(&[]);
    let mut last = Vec::new();
    for _ in 0..20 {
        last = run.hears(calls(&[(TASK_LIST, json!({}))]));
        if run.state.status == RunStatus::WaitingTool {
            last = run.works(true, Vec::new());
        }
        if last == [Action::End] {
            break;
        }
    }
    assert_eq!((last, run.code()), (vec![Action::End], Some("budget_steps")));
    let refused = run.state.steps.iter().filter(|step| run.step_code(step.number) == Some("call_repeated")).count();
    assert!(refused > 0 && run.state.steps.iter().filter(|step| step.call.is_some()).count() == 2);
}

#[test]
fn of_too_many_calls_only_the_first_are_made() {
    let mut run = Run::thinking(&[]);
    let many: Vec<_> = (0..500).map(|n| (KNOWLEDGE_TOOL, json!({"query": format!("q{n}")}))).collect();
    assert_eq!(run.hears(calls(&many)).len(), 4);
    assert_eq!(crate::domain::Thought::of(&run.state.steps[0]).dropped_calls, 496);
}

#[test]
fn tools_are_offered_by_role_by_the_tenant_and_by_the_request() {
    let offered = |created: Created| settings().build(&RunState::begin(&first(created)).unwrap()).tools;
    let all = offered(request(Workflow::Agentic));
    assert!(all.contains(&TASK_CREATE) && all.contains(&KNOWLEDGE_TOOL) && all.contains(&ASK_TOOL));
    let viewer = offered(Created { roles: vec!["viewer".into()], ..request(Workflow::Agentic) });
    assert!(!viewer.contains(&TASK_CREATE) && viewer.contains(&KNOWLEDGE_TOOL));
    let only = Some(vec![TASK_LIST.parse().unwrap(), TASK_CREATE.parse().unwrap()]);
    let settings = Box::new(TenantSettings { tools: only, ..TenantSettings::default() });
    let options = RunOptions { tools: Some(vec![TASK_LIST.parse().unwrap()]), ..RunOptions::default() };
    assert_eq!(offered(Created { settings, options, ..request(Workflow::Agentic) }), [TASK_LIST, ASK_TOOL]);
}

#[test]
fn a_call_that_needs_approval_is_made_once_a_person_agrees() {
    let mut run = Run::thinking(&[TASK_CREATE]);
    let at = run.now + 1 + 3_000;
    assert_eq!(run.hears(calls(&[(TASK_CREATE, json!({"title": "Pay"}))])), [Action::Wake(Timer::Ask(2), at)]);
    assert_eq!(run.state.status, RunStatus::WaitingInput);
    assert_eq!(run.state.steps[1].ask.as_ref().unwrap().request.kind, AskKind::Approval);
    assert_eq!(run.told(words(json!("maybe"))), []);
    let agreed = run.told(words(json!({"approved": true})));
    assert_eq!(agreed, [Action::Forget(Timer::Ask(2)), Action::CallTool(2)]);
    assert_eq!(run.state.status, RunStatus::WaitingTool);
    assert_eq!(run.told(words(json!(false))), [], "the second, conflicting answer");
    assert_eq!(run.refusals(), ["answer_invalid", "nothing_asked"]);
    assert_eq!(run.works(true, Vec::new()), [Action::CallModel(3)]);
}

#[test]
fn a_denied_call_and_silence_are_told_to_the_model() {
    let mut run = Run::thinking(&[TASK_CREATE]);
    run.hears(calls(&[(TASK_CREATE, json!({"title": "Pay"})), (ASK_TOOL, json!({"question": "Whom?"}))]));
    let denied = run.told(words(json!({"approved": false, "comment": "Not this month."})));
    assert_eq!(denied, [Action::Forget(Timer::Ask(2))]);
    assert_eq!(run.step_code(2), Some("call_denied"));
    run.now += 5_000;
    assert_eq!(run.told(timer(Timer::Ask(3))), [Action::CallModel(4)]);
    assert_eq!(run.step_code(3), Some("ask_expired"));
    assert_eq!(run.state.waited_ms, 5_002, "waiting for a person is not counted against the run");
}

#[test]
fn a_timer_that_fires_too_early_is_set_again() {
    let mut run = Run::thinking(&[]);
    run.hears(calls(&[(ASK_TOOL, json!({"question": "Whom?", "options": ["Ann", "Bob"]}))]));
    let due = run.state.steps[1].ask.as_ref().unwrap().request.expires_at.unwrap();
    assert_eq!(run.told(timer(Timer::Ask(2))), [Action::Wake(Timer::Ask(2), due)]);
    run.told(words(json!("Cid")));
    assert_eq!(run.refusals(), ["answer_invalid"]);
    assert_eq!(run.told(words(json!("Bob"))), [Action::Forget(Timer::Ask(2)), Action::CallModel(3)]);
    assert_eq!(run.state.steps[1].output, json!({"answer": "Bob"}));
}

#[test]
fn a_person_decides_about_an_effect_that_nobody_knows_of() {
    for (word, then) in [(tool::IT_DID, Action::CallModel(3)), (tool::IT_DID_NOT, Action::CallTool(2))] {
        let mut run = Run::thinking(&[]);
        run.hears(calls(&[(TASK_CREATE, json!({"title": "Pay"}))]));
        let first = pending(&run.state)[0].request.call_id;
        assert!(matches!(run.fails("effect_unknown")[..], [Action::Wake(Timer::Ask(2), _)]));
        assert_eq!(run.state.status, RunStatus::WaitingInput);
        assert_eq!(run.told(words(json!(word)))[1], then);
        if word == tool::IT_DID_NOT {
            assert_ne!(pending(&run.state)[0].request.call_id, first, "a new call has a key of its own");
            assert_eq!(run.works(true, Vec::new()), [Action::CallModel(3)]);
        }
        assert_eq!(run.state.steps[1].status, StepStatus::Completed);
    }
}

#[test]
fn an_answer_that_was_cut_is_no_result() {
    let mut run = Run::thinking(&[]);
    assert_eq!(run.hears(Input::Answered(Answer { cut: true, ..whole("half") })), [Action::End]);
    assert_eq!(run.code(), Some("model_cut"));
}

#[test]
fn an_answer_that_was_kept_back_is_no_result_and_its_calls_are_not_made() {
    let mut run = Run::thinking(&[]);
    assert_eq!(run.hears(withheld("The fo")), [Action::End]);
    assert_eq!((run.state.status, run.code()), (RunStatus::Failed, Some("model_withheld")));
    assert_eq!((run.step_code(1), &run.state.steps[0].output["text"]), (Some("model_withheld"), &json!("The fo")));
    let mut run = Run::thinking(&[]);
    let Input::Answered(asked) = calls(&[(TASK_CREATE, json!({"title": "Pay"}))]) else { unreachable!() };
    assert_eq!(run.hears(Input::Answered(Answer { withheld: true, ..asked })), [Action::End]);
    assert_eq!(run.code(), Some("model_withheld"));
}

#[test]
fn an_empty_answer_is_a_result_only_after_something_was_done() {
    let mut run = Run::thinking(&[]);
    run.hears(calls(&[(KNOWLEDGE_TOOL, json!({"query": "due"}))]));
    run.works(true, vec![hit(1)]);
    assert_eq!(run.hears(answer("")), [Action::End]);
    assert_eq!((run.state.status, run.code()), (RunStatus::Failed, Some("model_empty")));

    let mut run = Run::thinking(&[]);
    run.hears(calls(&[(TASK_CREATE, json!({"title": "Pay"}))]));
    run.works(true, Vec::new());
    assert_eq!(run.hears(answer("")), [Action::End]);
    assert_eq!((run.state.status, run.step_code(3)), (RunStatus::Completed, Some("model_empty")));
}
