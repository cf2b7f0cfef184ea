//! Pulls jobs of one queue, no more than can be worked on.

use std::{sync::Arc, time::Duration};

use async_nats::jetstream::{Message, consumer::PullConsumer};
use futures::StreamExt as _;
use sba_service::shutdown::Shutdown;
use sba_subjects::name::Queue;
use tokio::time::sleep;

use super::{Worker, delivery};

/// How long one request for a job waits at the server. A request that a reconnect lost is missed no longer.
const PULL: Duration = Duration::from_secs(5);

/// Pause after a request that failed.
const PAUSE: Duration = Duration::from_millis(500);

/// Starts as many pullers as the queue may have jobs at once. Each takes one job at a time, so a job is never
/// held by a worker that has no time for it.
pub(crate) fn start(worker: &Arc<Worker>, queue: Queue, pullers: usize, consumer: &PullConsumer, shutdown: &Shutdown) {
    for _ in 0..pullers {
        let (worker, consumer, shutdown) = (Arc::clone(worker), consumer.clone(), shutdown.clone());
        shutdown.clone().spawn(async move { pull(&worker, queue, &consumer, &shutdown).await });
    }
}

async fn pull(worker: &Worker, queue: Queue, consumer: &PullConsumer, shutdown: &Shutdown) {
    let (soft, hard) = (shutdown.soft(), shutdown.hard());
    loop {
        let next = tokio::select! {
            biased;
            () = soft.cancelled() => return,
            next = next(consumer) => next,
        };
        match next {
            Ok(Some(message)) => {
                let _in_progress = worker.metrics.job(queue.as_str());
                delivery::handle(worker, &message, &hard).await;
            }
            Ok(None) => {}
            // The connection reports itself; this is only its consequence.
            Err(error) => {
                tracing::debug!(error, %queue, "no job could be asked for");
                sleep(PAUSE).await;
            }
        }
    }
}

async fn next(consumer: &PullConsumer) -> Result<Option<Message>, async_nats::Error> {
    let mut batch = consumer.batch().max_messages(1).expires(PULL).messages().await?;
    batch.next().await.transpose()
}
