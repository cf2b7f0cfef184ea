//! Rows that are projected from logs: repeats, old events and several runs at once.

use sba_store::{
    Page,
    projection::{self, Facts, Position},
    runs::{self, Filter, NewRun, RunUpdate},
    steps::{self, StepFinish, StepStart},
    tool_calls::{self, CallRequest, CallResult},
};
use sba_subjects::{
    id::{CallId, RecordId, RunId, UserId},
    run::{Effect, Failure, RunStatus, StepKind, StepStatus, Usage},
};
use serde_json::json;
use uuid::Uuid;

use crate::support::{self, at};

pub(crate) fn run_id(n: u128) -> RunId {
    RunId::from_uuid(Uuid::from_u128(n))
}

fn call_id() -> CallId {
    CallId::from_uuid(Uuid::from_u128(99))
}

fn new_run(id: RunId) -> NewRun {
    NewRun {
        id,
        seq: 1,
        at: at(1),
        user_id: UserId::from_uuid(Uuid::from_u128(7)),
        session_id: None,
        workflow: "render".to_owned(),
        prompt: "What\0 is it?".to_owned(),
        request: json!({"options": {"top_k": 3, "odd\0": "\0"}}),
    }
}

fn status(id: RunId, seq: u64, status: RunStatus) -> RunUpdate {
    let seconds = i64::try_from(seq).unwrap();
    RunUpdate { status: Some(status), ..RunUpdate::new(id, seq, at(seconds)) }
}

fn start(run: RunId, seq: u64, attempt: u32) -> StepStart {
    StepStart {
        run,
        number: 1,
        seq,
        at: at(i64::try_from(seq).unwrap()),
        attempt,
        kind: StepKind::Tool,
        name: "look_up".to_owned(),
        input: json!({"attempt": attempt}),
    }
}

fn finish(run: RunId, seq: u64) -> StepFinish {
    StepFinish {
        run,
        number: 1,
        seq,
        at: at(i64::try_from(seq).unwrap()),
        status: StepStatus::Completed,
        output: json!({"hits": 3}),
        usage: Usage { input_tokens: 11, output_tokens: 5, cost_micros: 7 },
        error: None,
    }
}

/// All that a run's log says, in the lists that a batch is made of.
pub(crate) fn finished_run(run: RunId) -> Facts {
    let done = RunUpdate {
        usage: Some(Usage { input_tokens: 11, output_tokens: 5, cost_micros: 7 }),
        ..status(run, 8, RunStatus::Completed)
    };
    Facts {
        new_runs: vec![new_run(run)],
        run_updates: vec![
            RunUpdate { attempt: Some(1), ..status(run, 2, RunStatus::Running) },
            RunUpdate {
                error: Some(Failure::new("model_unreachable", "It was away.")),
                ..RunUpdate::new(run, 7, at(7))
            },
            done,
        ],
        step_starts: vec![start(run, 3, 1)],
        call_requests: vec![CallRequest {
            id: call_id(),
            run,
            step: 1,
            seq: 4,
            at: at(4),
            tool_name: "knowledge_search".to_owned(),
            effect: Effect::Pure,
            params: json!({"query": "it\0"}),
        }],
        call_results: vec![CallResult {
            id: call_id(),
            seq: 5,
            at: at(5),
            success: true,
            result: json!(["a"]),
            error: None,
            duration_ms: 12,
        }],
        step_finishes: vec![finish(run, 6)],
    }
}

type Picture = (Option<runs::Run>, Vec<steps::Step>, Vec<tool_calls::ToolCall>);

async fn picture(tx: &mut sba_store::TenantTx, run: RunId) -> Picture {
    (
        runs::get(tx, run).await.unwrap(),
        steps::of_run(tx, run).await.unwrap(),
        tool_calls::of_run(tx, run).await.unwrap(),
    )
}

#[tokio::test]
async fn a_log_becomes_rows() {
    let (store, tenant) = support::store().await;
    let mut tx = store.begin(tenant.id()).await.unwrap();
    projection::write(&mut tx, &finished_run(run_id(1))).await.unwrap();
    let (run, steps, calls) = picture(&mut tx, run_id(1)).await;
    let run = run.unwrap();
    assert_eq!((run.status, run.seq, run.attempt), (RunStatus::Completed, 8, 1));
    assert_eq!(run.usage, Usage { input_tokens: 11, output_tokens: 5, cost_micros: 7 });
    assert_eq!((run.created_at, run.started_at, run.ended_at), (at(1), Some(at(2)), Some(at(8))));
    assert_eq!(run.error, None, "a run that completed has no error");
    assert_eq!(run.prompt, "What\u{fffd} is it?", "a character that Postgres cannot hold is replaced");
    let [step] = &steps[..] else { panic!("{steps:?}") };
    assert_eq!(
        (step.status, step.tool_call_id, &step.output),
        (StepStatus::Completed, Some(call_id()), &json!({"hits": 3}))
    );
    let [call] = &calls[..] else { panic!("{calls:?}") };
    assert_eq!((call.success, call.duration_ms, call.step), (Some(true), Some(12), 1));
}

