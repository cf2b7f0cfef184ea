//! Runs that do not go on by themselves.

use sba_subjects::run::Stall;

use super::*;

/// Looks at a run as it stands.
fn poke(run: &Run, reason: Stall) -> CommandBody {
    CommandBody::Poke { seq: run.state.seq, reason }
}

fn stalls(run: &Run) -> Vec<(Stall, u32)> {
    let said = run.log.iter().filter_map(|event| match &event.payload {
        Event::Stalled(stalled) => Some((stalled.reason, stalled.count)),
        _ => None,
    });
    said.collect()
}

#[test]
fn a_run_that_nobody_began_is_begun() {
    let mut run = Run::rendering();
    let begun = run.told(poke(&run, Stall::NotStarted));
    assert_eq!(begun, [Action::CallTool(1)]);
    assert_eq!(stalls(&run), [(Stall::NotStarted, 1)]);
    assert_eq!(run.state.stalls, 0, "it has come further");
}

#[test]
fn a_model_whose_driver_is_gone_is_asked_anew() {
    let mut run = Run::thinking(&[]);
    run.hears(Input::Said { text: "half".into(), count: 1 });
    assert_eq!(run.told(poke(&run, Stall::Ownerless)), [], "who drives it is not disturbed");
    (run.holding, run.instance) = (false, run.instance + 1);
    assert_eq!(run.told(poke(&run, Stall::Ownerless)), [Action::CallModel(1)]);
    assert_eq!(run.state.steps[0].text, "", "what was said is void");
}

#[test]
fn a_call_that_was_lost_is_asked_for_again_and_again_but_not_for_ever() {
    let mut run = Run::rendering();
    run.settings.limits.call_ms = 1_000_000;
    run.told(start());
    for _ in 0..3 {
        assert_eq!(run.told(poke(&run, Stall::CallLost)), [Action::CallTool(1)]);
    }
    assert_eq!(run.told(poke(&run, Stall::CallLost)), [Action::StopTool(1), Action::End]);
    assert_eq!((run.state.status, run.code()), (RunStatus::Failed, Some("run_stalled")));
    assert_eq!(stalls(&run), [1, 2, 3].map(|count| (Stall::CallLost, count)));
}

#[test]
fn an_answer_makes_up_for_earlier_stalls() {
    let mut run = Run::thinking(&[]);
    run.settings.limits.call_ms = 1_000_000;
    for turn in 0..3 {
        run.hears(calls(&[(TASK_CREATE, json!({"title": format!("Pay {turn}")}))]));
        run.told(poke(&run, Stall::CallLost));
        run.told(poke(&run, Stall::CallLost));
        run.works(true, Vec::new());
    }
    assert_eq!((run.state.status, run.state.stalls), (RunStatus::Running, 0));
}

#[test]
fn a_run_that_went_on_meanwhile_is_left_alone() {
    let mut run = Run::rendering();
    let old = poke(&run, Stall::NotStarted);
    run.told(start());
    let before = run.log.len();
    assert_eq!(run.told(old), []);
    run.told(CommandBody::Pause);
    assert_eq!(run.told(poke(&run, Stall::CallLost)), [], "a person holds it");
    assert_eq!(run.log.len(), before + 1);
}

#[test]
fn what_is_due_is_done_without_its_timer() {
    let mut asked = Run::thinking(&[]);
    asked.hears(calls(&[(ASK_TOOL, json!({"question": "Whom?"})), (ASK_TOOL, json!({"question": "When?"}))]));
    asked.told(poke(&asked, Stall::TimerLost));
    assert_eq!(asked.state.status, RunStatus::WaitingInput, "it is not too late");
    asked.now += 3_001;
    assert_eq!(asked.told(poke(&asked, Stall::TimerLost)), [Action::CallModel(4)]);
    assert_eq!((asked.step_code(2), asked.step_code(3)), (Some("ask_expired"), Some("ask_expired")));

    let mut paused = Run::thinking(&[]);
    let until = Some(paused.now + 60_000);
    paused.hears(Input::Failed { failure: Failure::new("model_timeout", "Late."), until });
    paused.now += 60_001;
    assert_eq!(paused.told(poke(&paused, Stall::TimerLost)), [Action::CallModel(1)]);

    let mut cancelled = Run::thinking(&[]);
    cancelled.hears(calls(&[(TASK_CREATE, json!({"title": "Pay"}))]));
    cancelled.told(CommandBody::Cancel { reason: "No.".into() });
    cancelled.now += 501;
    cancelled.told(poke(&cancelled, Stall::TimerLost));
    assert_eq!(cancelled.state.status, RunStatus::Cancelled);
    for run in [asked, paused, cancelled] {
        assert_eq!(stalls(&run), [], "what was due is no stall");
    }
}

#[test]
fn a_tool_that_does_not_answer_in_time_fails_and_is_told_to_stop() {
    let mut run = Run::rendering();
    run.told(start());
    run.now += 5_001;
    let stopped = run.told(poke(&run, Stall::CallLate));
    assert_eq!(stopped, [Action::StopTool(1), Action::End]);
    assert_eq!((run.step_code(1), run.code()), (Some("tool_timeout"), Some("tool_timeout")));
}

#[test]
fn the_deadline_of_a_run_holds_while_it_waits_and_while_its_model_speaks() {
    for speaks in [false, true] {
        let mut run = Run::thinking(&[]);
        run.settings.limits.call_ms = 1_000_000;
        if !speaks {
            run.hears(calls(&[(TASK_CREATE, json!({"title": "Pay"}))]));
        }
        run.now += 10_001;
        let stopped = run.told(poke(&run, Stall::Overtime));
        assert_eq!(stopped.contains(&Action::StopTool(2)), !speaks);
        assert_eq!((run.state.status, run.code()), (RunStatus::Failed, Some("budget_time")));
        assert!(run.state.running_steps().next().is_none());
    }
}

#[test]
fn the_time_of_a_person_is_not_the_runs() {
    let mut run = Run::thinking(&[]);
    run.settings.limits.answer_ms = 1_000_000;
    run.hears(calls(&[(ASK_TOOL, json!({"question": "Whom?"}))]));
    run.now += 100_000;
    assert_eq!(run.told(poke(&run, Stall::Overtime)), []);
    assert_eq!(run.state.status, RunStatus::WaitingInput);
}

#[test]
fn a_run_that_takes_its_driver_with_it_each_time_is_driven_no_more() {
    let mut run = Run::thinking(&[]);
    for _ in 0..4 {
        (run.holding, run.instance) = (false, run.instance + 1);
        assert_eq!(run.told(start()), [Action::CallModel(1)]);
        run.hears(Input::Said { text: "half".into(), count: 1 });
    }
    (run.holding, run.instance) = (false, run.instance + 1);
    assert_eq!(run.told(start()), [Action::End]);
    assert_eq!(run.code(), Some("driver_lost"));
}

#[test]
fn a_model_that_fails_takes_nobody_with_it() {
    let mut run = Run::thinking(&[]);
    for _ in 0..20 {
        let until = Some(run.now + 1);
        run.hears(Input::Failed { failure: Failure::new("model_timeout", "Late."), until });
        run.now += 10;
        run.holding = false;
        assert_eq!(run.told(timer(Timer::Wake)), [Action::CallModel(1)]);
    }
    assert_eq!(run.state.status, RunStatus::Running);
}
