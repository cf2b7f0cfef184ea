//! What was under way is gone.

use sba_subjects::{
    event::{Event, Status, StepStarted},
    run::{RunStatus, Stall, StepKind},
    stream::Stream,
};
use sba_tests::run_log::attempted;
use serde_json::{Value, json};

use super::support::{Bench, call};

const TOOL_JOBS: &str = "sba.*.job.*.tool-exec.*";
const COMMANDS: &str = "sba.*.cmd.*.*.*";
const RESULTS: &str = "sba.*.cmd.*.*.result";

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_start_vanished_is_begun() {
    let bench = Bench::new(Vec::new(), |_| ()).await;
    let (_orchestrator, _worker) = (bench.orchestrator(), bench.caretaker());
    let run = bench.accepted().await.run;
    bench.stands(run, RunStatus::Completed).await;
    assert_eq!(bench.stalls(run).await, [Stall::NotStarted]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_driver_and_command_are_gone_is_taken_over() {
    let bench = Bench::new(Vec::new(), |_| ()).await;
    let mut writer = bench.accepted().await;
    // By a process that nobody has ever heard.
    writer.attempt = 1;
    let running = Status { status: RunStatus::Running, reason: None, until: None };
    let record = writer.record(vec![attempted(), Event::Status(running)]).unwrap();
    writer.append(&record).await.unwrap();
    let started = StepStarted { kind: StepKind::Model, name: "think".to_owned(), input: Value::Null };
    let record = writer.record_of(Some(1), None, vec![Event::StepStarted(started)]).unwrap();
    writer.append(&record).await.unwrap();
    let (_orchestrator, _worker) = (bench.orchestrator(), bench.caretaker());
    bench.stands(writer.run, RunStatus::Completed).await;
    assert_eq!(bench.stalls(writer.run).await, [Stall::Ownerless]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_gone_from_its_queue_is_queued_again() {
    let bench = Bench::new(vec![call("task_list", json!({}))], |_| ()).await;
    let (_orchestrator, _caretaker) = (bench.orchestrator(), bench.caretaker());
    let run = bench.start().await;
    bench.comes(Stream::Jobs, TOOL_JOBS).await;
    bench.stands(run, RunStatus::WaitingTool).await;
    bench.lose(Stream::Jobs, TOOL_JOBS).await;
    bench.comes(Stream::Jobs, TOOL_JOBS).await;
    let _worker = bench.worker();
    bench.stands(run, RunStatus::Completed).await;
    assert_eq!(bench.stalls(run).await[0], Stall::CallLost);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_was_lost_on_its_way_is_asked_for_again_and_its_effect_is_not_repeated() {
    let bench = Bench::new(vec![call("task_create", json!({"title": "Pay"}))], |_| ()).await;
    let orchestrator = bench.orchestrator();
    let run = bench.start().await;
    bench.stands(run, RunStatus::WaitingTool).await;
    orchestrator.stop().await;
    let _worker = bench.worker();
    bench.comes(Stream::Cmds, RESULTS).await;
    bench.lose(Stream::Cmds, COMMANDS).await;
    let _orchestrator = bench.orchestrator();
    bench.stands(run, RunStatus::Completed).await;
    assert_eq!(bench.stalls(run).await, [Stall::CallLost]);
    assert_eq!(bench.tasks().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_cannot_be_driven_on_fails_and_says_why() {
    let bench = Bench::new(vec![call("task_list", json!({}))], |config| config.orchestrator.stall_limit = 2).await;
    let (_orchestrator, _caretaker) = (bench.orchestrator(), bench.caretaker());
    let run = bench.start().await;
    let vanish = async {
        loop {
            bench.lose(Stream::Jobs, TOOL_JOBS).await;
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    let failure = tokio::select! {
        failure = bench.failed(run) => failure,
        () = vanish => unreachable!("it goes on for ever"),
    };
    assert_eq!(failure.code, "run_stalled", "{failure:?}");
    assert!(failure.message.contains("call_lost"), "{failure:?}");
    assert_eq!(bench.stalls(run).await, [Stall::CallLost; 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_supervises_once_the_first_is_gone() {
    let bench = Bench::new(Vec::new(), |_| ()).await;
    let (first, _second, _worker) = (bench.orchestrator(), bench.orchestrator(), bench.caretaker());
    let run = bench.accepted().await.run;
    bench.stands(run, RunStatus::Completed).await;
    first.stop().await;
    let run = bench.accepted().await.run;
    bench.stands(run, RunStatus::Completed).await;
    assert_eq!(bench.stalls(run).await, [Stall::NotStarted]);
}
