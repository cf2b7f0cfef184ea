//! Look up, write, render.

use super::*;

#[test]
fn a_run_looks_up_writes_renders_and_ends() {
    let mut run = Run::rendering();
    assert_eq!(run.told(start()), [Action::CallTool(1)]);
    assert_eq!(run.state.status, RunStatus::WaitingTool);
    assert_eq!(run.works(true, vec![hit(1), hit(2), Hit { start: 30, ..hit(1) }]), [Action::CallModel(2)]);
    run.hears(Input::Said { text: "In ".into(), count: 1 });
    assert_eq!(run.hears(answer("May.")), [Action::CallModel(3)]);
    assert_eq!(run.state.steps[1].output["text"], "In May.");
    assert_eq!(run.hears(answer("one")), [Action::CallModel(4)]);
    assert_eq!(run.hears(answer("two")), [Action::CallTool(5)]);
    let params = &pending(&run.state)[0].request.params;
    assert_eq!(params["sections"][1]["sources"], json!([0, 2]), "a section rests on its own document");
    assert_eq!(run.works(true, Vec::new()), [Action::End]);
    assert_eq!(run.state.status, RunStatus::Completed);
    assert_eq!(run.state.artifacts.len(), 1);
    assert_eq!(run.state.usage, Usage { cost_micros: 42, ..usage(30, 6) });
}

#[test]
fn a_run_ends_with_its_report_though_the_limits_were_lowered_meanwhile() {
    let mut run = Run::rendering();
    run.told(start());
    run.works(true, vec![hit(1), hit(2)]);
    run.hears(answer("In May."));
    run.hears(answer("one"));
    run.settings.max_sections = 0;
    assert_eq!(run.hears(answer("two")), [Action::CallTool(5)], "what was written is rendered");
    assert_eq!(run.works(true, Vec::new()), [Action::End]);
    assert_eq!(run.state.artifacts.len(), 1);
}

#[test]
fn nothing_found_is_rendered_without_asking_the_model() {
    let mut run = Run::rendering();
    run.told(start());
    assert_eq!(run.works(true, Vec::new()), [Action::CallTool(2)]);
    assert_eq!(pending(&run.state)[0].request.tool_name.as_str(), RENDER_TOOL);
}

#[test]
fn an_answer_that_only_repeats_the_question_is_none() {
    let mut run = Run::rendering();
    run.told(start());
    run.works(true, vec![hit(1)]);
    run.hears(answer("what is due"));
    run.hears(answer("All of it."));
    let params = &pending(&run.state)[0].request.params;
    let text = |section: usize| params["sections"][section]["text"].as_str();
    assert_eq!((text(0), text(1)), (Some(""), Some("All of it.")));
    assert_eq!(params["sections"][0]["gap"], "unwritten");
}

#[test]
fn a_report_says_what_of_it_was_not_written() {
    let mut run = Run::rendering();
    run.told(start());
    run.works(true, vec![hit(1), hit(2)]);
    run.hears(withheld("All of"));
    run.hears(answer(""));
    run.hears(answer("Half of it."));
    let sections = &pending(&run.state)[0].request.params["sections"];
    let gaps: Vec<_> = (0..3).map(|section| sections[section]["gap"].as_str()).collect();
    assert_eq!(gaps, [Some("withheld"), Some("unwritten"), None]);
    assert_eq!(
        (run.step_code(2), run.step_code(3), run.step_code(4)),
        (Some("model_withheld"), Some("model_empty"), None)
    );
    run.works(true, Vec::new());
    assert_eq!(run.state.status, RunStatus::Completed);
}

#[test]
fn a_report_of_which_nothing_was_written_is_none() {
    for (section, code) in [(answer(""), "model_empty"), (withheld(""), "model_withheld")] {
        let mut run = Run::rendering();
        run.told(start());
        run.works(true, vec![hit(1)]);
        run.hears(answer(""));
        assert_eq!(run.hears(section), [Action::End]);
        assert_eq!((run.state.status, run.code()), (RunStatus::Failed, Some(code)));
    }
}

#[test]
fn a_tool_that_fails_fails_the_run() {
    let mut run = Run::rendering();
    run.told(start());
    assert_eq!(run.fails("job_timeout"), [Action::End]);
    assert_eq!((run.state.status, run.code()), (RunStatus::Failed, Some("job_timeout")));
}

