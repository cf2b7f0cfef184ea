//! Pulls jobs of one queue, no more than can be worked on.

use std::sync::Arc;

use sba_service::{
    pull::{self, PullError},
    shutdown::Shutdown,
};
use sba_subjects::{name::Queue, stream::Stream};

use super::{Worker, delivery};

/// Works on the jobs of a queue, so many at once as there are places, until the soft request to stop.
///
/// # Errors
/// [`PullError`] when the queue is gone.
pub(crate) async fn serve(
    worker: Arc<Worker>,
    queue: Queue,
    places: usize,
    shutdown: &Shutdown,
) -> Result<(), PullError> {
    let jetstream = worker.jetstream.clone();
    pull::each(&jetstream, Stream::Jobs.as_str(), queue.as_str(), places, &shutdown.soft(), |message, place| {
        let (worker, hard) = (Arc::clone(&worker), shutdown.hard());
        shutdown.spawn(async move {
            let _in_progress = worker.metrics.job(queue.as_str());
            delivery::handle(&worker, &message, &hard).await;
            drop(place);
        });
    })
    .await
}
