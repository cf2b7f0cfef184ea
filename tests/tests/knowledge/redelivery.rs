//! Jobs that are delivered, or published, more than once; and jobs that a worker cannot read.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use sba_subjects::{
    codec, dead,
    envelope::VERSION,
    id::{CallId, RunId},
    name::Queue,
    run::Effect,
    stream::Stream,
    subject::Subject,
};
use sba_workers::{
    WorkError,
    tool::{Tool, ToolContext},
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Bench, until};

/// Counts how often it was called. The first call hangs where it is told to.
#[derive(Clone)]
struct Mail {
    effect: Effect,
    hangs: bool,
    calls: Arc<AtomicUsize>,
}

impl Mail {
    fn new(effect: Effect, hangs: bool) -> Self {
        Self { effect, hangs, calls: Arc::default() }
    }

    fn tools(&self) -> Vec<Arc<dyn Tool>> {
        vec![Arc::new(self.clone())]
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    async fn until_called(&self) {
        until("the tool to be called", || async { (self.calls() > 0).then_some(()) }).await;
    }
}

#[async_trait]
impl Tool for Mail {
    fn name(&self) -> &'static str {
        "mail"
    }

    fn description(&self) -> &'static str {
        "Sends a letter."
    }

    fn schema(&self) -> Value {
        json!({"type": "object"})
    }

    fn effect(&self) -> Effect {
        self.effect
    }

    async fn execute(&self, _: &ToolContext, params: Value) -> Result<Value, WorkError> {
        let earlier = self.calls.fetch_add(1, Ordering::SeqCst);
        if self.hangs && earlier == 0 {
            std::future::pending::<()>().await;
        }
        if params["to"] == "nobody" {
            return Err(WorkError::lasting("mail_refused", "nobody reads it"));
        }
        Ok(json!({"sent": params["to"]}))
    }
}

