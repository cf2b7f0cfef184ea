//! Stops a call that nobody wants any more.
//!
//! Whoever cancels a run takes its calls out of the queue, then says `stop.<call>`. A worker listens first and looks
//! into the queue after: then a call is either seen to be gone, or whoever takes it out is heard.

use async_nats::Subscriber;
use futures::StreamExt as _;
use sba_service::standing;
use sba_subjects::{job::ToolJob, run::Effect, stream::Stream, subject::Subject};
use tokio::time::timeout;

use super::{
    Worker,
    once::{self, Outcome},
    read::Typed,
};
use crate::error::{Again, WorkError};

/// How work on a call ended.
pub(super) enum Ended {
    /// By itself.
    Done(Result<Outcome, WorkError>),
    /// It was not begun: the call was taken out of the queue.
    Gone,
}

/// Does the work of a call that has an effect, unless the call is gone; drops the work when it is told to stop.
///
/// An error means that it is not known whether the call stands in the queue, and nothing was done.
pub(super) async fn unless_stopped(
    worker: &Worker,
    typed: &Typed,
    call: &ToolJob,
    effect: Effect,
    work: impl Future<Output = Result<Outcome, WorkError>>,
) -> Result<Ended, WorkError> {
    let mut told = listen(worker, typed).await?;
    if !stands(worker, typed).await? {
        return Ok(Ended::Gone);
    }
    let done = tokio::select! {
        biased;
        done = work => done,
        () = stopped(&mut told) => {
            tracing::info!(tool = %call.tool_name, "a call is stopped");
            once::stop(worker, typed, call, effect).await
        }
    };
    Ok(Ended::Done(done))
}

async fn listen(worker: &Worker, typed: &Typed) -> Result<Subscriber, WorkError> {
    let client = worker.jetstream.client();
    let subscribed = async {
        let told =
            client.subscribe(Subject::Stop(typed.job.id).to_string()).await.map_err(|error| out(error.to_string()))?;
        // The server knows of it before the queue is looked at.
        client.flush().await.map_err(|error| out(error.to_string()))?;
        Ok(told)
    };
    timeout(worker.policy.answer, subscribed).await.map_err(|_| out("no answer in time"))?
}

/// Whether the call stands in its queue.
async fn stands(worker: &Worker, typed: &Typed) -> Result<bool, WorkError> {
    let Typed { tenant, queue, job, .. } = typed;
    let places = Subject::Job { tenant: tenant.clone(), queue: *queue, call: job.id }.places();
    let stands = standing::stands(&worker.jetstream, Stream::Jobs, places, worker.policy.answer).await;
    stands.map_err(|error| out(error.reason))
}

/// Waits for the word. Without a connection nobody can say it.
async fn stopped(told: &mut Subscriber) {
    if told.next().await.is_none() {
        std::future::pending().await
    }
}

fn out(reason: impl Into<String>) -> WorkError {
    let error = WorkError::passing("queue_unanswered", format!("the queue of jobs did not answer: {}", reason.into()));
    WorkError { again: Again::WhenBack, ..error }
}