#[tokio::test]
async fn a_log_read_again_or_in_pieces_makes_the_same_rows() {
    let (store, tenant) = support::store().await;
    let mut tx = store.begin(tenant.id()).await.unwrap();
    let whole = finished_run(run_id(1));
    projection::write(&mut tx, &whole).await.unwrap();
    let expected = picture(&mut tx, run_id(1)).await;
    projection::write(&mut tx, &whole).await.unwrap();
    assert_eq!(picture(&mut tx, run_id(1)).await, expected, "repeated");

    let early = Facts {
        new_runs: whole.new_runs.clone(),
        run_updates: whole.run_updates[..1].to_vec(),
        step_starts: whole.step_starts.clone(),
        call_requests: whole.call_requests.clone(),
        ..Facts::default()
    };
    projection::write(&mut tx, &early).await.unwrap();
    assert_eq!(picture(&mut tx, run_id(1)).await, expected, "an older part after the whole");

    runs::forget(&mut tx, run_id(1)).await.unwrap();
    assert_eq!(picture(&mut tx, run_id(1)).await, (None, vec![], vec![]));
    let late = Facts {
        run_updates: whole.run_updates[1..].to_vec(),
        call_results: whole.call_results.clone(),
        step_finishes: whole.step_finishes.clone(),
        ..Facts::default()
    };
    projection::write(&mut tx, &early).await.unwrap();
    projection::write(&mut tx, &late).await.unwrap();
    assert_eq!(picture(&mut tx, run_id(1)).await, expected, "in two parts");
}

#[tokio::test]
async fn an_old_event_never_overwrites_a_newer_one() {
    let (store, tenant) = support::store().await;
    let mut tx = store.begin(tenant.id()).await.unwrap();
    runs::write(&mut tx, &[new_run(run_id(1))], &[]).await.unwrap();
    let backwards = [status(run_id(1), 9, RunStatus::Cancelled), status(run_id(1), 3, RunStatus::Running)];
    runs::write(&mut tx, &[], &backwards).await.unwrap();
    runs::write(&mut tx, &[], &[status(run_id(1), 5, RunStatus::Paused)]).await.unwrap();
    let run = runs::get(&mut tx, run_id(1)).await.unwrap().unwrap();
    assert_eq!((run.status, run.seq, run.ended_at), (RunStatus::Cancelled, 9, Some(at(9))));
    assert_eq!(run.started_at, Some(at(3)));

    let Facts { call_requests, call_results, .. } = finished_run(run_id(1));
    tool_calls::write(&mut tx, &call_requests, &[]).await.unwrap();
    let newer = CallResult { seq: 12, success: false, ..call_results[0].clone() };
    tool_calls::write(&mut tx, &[], &[newer, call_results[0].clone()]).await.unwrap();
    tool_calls::write(&mut tx, &[], &call_results).await.unwrap();
    assert_eq!(tool_calls::of_run(&mut tx, run_id(1)).await.unwrap()[0].success, Some(false));
}

#[tokio::test]
async fn a_run_that_begins_anew_in_a_restored_log_keeps_nothing_of_its_former_life() {
    let (store, tenant) = support::store().await;
    let mut tx = store.begin(tenant.id()).await.unwrap();
    let run = run_id(1);
    let former = Facts { step_starts: vec![start(run, 30, 4)], step_finishes: vec![], ..finished_run(run) };
    projection::write(&mut tx, &former).await.unwrap();

    let again = NewRun { at: at(100), ..new_run(run) };
    projection::write(&mut tx, &Facts { new_runs: vec![again], ..Facts::default() }).await.unwrap();
    let (row, steps, calls) = picture(&mut tx, run).await;
    assert_eq!(row.map(|row| (row.status, row.seq)), Some((RunStatus::Created, 1)));
    assert_eq!((steps, calls), (vec![], vec![]));

    let rest = Facts { new_runs: vec![], ..finished_run(run) };
    projection::write(&mut tx, &rest).await.unwrap();
    let (row, steps, _) = picture(&mut tx, run).await;
    assert_eq!(row.map(|row| (row.status, row.seq)), Some((RunStatus::Completed, 8)));
    assert_eq!(steps.iter().map(|step| step.status).collect::<Vec<_>>(), [StepStatus::Completed]);
}