#[test]
fn a_result_that_comes_twice_changes_nothing() {
    let mut run = Run::rendering();
    run.told(start());
    let body = result(&run.state, true, vec![hit(1)]).unwrap();
    run.told(body.clone());
    let before = run.log.len();
    assert_eq!(run.told(body), []);
    assert_eq!(run.log.len(), before);
}

#[test]
fn a_repeated_start_asks_for_the_same_call_again_and_another_request_for_nothing() {
    let mut run = Run::rendering();
    run.told(start());
    let before = run.log.len();
    assert_eq!(run.told(start()), [Action::CallTool(1)]);
    let other = Created { request_hash: "ff".into(), ..request(Workflow::Render) };
    assert_eq!(run.told(CommandBody::Start(other)), []);
    assert_eq!(run.log.len(), before, "the intent is recorded once");
}

#[test]
fn who_takes_a_run_over_voids_what_the_unfinished_step_said() {
    let mut run = Run::rendering();
    run.told(start());
    run.works(true, vec![hit(1)]);
    run.hears(Input::Said { text: "half a sen".into(), count: 3 });
    (run.holding, run.instance) = (false, 101);
    assert_eq!(run.told(start()), [Action::CallModel(2)]);
    let attempt = run.log.last().unwrap();
    assert!(matches!(&attempt.payload, Event::Attempt(Attempt { restarts_step: Some(2), .. })));
    assert_eq!((run.state.attempt, run.state.steps[1].text.as_str()), (3, ""));
}

#[test]
fn budgets_end_a_run_with_their_own_code() {
    let mut late = Run::rendering();
    late.now += 20_000;
    assert_eq!(late.told(start()), [Action::End]);
    assert_eq!(late.code(), Some("budget_time"));

    let mut short = Run::rendering();
    short.settings.limits.steps = 2;
    short.told(start());
    short.works(true, vec![hit(1)]);
    assert_eq!(short.hears(answer("x")), [Action::End]);
    assert_eq!(short.code(), Some("budget_steps"));

    let long = Answer { usage: usage(1000, 1), ..whole("x") };
    let mut wordy = Run::rendering();
    wordy.told(start());
    wordy.works(true, vec![hit(1)]);
    assert_eq!(wordy.hears(Input::Answered(long.clone())), [Action::End]);
    assert_eq!(wordy.code(), Some("budget_tokens"));

    let mut dear = Run::rendering();
    (dear.settings.limits.cost_micros, dear.settings.limits.tokens) = (Some(1_002), 1_000_000);
    dear.told(start());
    dear.works(true, vec![hit(1)]);
    assert_eq!(dear.hears(Input::Answered(long)), [Action::End]);
    assert_eq!(dear.code(), Some("budget_cost"));
}

#[test]
fn a_tool_that_never_answers_fails_when_somebody_looks() {
    let mut run = Run::rendering();
    run.told(start());
    run.now += 6_000;
    assert_eq!(run.told(timer(Timer::Wake)), [Action::StopTool(1), Action::End]);
    assert_eq!(run.code(), Some("tool_timeout"));
}

#[test]
fn a_direct_call_is_a_run_of_one_step() {
    let call = DirectCall { tool_name: TASK_LIST.parse().unwrap(), params: json!({}) };
    let mut run = Run::new(Created { call: Some(call), ..request(Workflow::Tool) });
    assert_eq!(run.told(start()), [Action::CallTool(1)]);
    assert_eq!(run.works(true, Vec::new()), [Action::End]);
    assert_eq!(run.state.status, RunStatus::Completed);
}

#[test]
fn a_fork_goes_on_behind_the_steps_that_it_takes_over() {
    let mut source = Run::rendering();
    source.told(start());
    source.works(true, vec![hit(1)]);
    source.hears(answer("All of it."));
    let fork_of = Some(ForkOf { run: RunId::from_uuid(id(77)), step: 2 });
    let mut fork = Run::new(Created { fork_of, ..request(Workflow::Render) });
    assert_eq!(fork.told(start()), [Action::Fork]);
    let steps = source.state.steps[..2].to_vec();
    assert_eq!(fork.hears(Input::Forked(Some(steps))), [Action::CallModel(3)]);
    assert_eq!(fork.state.steps[1].output, source.state.steps[1].output);
    assert_eq!(fork.state.usage, Usage::default(), "the other run paid for it");

    let mut lost = Run::new(Created { fork_of, ..request(Workflow::Render) });
    lost.told(start());
    assert_eq!(lost.hears(Input::Forked(None)), [Action::End]);
    assert_eq!(lost.code(), Some("fork_source_missing"));
}
