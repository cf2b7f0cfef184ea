//! Pulls jobs of one queue, no more than can be worked on.

use std::sync::Arc;

use sba_service::{
    pull::{self, PullError},
    shutdown::Shutdown,
};
use sba_subjects::{consumer, name::Queue, stream::Stream};

use super::{Worker, delivery};

/// A part of a queue that a process serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// What lies within the shares of tenants.
    Shares(Queue),
    /// What lies beyond them.
    Surplus(Queue),
}

impl Part {
    const fn queue(self) -> Queue {
        match self {
            Self::Shares(queue) | Self::Surplus(queue) => queue,
        }
    }

    fn consumer(self) -> String {
        match self {
            Self::Shares(queue) => queue.to_string(),
            Self::Surplus(queue) => consumer::surplus_of(queue),
        }
    }
}

/// Works on the jobs of a part of a queue, so many at once as there are places, until the soft request to stop.
///
/// # Errors
/// [`PullError`] when the queue is gone.
pub(crate) async fn serve(
    worker: Arc<Worker>,
    part: Part,
    places: usize,
    shutdown: &Shutdown,
) -> Result<(), PullError> {
    let (jetstream, consumer) = (worker.jetstream.clone(), part.consumer());
    pull::each(&jetstream, Stream::Jobs.as_str(), &consumer, places, &shutdown.soft(), |message, place| {
        let (worker, hard) = (Arc::clone(&worker), shutdown.hard());
        shutdown.spawn(async move {
            let _in_progress = worker.metrics.job(part.queue().as_str());
            delivery::handle(&worker, &message, &hard).await;
            drop(place);
        });
    })
    .await
}