#[tokio::test]
async fn a_step_that_begins_anew_forgets_its_first_attempt() {
    let (store, tenant) = support::store().await;
    let mut tx = store.begin(tenant.id()).await.unwrap();
    let run = run_id(1);
    projection::write(&mut tx, &finished_run(run)).await.unwrap();
    steps::write(&mut tx, &[start(run, 20, 2), start(run, 3, 1)], &[], &[]).await.unwrap();
    steps::write(&mut tx, &[], &[], &finished_run(run).call_requests).await.unwrap();
    steps::write(&mut tx, &[], &[finish(run, 6)], &[]).await.unwrap();
    let [step] = &steps::of_run(&mut tx, run).await.unwrap()[..] else { panic!() };
    assert_eq!((step.status, step.attempt, step.ended_at), (StepStatus::Running, 2, None));
    assert_eq!((&step.output, step.tool_call_id, step.usage), (&json!(null), None, Usage::default()));
    let id = step.id;
    steps::write(&mut tx, &[], &[finish(run, 21)], &[]).await.unwrap();
    let [step] = &steps::of_run(&mut tx, run).await.unwrap()[..] else { panic!() };
    assert_eq!((step.id, step.status, step.ended_at), (id, StepStatus::Completed, Some(at(21))));
}

#[tokio::test]
async fn what_belongs_to_a_run_without_a_beginning_is_dropped() {
    let (store, tenant) = support::store().await;
    let mut tx = store.begin(tenant.id()).await.unwrap();
    let headless = Facts { new_runs: vec![], ..finished_run(run_id(1)) };
    let facts = Facts { new_runs: vec![new_run(run_id(2))], ..headless };
    projection::write(&mut tx, &facts).await.unwrap();
    assert_eq!(picture(&mut tx, run_id(1)).await, (None, vec![], vec![]));
    assert!(runs::get(&mut tx, run_id(2)).await.unwrap().is_some(), "the rest of the batch was lost");
}

#[tokio::test]
async fn a_batch_over_many_tenants_and_its_position_stand_or_fall_together() {
    let (store, first) = support::store().await;
    let second = support::new_tenant(&store).await;
    let position = Position { epoch: "1".to_owned(), sequence: 16, record_id: RecordId::from_uuid(Uuid::from_u128(3)) };
    for commit in [false, true] {
        let mut batch = store.begin_projection().await.unwrap();
        assert_eq!(projection::position(&mut batch, "RUNS").await.unwrap(), None);
        for tenant in [&first, &second, &first] {
            let tx = batch.enter(tenant.id()).await.unwrap().unwrap();
            projection::write(tx, &finished_run(run_id(1))).await.unwrap();
            projection::write(tx, &finished_run(run_id(2))).await.unwrap();
        }
        projection::set_position(&mut batch, "RUNS", &position).await.unwrap();
        if commit {
            batch.commit().await.unwrap();
        } else {
            drop(batch);
        }
    }
    for tenant in [&first, &second] {
        let mut tx = store.begin(tenant.id()).await.unwrap();
        assert_eq!(runs::list(&mut tx, &Filter::default(), Page::default()).await.unwrap().total, 2);
    }
    let mut batch = store.begin_projection().await.unwrap();
    assert_eq!(projection::position(&mut batch, "RUNS").await.unwrap().as_ref(), Some(&position));
    let back = Position { epoch: "2".to_owned(), sequence: 4, ..position };
    projection::set_position(&mut batch, "RUNS", &back).await.unwrap();
    assert_eq!(projection::position(&mut batch, "RUNS").await.unwrap(), Some(back));
}

#[tokio::test]
async fn runs_are_listed_in_pages_newest_first() {
    let (store, tenant) = support::store().await;
    let mut tx = store.begin(tenant.id()).await.unwrap();
    let many: Vec<NewRun> =
        (1..=25).map(|n| NewRun { at: at(n), ..new_run(run_id(n.unsigned_abs().into())) }).collect();
    runs::write(&mut tx, &many, &[]).await.unwrap();
    runs::write(&mut tx, &[], &[status(run_id(25), 2, RunStatus::Failed)]).await.unwrap();
    let page = runs::list(&mut tx, &Filter::default(), Page::new(3, 10)).await.unwrap();
    assert_eq!((page.total, page.has_next(), page.items.len()), (25, false, 5));
    assert_eq!(page.items[0].id, run_id(5));
    let failed = Filter { status: Some(RunStatus::Failed), ..Filter::default() };
    assert_eq!(runs::list(&mut tx, &failed, Page::default()).await.unwrap().items[0].id, run_id(25));
    let others = Filter { user_id: Some(UserId::from_uuid(Uuid::from_u128(8))), ..Filter::default() };
    assert_eq!(runs::list(&mut tx, &others, Page::default()).await.unwrap().total, 0);
}
