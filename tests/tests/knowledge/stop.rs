//! Calls that are stopped while they are worked on.

use std::sync::Arc;

use async_trait::async_trait;
use sba_store::effects::{self, Begun};
use sba_subjects::{
    id::{CallId, RunId},
    run::Effect,
    stream::Stream,
    subject::Subject,
};
use sba_workers::{
    WorkError,
    tool::{Tool, ToolContext},
};
use serde_json::{Value, json};
use tokio::sync::{Notify, Semaphore};
use uuid::Uuid;

use crate::support::Bench;

/// A tool that begins and does not end until it is let.
#[derive(Clone)]
struct Slow {
    effect: Effect,
    begun: Arc<Semaphore>,
    end: Arc<Notify>,
}

impl Slow {
    fn new(effect: Effect) -> Self {
        Self { effect, begun: Arc::new(Semaphore::new(0)), end: Arc::default() }
    }

    fn tools(&self) -> Vec<Arc<dyn Tool>> {
        vec![Arc::new(self.clone())]
    }

    async fn until_begun(&self) {
        tokio::time::timeout(crate::support::PATIENCE, self.begun.acquire()).await.unwrap().unwrap().forget();
    }
}

#[async_trait]
impl Tool for Slow {
    fn name(&self) -> &'static str {
        "slow"
    }

    fn schema(&self) -> Value {
        json!({"type": "object"})
    }

    fn effect(&self) -> Effect {
        self.effect
    }

    async fn execute(&self, _: &ToolContext, _: Value) -> Result<Value, WorkError> {
        self.begun.add_permits(1);
        self.end.notified().await;
        Ok(json!("done"))
    }
}

fn ids() -> (RunId, CallId) {
    (RunId::from_uuid(Uuid::new_v4()), CallId::from_uuid(Uuid::new_v4()))
}

async fn tell(bench: &Bench, call: CallId) {
    let client = bench.connect().await;
    client.publish(Subject::Stop(call).to_string(), "".into()).await.unwrap();
    client.flush().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_stopped_is_answered_at_once_and_says_what_is_known_of_its_effect() {
    for (effect, code) in [(Effect::Idempotent, "call_cancelled"), (Effect::AtMostOnce, "effect_unknown")] {
        let slow = Slow::new(effect);
        let bench = Bench::start_with(slow.tools()).await;
        let (run, call) = ids();
        bench.ask(run, call, "slow", json!({})).await;
        slow.until_begun().await;
        tell(&bench, CallId::from_uuid(Uuid::new_v4())).await;
        tell(&bench, call).await;
        let result = bench.result(run, 0).await;
        assert!(!result.success);
        assert_eq!(result.error.unwrap().code, code, "{effect}");
        // Whoever asks again is told the same, and nothing is begun anew.
        let again = bench.call(run, call, "slow", json!({})).await;
        assert_eq!(again.error.unwrap().code, code, "{effect}");
        assert_eq!(slow.begun.available_permits(), 0);
        bench.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_that_comes_too_late_changes_nothing() {
    let slow = Slow::new(Effect::Idempotent);
    let bench = Bench::start_with(slow.tools()).await;
    let (run, call) = ids();
    bench.ask(run, call, "slow", json!({})).await;
    slow.until_begun().await;
    // Somebody else recorded the same call as done meanwhile.
    let mut tx = bench.store.begin(bench.tenant.id()).await.unwrap();
    assert!(effects::finish(&mut tx, call, &json!({"result": "done"})).await.unwrap());
    tx.commit().await.unwrap();
    tell(&bench, call).await;
    let result = bench.result(run, 0).await;
    assert_eq!((result.success, result.result), (true, json!("done")));
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_reads_is_not_stopped() {
    let slow = Slow::new(Effect::Pure);
    let bench = Bench::start_with(slow.tools()).await;
    let (run, call) = ids();
    bench.ask(run, call, "slow", json!({})).await;
    slow.until_begun().await;
    tell(&bench, call).await;
    slow.end.notify_one();
    assert!(bench.result(run, 0).await.success);
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_was_taken_out_of_the_queue_is_not_made() {
    let slow = Slow::new(Effect::Idempotent);
    let bench = Bench::start_configured(|config| config.worker.concurrency.tool_exec = 1, slow.tools()).await;
    let (run, first) = ids();
    let (_, second) = ids();
    bench.ask(run, first, "slow", json!({})).await;
    slow.until_begun().await;
    bench.ask(run, second, "slow", json!({})).await;
    let queue = sba_subjects::job::queue_of(&"slow".parse().unwrap());
    let subject = Subject::Job { tenant: bench.tenant.clone(), queue, call: second }.to_string();
    let jobs = bench.jetstream.get_stream(Stream::Jobs.as_str()).await.unwrap();
    jobs.purge().filter(subject).await.unwrap();
    slow.end.notify_one();
    assert!(bench.result(run, 0).await.success);
    bench.idle().await;
    let mut tx = bench.store.begin(bench.tenant.id()).await.unwrap();
    let call = effects::Call { id: second, tool_name: "slow".to_owned(), params_hash: [0; 32] };
    assert_eq!(effects::begin(&mut tx, &call).await.unwrap(), Begun::Fresh, "it was begun");
    drop(tx);
    bench.stop().await;
}
