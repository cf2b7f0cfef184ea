//! What should have happened by now.

use sba_service::config::Millis;
use sba_subjects::{command::CommandBody, event::Event, run::RunStatus, stream::Stream};
use serde_json::json;

use super::support::{Bench, call};

const TIMERS: &str = "sba.*.timer.*.*.*";
const TOOL_JOBS: &str = "sba.*.job.*.tool-exec.*";

#[tokio::test(flavor = "multi_thread")]
async fn a_question_expires_without_its_timer() {
    let calls = vec![call("ask_person", json!({"question": "Whom?"}))];
    let bench = Bench::new(calls, |config| config.orchestrator.answer_deadline_ms = Millis::new(2_000)).await;
    let (_orchestrator, _caretaker) = (bench.orchestrator(), bench.caretaker());
    let run = bench.start().await;
    bench.stands(run, RunStatus::WaitingInput).await;
    bench.comes(Stream::Timers, TIMERS).await;
    bench.lose(Stream::Timers, TIMERS).await;
    let state = bench.stands(run, RunStatus::Completed).await;
    assert_eq!(state.steps[1].error.as_ref().unwrap().code, "ask_expired");
    assert_eq!(bench.stalls(run).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_run_ends_without_the_timer_of_its_grace() {
    let calls = vec![call("task_create", json!({"title": "Pay"}))];
    let bench = Bench::new(calls, |config| config.orchestrator.cancel_grace_ms = Millis::new(2_000)).await;
    let (_orchestrator, _caretaker) = (bench.orchestrator(), bench.caretaker());
    let run = bench.start().await;
    bench.stands(run, RunStatus::WaitingTool).await;
    bench.tell(run, CommandBody::Cancel { reason: "No longer needed.".to_owned() }).await;
    bench.stands(run, RunStatus::Cancelling).await;
    bench.comes(Stream::Timers, TIMERS).await;
    bench.lose(Stream::Timers, TIMERS).await;
    bench.stands(run, RunStatus::Cancelled).await;
    let said = bench.said(run).await;
    let Event::Done(done) = &said[said.len() - 1].payload else { unreachable!("`done` is the last") };
    assert_eq!(done.unconfirmed.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_waits_for_too_long_fails_and_takes_its_call_back() {
    let calls = vec![call("task_list", json!({}))];
    let bench = Bench::new(calls, |config| config.orchestrator.run_deadline_ms = Millis::new(1_500)).await;
    let (_orchestrator, _caretaker) = (bench.orchestrator(), bench.caretaker());
    let run = bench.start().await;
    assert_eq!(bench.failed(run).await.code, "budget_time");
    super::support::until("the call to be gone", async || {
        (bench.standing(Stream::Jobs, TOOL_JOBS).await == 0).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_that_does_not_answer_is_given_up_and_the_model_is_told() {
    let calls = vec![call("task_list", json!({}))];
    let bench = Bench::new(calls, |config| config.orchestrator.tool_deadline_ms = Millis::new(1_000)).await;
    let (_orchestrator, _caretaker) = (bench.orchestrator(), bench.caretaker());
    let run = bench.start().await;
    let state = bench.stands(run, RunStatus::Completed).await;
    assert_eq!(state.steps[1].error.as_ref().unwrap().code, "tool_timeout");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_speaks_for_too_long_is_broken_off() {
    let endless = |config: &mut sba_service::config::Config| {
        config.model.scripted.text = "word ".repeat(10_000);
        config.model.scripted.delay_ms = Millis::new(20);
        config.orchestrator.run_deadline_ms = Millis::new(1_500);
    };
    let bench = Bench::new(Vec::new(), endless).await;
    let (_orchestrator, _caretaker) = (bench.orchestrator(), bench.caretaker());
    let run = bench.start().await;
    assert_eq!(bench.failed(run).await.code, "budget_time");
}
