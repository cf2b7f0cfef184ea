//! Supervising makes nothing of what is well.

use std::time::Duration;

use sba_subjects::{run::RunStatus, stream::Stream};
use serde_json::json;

use super::support::{Bench, STALL, call};

#[tokio::test(flavor = "multi_thread")]
async fn runs_that_wait_for_people_or_for_their_turn_are_left_alone() {
    let bench = Bench::new(vec![call("ask_person", json!({"question": "Whom?"}))], |_| ()).await;
    let orchestrator = bench.orchestrator();
    let mut asking = Vec::new();
    for _ in 0..50 {
        asking.push(bench.start().await);
    }
    for run in &asking {
        bench.stands(*run, RunStatus::WaitingInput).await;
    }
    orchestrator.stop().await;
    // Nobody works on what is queued now, and all of it is looked at once somebody does.
    let waiting = bench.start().await;
    let _worker = bench.worker();
    let jobs = bench.stored(Stream::Jobs).await;
    tokio::time::sleep(Duration::from_millis(3 * STALL)).await;
    let _orchestrator = bench.orchestrator();
    bench.stands(waiting, RunStatus::WaitingInput).await;
    // This is how long they are looked at.
    tokio::time::sleep(Duration::from_millis(10 * STALL)).await;
    assert_eq!(bench.stored(Stream::Jobs).await, jobs, "a job to drive on what is well");
    for run in asking.iter().chain([&waiting]) {
        assert_eq!(bench.stalls(*run).await, []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_waits_for_workers_is_not_driven_on() {
    let bench = Bench::new(vec![call("task_list", json!({}))], |_| ()).await;
    let (_orchestrator, _caretaker) = (bench.orchestrator(), bench.caretaker());
    let run = bench.start().await;
    bench.stands(run, RunStatus::WaitingTool).await;
    let jobs = bench.stored(Stream::Jobs).await;
    // This is how long it waits.
    tokio::time::sleep(Duration::from_millis(10 * STALL)).await;
    assert_eq!(bench.stored(Stream::Jobs).await, jobs);
    let _worker = bench.worker();
    bench.stands(run, RunStatus::Completed).await;
    assert_eq!(bench.stalls(run).await, []);
}
