//! Cancel, pause, resume, and what comes twice or too late.

use super::*;

fn cancel() -> CommandBody {
    CommandBody::Cancel { reason: "No longer needed.".into() }
}

/// The calls that the last event of a run names.
fn unconfirmed(run: &Run) -> Vec<CallId> {
    let done = run.log.last().and_then(|event| match &event.payload {
        Event::Done(done) => Some(done.unconfirmed.clone()),
        _ => None,
    });
    done.unwrap()
}

#[test]
fn a_run_whose_model_speaks_is_cancelled_at_once() {
    let mut run = Run::thinking(&[]);
    run.hears(Input::Said { text: "half".into(), count: 1 });
    assert_eq!(run.told(cancel()), [Action::Forget(Timer::Grace), Action::End]);
    assert_eq!((run.state.status, run.code()), (RunStatus::Cancelled, Some("cancelled")));
    let before = run.log.len();
    run.hears(Input::Said { text: "more".into(), count: 1 });
    run.told(cancel());
    assert_eq!(run.log.len(), before, "nothing follows the end");
}

#[test]
fn cancelled_means_stopped() {
    let mut run = Run::thinking(&[]);
    run.hears(calls(&[(TASK_CREATE, json!({"title": "Pay"})), (TASK_LIST, json!({}))]));
    let at = run.now + 1 + 500;
    let stop = [Action::StopTool(2), Action::StopTool(3), Action::Wake(Timer::Grace, at)];
    assert_eq!(run.told(cancel()), stop);
    assert_eq!(run.state.status, RunStatus::Cancelling);
    assert_eq!(run.state.steps[2].status, StepStatus::Cancelled, "what only reads is not waited for");
    assert_eq!(run.fails("call_cancelled"), [Action::Forget(Timer::Grace), Action::End]);
    assert_eq!(run.state.status, RunStatus::Cancelled);
    assert_eq!(unconfirmed(&run), []);
}

#[test]
fn what_does_not_stop_in_time_is_named() {
    let mut run = Run::thinking(&[]);
    run.hears(calls(&[(TASK_CREATE, json!({"title": "Pay"}))]));
    let call = pending(&run.state)[0].request.call_id;
    run.told(cancel());
    let due = run.state.cancel.as_ref().unwrap().at + 500;
    assert_eq!(run.told(timer(Timer::Grace)), [Action::Wake(Timer::Grace, due)], "too early");
    run.now += 600;
    assert_eq!(run.told(timer(Timer::Grace)), [Action::Forget(Timer::Grace), Action::End]);
    assert_eq!(unconfirmed(&run), [call]);
}

#[test]
fn what_a_timer_was_set_for_is_due_whatever_this_clock_says() {
    let mut run = Run::thinking(&[]);
    run.hears(calls(&[(TASK_CREATE, json!({"title": "Pay"}))]));
    run.told(cancel());
    let due = run.state.cancel.as_ref().unwrap().at + 500;
    let fired = |ts: u64| Command { v: VERSION, id: CommandId::from_uuid(id(77)), ts, body: timer(Timer::Grace) };
    let mut tell = |ts: u64| run.tell(Input::Command(Box::new(fired(ts))), None);
    assert_eq!(tell(due - 1), [Action::Wake(Timer::Grace, due)], "set for something earlier");
    assert_eq!(tell(due), [Action::Forget(Timer::Grace), Action::End]);
}

#[test]
fn a_run_can_be_cancelled_before_it_begins() {
    let mut run = Run::rendering();
    run.told(cancel());
    assert_eq!(run.state.status, RunStatus::Cancelled);
    assert_eq!(run.told(start()), [Action::End]);
}

#[test]
fn a_paused_model_is_broken_off_and_begins_anew() {
    let mut run = Run::thinking(&[]);
    run.hears(Input::Said { text: "half".into(), count: 1 });
    assert_eq!(run.told(CommandBody::Pause), []);
    assert_eq!(run.state.status, RunStatus::Paused);
    run.told(CommandBody::Pause);
    assert_eq!(run.told(CommandBody::Resume), [Action::CallModel(1)]);
    assert_eq!((run.state.status, run.state.steps[0].text.as_str()), (RunStatus::Running, ""));
    run.told(CommandBody::Resume);
    assert_eq!(run.refusals(), ["already_paused", "not_paused"]);
}

#[test]
fn results_are_kept_while_a_run_is_paused() {
    let mut run = Run::rendering();
    run.told(start());
    run.told(CommandBody::Pause);
    assert_eq!(run.works(true, vec![hit(1)]), []);
    assert_eq!(run.state.status, RunStatus::Paused);
    assert_eq!(run.told(CommandBody::Resume), [Action::CallModel(2)]);
}

#[test]
fn a_command_that_comes_twice_is_done_once() {
    let mut run = Run::thinking(&[]);
    run.told_as(7, CommandBody::Pause);
    run.told(CommandBody::Resume);
    let before = run.log.len();
    assert_eq!(run.told_as(7, CommandBody::Pause), []);
    assert_eq!((run.log.len(), run.state.status), (before, RunStatus::Running));
}

#[test]
fn refusals_do_not_fill_the_log() {
    let mut run = Run::thinking(&[]);
    for _ in 0..10_000 {
        run.told(words(json!("hello?")));
    }
    assert_eq!(run.refusals().len(), 32);
    assert_eq!(run.state.status, RunStatus::Running);
}

#[test]
fn a_model_that_is_out_is_waited_for_without_a_process() {
    let mut run = Run::thinking(&[]);
    run.hears(Input::Said { text: "half".into(), count: 1 });
    let until = run.now + 60_000;
    let failure = Failure::new("model_unreachable", "No connection.");
    let parked = run.hears(Input::Failed { failure: failure.clone(), until: Some(until) });
    assert_eq!(parked, [Action::Wake(Timer::Wake, until)]);
    assert_eq!((run.state.status, run.state.owner()), (RunStatus::Paused, None));
    run.now = until;
    run.instance += 1;
    assert_eq!(run.told(timer(Timer::Wake)), [Action::CallModel(1)]);
    assert_eq!((run.state.steps[0].errors, run.state.steps[0].text.as_str()), (1, ""));
    assert_eq!(run.hears(Input::Failed { failure, until: None }), [Action::CallModel(1)]);
    assert_eq!(run.state.steps[0].errors, 2);
}

#[test]
fn somebody_may_pause_what_waits_for_the_model() {
    let mut run = Run::thinking(&[]);
    let until = Some(run.now + 60_000);
    run.hears(Input::Failed { failure: Failure::new("model_timeout", "Late."), until });
    run.told(CommandBody::Pause);
    run.now += 120_000;
    assert_eq!(run.told(timer(Timer::Wake)), [], "the timer is settled");
    assert_eq!(run.state.status, RunStatus::Paused);
}