fn ids() -> (RunId, CallId) {
    (RunId::from_uuid(Uuid::new_v4()), CallId::from_uuid(Uuid::new_v4()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_published_again_after_it_was_done_is_answered_from_the_record() {
    let mail = Mail::new(Effect::AtMostOnce, false);
    let bench = Bench::start_with(mail.tools()).await;
    let (run, call) = ids();
    let first = bench.call(run, call, "mail", json!({"to": "a", "cc": 1})).await;
    let again = bench.call(run, call, "mail", json!({"cc": 1, "to": "a"})).await;
    assert_eq!((again.result, first.result), (json!({"sent": "a"}), json!({"sent": "a"})));
    let other = bench.call(run, call, "mail", json!({"to": "b"})).await;
    assert_eq!(other.error.unwrap().code, "tool_call_reused");
    assert_eq!(mail.calls(), 1);
    // A refusal is an end too.
    let (run, call) = ids();
    for _ in 0..2 {
        let refused = bench.call(run, call, "mail", json!({"to": "nobody"})).await;
        assert_eq!(refused.error.unwrap().code, "mail_refused");
    }
    assert_eq!(mail.calls(), 2);
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_was_begun_and_not_finished_is_repeated_only_where_that_does_no_harm() {
    for (effect, calls, code) in [(Effect::AtMostOnce, 1, Some("effect_unknown")), (Effect::Idempotent, 2, None)] {
        let mail = Mail::new(effect, true);
        let mut bench = Bench::start_with(mail.tools()).await;
        let (run, call) = ids();
        bench.ask(run, call, "mail", json!({"to": "a"})).await;
        mail.until_called().await;
        bench.replace(mail.tools()).await;
        let result = bench.result(run, 0).await;
        assert_eq!(result.error.as_ref().map(|error| error.code.as_str()), code, "{effect}: {result:?}");
        assert_eq!(mail.calls(), calls, "{effect}");
        bench.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_of_a_newer_version_is_left_alone_for_as_long_as_it_takes() {
    let bench = Bench::start().await;
    let queue = Queue::Index;
    let mut waiting = Vec::new();
    for (v, kind) in [(VERSION + 1, "index"), (VERSION, "sweep")] {
        let (_, call) = ids();
        let job = json!({"v": v, "id": call, "tenant_id": bench.tenant.id(), "body": {"kind": kind, "body": [v]}});
        let subject = Subject::Job { tenant: bench.tenant.clone(), queue, call };
        bench.publish(subject.to_string(), codec::encode(&job).unwrap()).await;
        waiting.push(call);
    }
    // More often than a job may be tried that this version knows.
    until("both to be delivered again and again", || async {
        let stream = bench.jetstream.get_stream(Stream::Jobs.as_str()).await.unwrap();
        let info = stream.consumer_info(queue.as_str()).await.unwrap();
        (info.delivered.consumer_sequence >= 20).then_some(())
    })
    .await;
    for call in waiting {
        assert!(bench.dead(queue, call).await.is_none());
        let subject = Subject::Job { tenant: bench.tenant.clone(), queue, call }.to_string();
        assert!(bench.last(Stream::Jobs, &subject).await.is_some(), "it waits");
    }
    // What this version knows goes on beside it.
    let id = bench.put("a.txt", "text/plain", b"The first text.").await;
    assert_eq!(bench.settled(id).await.chunks, 1);
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_told_that_its_call_cannot_be_read() {
    let bench = Bench::start().await;
    let (run, call) = ids();
    let body = json!({"run": run, "step": "the first", "tool_name": "mail", "params": {}, "effect": "pure"});
    let job = json!({"v": VERSION, "id": call, "tenant_id": bench.tenant.id(), "body": {"kind": "tool", "body": body}});
    let subject = Subject::Job { tenant: bench.tenant.clone(), queue: Queue::ToolExec, call };
    bench.publish(subject.to_string(), codec::encode(&job).unwrap()).await;
    let result = bench.result(run, 0).await;
    assert_eq!((result.call_id, result.error.unwrap().code.as_str()), (call, "job_invalid"));
    let letter = until("a dead letter", || bench.dead(Queue::ToolExec, call)).await;
    assert_eq!(letter.headers.get(dead::REASON).unwrap().as_str(), "job_invalid");
    bench.stop().await;
}

/// A tool that breaks its worker's thread, each time.
struct Bomb;

#[async_trait]
impl Tool for Bomb {
    fn name(&self) -> &'static str {
        "bomb"
    }

    fn description(&self) -> &'static str {
        "Breaks."
    }

    fn schema(&self) -> Value {
        json!({"type": "object"})
    }

    fn effect(&self) -> Effect {
        Effect::Pure
    }

    async fn execute(&self, _: &ToolContext, _: Value) -> Result<Value, WorkError> {
        panic!("that is what it does")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn poisoned_jobs_hold_no_other_up() {
    let mail = Mail::new(Effect::Idempotent, false);
    let tools: Vec<Arc<dyn Tool>> = vec![Arc::new(Bomb), Arc::new(mail.clone())];
    let bench = Bench::start_configured(|config| config.worker.concurrency.tool_exec = 1, tools).await;
    const EACH: u128 = 20;
    let mut garbage = Vec::new();
    for _ in 0..EACH {
        let (run, call) = ids();
        let subject = |call| Subject::Job { tenant: bench.tenant.clone(), queue: Queue::ToolExec, call };
        bench.publish(subject(call).to_string(), "no job".into()).await;
        garbage.push(call);
        let (_, call) = ids();
        bench.ask(run, call, "bomb", json!({})).await;
    }
    let (run, call) = ids();
    assert_eq!(bench.call(run, call, "mail", json!({"to": "a"})).await.result, json!({"sent": "a"}));
    bench.idle().await;
    for call in garbage {
        let letter = bench.dead(Queue::ToolExec, call).await.unwrap();
        assert_eq!(letter.headers.get(dead::REASON).unwrap().as_str(), "job_invalid");
    }
    bench.stop().await;
}
