//! Calls beyond their tenant's share of the queue.

use std::sync::Arc;

use async_trait::async_trait;
use sba_service::{metrics::Metrics, publish, shares::Shares};
use sba_subjects::{
    envelope::VERSION,
    id::{CallId, RunId, TenantKey, UserId},
    job::{Job, JobBody, ToolJob},
    name::Queue,
    run::Effect,
    subject::Subject,
};
use sba_workers::{
    WorkError,
    tool::{Tool, ToolContext},
};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, mpsc};
use uuid::Uuid;

use crate::support::{Bench, PATIENCE, new_tenant, until};

/// A tool that says for whom it began, and does not end until it is let.
#[derive(Clone)]
struct Held {
    begun: mpsc::UnboundedSender<TenantKey>,
    end: Arc<Semaphore>,
}

#[async_trait]
impl Tool for Held {
    fn name(&self) -> &'static str {
        "held"
    }

    fn schema(&self) -> Value {
        json!({"type": "object"})
    }

    fn effect(&self) -> Effect {
        Effect::Pure
    }

    async fn execute(&self, context: &ToolContext, _: Value) -> Result<Value, WorkError> {
        // The test may have seen enough.
        let _ = self.begun.send(context.tenant_key.clone());
        if let Ok(permit) = self.end.acquire().await {
            permit.forget();
        }
        Ok(json!("done"))
    }
}

/// Asks for a call, within the tenant's share or beyond it.
async fn ask(bench: &Bench, shares: &Shares, tenant: &TenantKey) -> (RunId, Subject) {
    let (run, call) = (RunId::from_uuid(Uuid::new_v4()), CallId::from_uuid(Uuid::new_v4()));
    let job = Job {
        v: VERSION,
        id: call,
        tenant_id: tenant.id(),
        user_id: UserId::from_uuid(Uuid::from_u128(7)),
        ts: 0,
        body: JobBody::Tool(ToolJob {
            run,
            step: 1,
            tool_name: "held".parse().unwrap(),
            params: json!({}),
            effect: Effect::Pure,
        }),
    };
    let subject = shares.place(Subject::Job { tenant: tenant.clone(), queue: Queue::ToolExec, call }).await;
    publish::message(&bench.jetstream, &subject, &job, PATIENCE).await.unwrap();
    (run, subject)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_begins_though_another_tenant_has_asked_for_more_than_all_places_take() {
    let (begun, mut seen) = mpsc::unbounded_channel();
    let held = Held { begun, end: Arc::new(Semaphore::new(0)) };
    let places = |config: &mut sba_service::config::Config| {
        config.shares.tool_exec = 2;
        config.worker.concurrency.tool_exec = 3;
        config.worker.surplus_concurrency.tool_exec = 1;
    };
    let bench = Bench::start_configured(places, vec![Arc::new(held.clone())]).await;
    let shares = Shares::new(&bench.config, bench.jetstream.clone(), Metrics::new().unwrap());
    let mut next = async || tokio::time::timeout(PATIENCE, seen.recv()).await.unwrap().unwrap();

    let much = bench.tenant.clone();
    let mut runs = Vec::new();
    let mut subjects = Vec::new();
    for _ in 0..20 {
        let (run, subject) = ask(&bench, &shares, &much).await;
        runs.push(run);
        subjects.push(subject);
    }
    let beyond = subjects.iter().filter(|subject| matches!(subject, Subject::Surplus(_))).count();
    assert_eq!(beyond, 18, "{subjects:?}");
    for _ in 0..3 {
        assert_eq!(next().await, much);
    }

    let little = new_tenant(&bench.store).await;
    ask(&bench, &shares, &little).await;
    assert_eq!(next().await, little);

    held.end.add_permits(21);
    for run in &runs {
        assert!(bench.result(*run, 0).await.success);
    }
    bench.idle().await;
    // What is done leaves room.
    until("room within the share", async || {
        let call = CallId::from_uuid(Uuid::new_v4());
        let place = shares.place(Subject::Job { tenant: much.clone(), queue: Queue::ToolExec, call }).await;
        matches!(place, Subject::Job { .. }).then_some(())
    })
    .await;
    bench.stop().await;
}
