//! One delivery, from its arrival to its acknowledgement.

use std::time::Duration;

use async_nats::jetstream::Message;
use sba_service::{
    delivery::{Fate, attempts, settle, with_progress},
    telemetry::trace,
};
use sba_subjects::{
    codec::{self, CodecError},
    id::TenantKey,
    job::{Job, JobBody},
    subject::Subject,
};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, Span, field};

use super::{Worker, index, tool_call};
use crate::error::WorkError;

/// A job with where it came from.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Typed {
    /// The tenant of its subject; the job's own is the same.
    pub(super) tenant: TenantKey,
    pub(super) job: Job,
    /// How often it was delivered, this time included.
    pub(super) attempt: u32,
}

/// Why a message is not done.
#[derive(Debug)]
enum Unreadable {
    /// Written by a newer version: another worker can read it.
    Future(CodecError),
    /// It is no job.
    Broken(WorkError),
}

/// Works on a message and settles it. A cancelled `stop` gives it back at once.
pub(super) async fn handle(worker: &Worker, message: &Message, stop: &CancellationToken) {
    let attempt = attempts(message);
    let span = tracing::info_span!(
        "job", otel.kind = "consumer", subject = %message.subject, attempt,
        tenant_id = field::Empty, user_id = field::Empty, run_id = field::Empty,
    );
    if let Some(headers) = &message.headers {
        trace::continue_from(&span, trace::extract(headers));
    }
    let settled = async {
        let work = with_progress(message, worker.policy.progress, attend(worker, message, attempt));
        let fate = tokio::select! {
            biased;
            () = stop.cancelled() => Fate::Later(Duration::ZERO),
            fate = work => fate,
        };
        let Worker { jetstream, metrics, policy, .. } = worker;
        // Unsettled it is delivered again, and answered from the record.
        settle(jetstream, metrics, message, fate, policy.backoff.longest).await;
    };
    settled.instrument(span).await;
}

/// Does the job and says how the message is to be settled.
async fn attend(worker: &Worker, message: &Message, attempt: u32) -> Fate {
    let error = match read(&message.subject, &message.payload, attempt) {
        Ok(typed) => match dispatch(worker, &typed).await {
            Ok(()) => return Fate::Settled,
            Err(error) => error,
        },
        Err(Unreadable::Future(error)) => {
            tracing::warn!(%error, "a job of a newer version was left to a newer worker");
            return Fate::Later(worker.policy.backoff.longest);
        }
        Err(Unreadable::Broken(error)) => error,
    };
    if error.retryable && attempt < worker.policy.max_deliveries {
        let pause = worker.policy.backoff.pause(attempt);
        let millis = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        tracing::warn!(code = error.code, error = error.chain(), pause_ms = millis, "a job is tried again");
        return Fate::Later(pause);
    }
    Fate::Dead { reason: error.code, detail: error.chain() }
}

async fn dispatch(worker: &Worker, typed: &Typed) -> Result<(), WorkError> {
    let span = Span::current();
    span.record("tenant_id", field::display(typed.job.tenant_id));
    span.record("user_id", field::display(typed.job.user_id));
    let last = typed.attempt >= worker.policy.max_deliveries;
    match &typed.job.body {
        JobBody::Tool(call) => {
            span.record("run_id", field::display(call.run));
            tool_call::handle(worker, typed, call, last).await
        }
        JobBody::Index(job) => index::handle(worker, typed, job, last).await,
    }
}

/// Reads a message as a job, and holds it against its subject: what a message says of itself is not believed.
fn read(subject: &str, payload: &[u8], attempt: u32) -> Result<Typed, Unreadable> {
    let broken = |message: &'static str| Unreadable::Broken(WorkError::lasting("job_invalid", message));
    let Subject::Job { tenant, call, .. } = subject.parse::<Subject>().map_err(CodecError::from)? else {
        return Err(broken("the subject is not that of a job"));
    };
    let job: Job = codec::versioned(payload)?;
    if job.tenant_id != tenant.id() {
        return Err(broken("the job names another tenant than its subject"));
    }
    if job.id != call {
        return Err(broken("the job names another call than its subject"));
    }
    Ok(Typed { tenant, job, attempt })
}

impl From<CodecError> for Unreadable {
    fn from(error: CodecError) -> Self {
        if error.is_from_the_future() {
            return Self::Future(error);
        }
        Self::Broken(WorkError::lasting("job_invalid", "the message cannot be read as a job").caused_by(error))
    }
}

#[cfg(test)]
mod tests;
