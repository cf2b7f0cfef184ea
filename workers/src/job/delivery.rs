//! One delivery, from its arrival to its acknowledgement.

use std::time::Duration;

use async_nats::jetstream::Message;
use sba_service::{
    backoff::Backoff,
    delivery::{Fate, attempts, settle, with_progress},
    telemetry::trace,
};
use sba_subjects::job::JobBody;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, Span, field};

use super::{
    Worker, index,
    read::{Typed, Unreadable, Waiting, read},
    supervise, suspect, tool_call,
};
use crate::error::{Again, WorkError};

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
        suspect::forget(worker, message, attempt).await;
        let Worker { jetstream, metrics, policy, .. } = worker;
        // Unsettled it is delivered again; what it changed is answered from the record.
        settle(jetstream, metrics, message, fate, policy.usual.backoff.longest).await;
    };
    settled.instrument(span).await;
}

/// Does the job and says how the message is to be settled.
async fn attend(worker: &Worker, message: &Message, attempt: u32) -> Fate {
    match read(&message.subject, &message.payload, attempt) {
        Ok(typed) => work(worker, &typed).await,
        Err(Unreadable::Future(error)) => {
            tracing::warn!(%error, "a job of a newer version is left to a newer worker");
            Fate::Later(worker.policy.usual.backoff.longest)
        }
        Err(Unreadable::Broken(error, waiting)) => broken(worker, *error, waiting, attempt).await,
    }
}

async fn work(worker: &Worker, typed: &Typed) -> Fate {
    let span = Span::current();
    span.record("tenant_id", field::display(typed.job.tenant_id));
    span.record("user_id", field::display(typed.job.user_id));
    if let JobBody::Tool(call) = &typed.job.body {
        span.record("run_id", field::display(call.run));
    }
    let done = match suspect::may_begin(worker, typed).await {
        Ok(true) => dispatch(worker, typed).await,
        Ok(false) => give_up(worker, typed, suspect::poison(typed.attempt)).await,
        Err(error) if error.again == Again::Never => give_up(worker, typed, error).await,
        Err(error) => Err(error),
    };
    let backoff = worker.policy.tries(&typed.job.body).backoff;
    done.map_or_else(|error| after(backoff, error, typed.attempt), |()| Fate::Settled)
}

async fn dispatch(worker: &Worker, typed: &Typed) -> Result<(), WorkError> {
    let tries = worker.policy.tries(&typed.job.body);
    match &typed.job.body {
        JobBody::Tool(call) => tool_call::handle(worker, typed, call, tries).await,
        JobBody::Index(job) => index::handle(worker, typed, job, tries).await,
        JobBody::Supervise(job) => supervise::handle(worker, typed, job).await,
    }
}

/// Tells whoever waits that the job will never be done; gives back the reason, or why it could not be told.
async fn give_up(worker: &Worker, typed: &Typed, why: WorkError) -> Result<(), WorkError> {
    match &typed.job.body {
        JobBody::Tool(call) => tool_call::fail(worker, typed, call, &why).await?,
        JobBody::Index(job) => index::fail(worker, typed, job, &why).await?,
        // Nobody waits for it: a run that is still stuck is found again.
        JobBody::Supervise(_) => {}
    }
    Err(why)
}

/// A message that is no job: the run that waits for it, if one can be made out, is told before it is buried.
async fn broken(worker: &Worker, error: WorkError, waiting: Option<Waiting>, attempt: u32) -> Fate {
    let told = match &waiting {
        Some(waiting) => tool_call::refuse(worker, waiting, &error).await,
        None => Ok(()),
    };
    after(worker.policy.usual.backoff, told.err().unwrap_or(error), attempt)
}

/// What becomes of a message that is not done.
fn after(backoff: Backoff, error: WorkError, attempt: u32) -> Fate {
    let pause = match error.again {
        Again::Never => return Fate::Dead { reason: error.code, detail: error.chain() },
        Again::Counted => backoff.pause(attempt),
        Again::WhenBack => backoff.longest,
    };
    let pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
    tracing::warn!(code = error.code, error = error.chain(), pause_ms, "a job is tried again");
    Fate::Later(pause)
}
