//! One delivery, from its arrival to its acknowledgement.

use async_nats::jetstream::{AckKind, Message};
use sba_service::telemetry::trace;
use sba_subjects::{
    codec,
    envelope::VERSION,
    id::TenantKey,
    job::{Job, JobBody},
    subject::Subject,
};
use serde::Deserialize;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, Span, field};

use super::{Worker, backoff, dead, guard, index, tool_call};
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
    Future,
    /// It is no job.
    Broken(WorkError),
}

/// Works on a message and settles it. A cancelled `stop` gives it back at once.
pub(super) async fn handle(worker: &Worker, message: &Message, stop: &CancellationToken) {
    let attempt = message.info().map_or(1, |info| u32::try_from(info.delivered).unwrap_or(u32::MAX));
    let span = tracing::info_span!(
        "job", otel.kind = "consumer", subject = %message.subject, attempt,
        tenant_id = field::Empty, user_id = field::Empty, run_id = field::Empty,
    );
    if let Some(headers) = &message.headers {
        trace::continue_from(&span, trace::extract(headers));
    }
    let settled = async {
        let work = guard::with_progress(message, worker.policy.progress, attend(worker, message, attempt));
        let kind = tokio::select! {
            biased;
            () = stop.cancelled() => AckKind::Nak(None),
            kind = work => kind,
        };
        // Unsettled it is delivered again, and answered from the record.
        if let Err(error) = message.ack_with(kind).await {
            tracing::warn!(error, "a job was not acknowledged");
        }
    };
    settled.instrument(span).await;
}

/// Does the job and says how the message is to be settled.
async fn attend(worker: &Worker, message: &Message, attempt: u32) -> AckKind {
    let error = match read(&message.subject, &message.payload, attempt) {
        Ok(typed) => match dispatch(worker, &typed).await {
            Ok(()) => return AckKind::Ack,
            Err(error) => error,
        },
        Err(Unreadable::Future) => {
            tracing::warn!("a job of a newer version was left to a newer worker");
            return AckKind::Nak(Some(worker.policy.pause.1));
        }
        Err(Unreadable::Broken(error)) => error,
    };
    if error.retryable && attempt < worker.policy.max_deliveries {
        let pause = backoff::pause(attempt, worker.policy.pause);
        let millis = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        tracing::warn!(code = error.code, error = error.chain(), pause_ms = millis, "a job is tried again");
        return AckKind::Nak(Some(pause));
    }
    // The copy comes first: a terminated message is gone.
    match dead::bury(worker, message, &error, attempt).await {
        Ok(()) => {
            tracing::error!(code = error.code, error = error.chain(), "a job is dead");
            AckKind::Term
        }
        Err(unburied) => {
            tracing::error!(code = error.code, error = error.chain(), %unburied, "a dead job could not be put aside");
            AckKind::Nak(Some(worker.policy.pause.1))
        }
    }
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

/// The version alone, which every version has.
#[derive(Deserialize)]
struct Versioned {
    v: u16,
}

/// Reads a message as a job, and holds it against its subject: what a message says of itself is not believed.
fn read(subject: &str, payload: &[u8], attempt: u32) -> Result<Typed, Unreadable> {
    let broken = |message: &'static str| Unreadable::Broken(WorkError::lasting("job_invalid", message));
    let Ok(Subject::Job { tenant, call, .. }) = subject.parse() else {
        return Err(broken("the subject is not that of a job"));
    };
    let undecodable = |error| {
        let message = "the message cannot be read as a job";
        Unreadable::Broken(WorkError::lasting("job_invalid", message).caused_by(error))
    };
    if codec::decode::<Versioned>(payload).map_err(undecodable)?.v > VERSION {
        return Err(Unreadable::Future);
    }
    let job: Job = codec::decode(payload).map_err(undecodable)?;
    if job.tenant_id != tenant.id() {
        return Err(broken("the job names another tenant than its subject"));
    }
    if job.id != call {
        return Err(broken("the job names another call than its subject"));
    }
    Ok(Typed { tenant, job, attempt })
}

#[cfg(test)]
mod tests;
