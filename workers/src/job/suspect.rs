//! Keeps away from jobs that take their worker with them.
//!
//! A worker that dies leaves no word of what it worked on. A job that was delivered more often than jobs usually are is
//! suspicious, though it may only have been given back: by workers too old for it, or that were told to stop. So from
//! then on each start is recorded before the work, and forgotten when the work ends in any way.

use async_nats::jetstream::Message;
use sba_store::starts;
use sba_subjects::{
    id::{CallId, TenantId},
    subject::Subject,
};

use super::{Worker, guard, read::Typed};
use crate::error::WorkError;

/// Starts of a suspicious job that may end in silence.
const CHANCES: u32 = 2;

/// Whether work on a job may begin.
pub(super) async fn may_begin(worker: &Worker, typed: &Typed) -> Result<bool, WorkError> {
    if typed.attempt <= worker.policy.usual.deliveries {
        return Ok(true);
    }
    tracing::warn!("a job was delivered suspiciously often: its start is recorded");
    guard::patiently(worker, || begin(worker, typed.job.tenant_id, typed.job.id)).await
}

async fn begin(worker: &Worker, tenant: TenantId, job: CallId) -> Result<bool, WorkError> {
    let mut tx = worker.store.begin(tenant).await?;
    let may = starts::begin(&mut tx, job, CHANCES).await?;
    tx.commit().await?;
    Ok(may)
}

/// What becomes of a job that may not begin.
pub(super) fn poison(attempt: u32) -> WorkError {
    let message =
        format!("the job was delivered {attempt} times and work on it never ended: it takes its worker with it");
    WorkError::lasting("worker_lost", message)
}

/// Forgets that work on a job began.
pub(super) async fn forget(worker: &Worker, message: &Message, attempt: u32) {
    let subject = message.subject.as_str().parse().map(Subject::within_share);
    let Ok(Subject::Job { tenant, call, .. }) = subject else { return };
    if attempt <= worker.policy.usual.deliveries {
        return;
    }
    let forgotten = async {
        let mut tx = worker.store.begin(tenant.id()).await?;
        starts::forget(&mut tx, call).await?;
        tx.commit().await
    };
    if let Err(error) = forgotten.await {
        tracing::warn!(code = error.code(), %error, "a suspicious job that ended was not forgotten");
    }
}
