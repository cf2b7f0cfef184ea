//! Messages of a work queue, as many as there is room for.
//!
//! A message is asked for only where a place is kept for it, so that none is held by a process that has no time for it:
//! what cannot be worked on now is left in the queue, for another. The answers to all requests come to one inbox.

use std::{
    collections::VecDeque,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use async_nats::{
    StatusCode, Subscriber,
    jetstream::{self, Context, consumer::PullConsumer},
};
use futures::StreamExt as _;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, MissedTickBehavior, interval, sleep},
};
use tokio_util::sync::CancellationToken;

/// How long a request waits at the server.
const EXPIRES: Duration = Duration::from_secs(5);
/// How much later than that a request counts as lost.
const LOST: Duration = Duration::from_secs(1);
/// Time between two looks whether requests were lost: they are when the connection was made anew.
const LOOK: Duration = Duration::from_millis(250);
/// Pause after a request that was refused.
const PAUSE: Duration = Duration::from_millis(250);
/// Most messages of one request.
const MOST: usize = 256;
/// While requests wait, another is made when this part of all places is free: one for many messages.
const PART: usize = 4;

/// Why a queue could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the queue {queue} cannot be read: {reason}")]
pub struct PullError {
    /// The consumer.
    pub queue: String,
    /// Why.
    pub reason: String,
}

/// Gives `begin` each message of a consumer with the place that is kept for it, until `stop`. There are `places` of them;
/// one is free again when it is dropped.
///
/// # Errors
/// [`PullError`] when there is no such consumer, or its answers cannot be subscribed to.
pub async fn each(
    jetstream: &Context,
    stream: &str,
    consumer: &str,
    places: usize,
    stop: &CancellationToken,
    begin: impl FnMut(jetstream::Message, OwnedSemaphorePermit),
) -> Result<(), PullError> {
    let failed = |error: &dyn std::fmt::Display| PullError { queue: consumer.to_owned(), reason: error.to_string() };
    let _: PullConsumer = jetstream.get_consumer_from_stream(consumer, stream).await.map_err(|error| failed(&error))?;
    let client = jetstream.client();
    let inbox = client.new_inbox();
    let answers = client.subscribe(inbox.clone()).await.map_err(|error| failed(&error))?;
    let mut pull = Pull {
        jetstream: jetstream.clone(),
        subject: format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}"),
        inbox,
        room: Arc::new(Semaphore::new(places)),
        part: (places / PART).max(1),
        asked: VecDeque::new(),
    };
    tokio::select! {
        biased;
        () = stop.cancelled() => Ok(()),
        () = pull.on(answers, begin) => Err(failed(&"its answers ended")),
    }
}

/// How many messages a request did not get.
fn unanswered(answer: &async_nats::Message) -> usize {
    let pending = answer.headers.as_ref().and_then(|headers| headers.get("Nats-Pending-Messages"));
    pending.and_then(|pending| pending.as_str().parse().ok()).unwrap_or(MOST)
}

/// A request that waits at the server, with the places that are kept for its messages.
struct Asked {
    until: Instant,
    places: OwnedSemaphorePermit,
}

struct Pull {
    jetstream: Context,
    subject: String,
    inbox: String,
    room: Arc<Semaphore>,
    part: usize,
    /// Places are taken from the oldest: whichever requests the server answers, in sum they are as many.
    asked: VecDeque<Asked>,
}

impl Pull {
    /// Asks and takes, until there is no connection any more.
    async fn on(&mut self, mut answers: Subscriber, mut begin: impl FnMut(jetstream::Message, OwnedSemaphorePermit)) {
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut connected = self.connections();
        loop {
            let least = if self.asked.is_empty() { 1 } else { self.part };
            let room = Arc::clone(&self.room);
            tokio::select! {
                answer = answers.next() => {
                    let Some(answer) = answer else { return };
                    self.take(answer, &mut begin).await;
                }
                places = room.acquire_many_owned(u32::try_from(least).unwrap_or(u32::MAX)) => {
                    let Ok(places) = places else { return };
                    self.ask(places).await;
                }
                now = looks.tick() => {
                    let before = std::mem::replace(&mut connected, self.connections());
                    self.asked.retain(|asked| asked.until > now && before == connected);
                }
            }
        }
    }

    fn connections(&self) -> u64 {
        self.jetstream.client().statistics().connects.load(Ordering::Relaxed)
    }

    /// Asks for as many messages as there are places now.
    async fn ask(&mut self, mut places: OwnedSemaphorePermit) {
        let more = self.room.available_permits().min(MOST.saturating_sub(places.num_permits()));
        if let Ok(more) = Arc::clone(&self.room).try_acquire_many_owned(u32::try_from(more).unwrap_or(u32::MAX)) {
            places.merge(more);
        }
        let request = format!(r#"{{"batch":{},"expires":{}}}"#, places.num_permits(), EXPIRES.as_nanos());
        let client = self.jetstream.client();
        match client.publish_with_reply(self.subject.clone(), self.inbox.clone(), request.into()).await {
            Ok(()) => self.asked.push_back(Asked { until: Instant::now() + EXPIRES + LOST, places }),
            // The connection reports itself; this is only its consequence.
            Err(error) => {
                tracing::debug!(%error, "no messages could be asked for");
                sleep(PAUSE).await;
            }
        }
    }

    /// Begins work on a message, or sees that a request waits no longer.
    async fn take(
        &mut self,
        answer: async_nats::Message,
        begin: &mut impl FnMut(jetstream::Message, OwnedSemaphorePermit),
    ) {
        match answer.status {
            None => {
                let message = jetstream::Message { message: answer, context: self.jetstream.clone() };
                if let Some(place) = self.place().await {
                    begin(message, place);
                }
            }
            // What it did not get is asked for again.
            Some(StatusCode::TIMEOUT | StatusCode::NOT_FOUND) => self.give_back(unanswered(&answer)),
            Some(StatusCode::IDLE_HEARTBEAT) => {}
            // The consumer moved, the server stops, JetStream is away.
            Some(status) => {
                tracing::debug!(%status, description = answer.description, "a request for messages was refused");
                self.asked.clear();
                sleep(PAUSE).await;
            }
        }
    }

    /// Frees the places of so many messages that will not come.
    fn give_back(&mut self, mut messages: usize) {
        while messages > 0
            && let Some(oldest) = self.asked.front_mut()
        {
            let here = messages.min(oldest.places.num_permits());
            drop(oldest.places.split(here));
            messages -= here;
            if oldest.places.num_permits() == 0 {
                self.asked.pop_front();
            }
        }
    }

    /// The place that was kept for a message; one that is free for the answer to a request that counted as lost.
    async fn place(&mut self) -> Option<OwnedSemaphorePermit> {
        let Some(oldest) = self.asked.front_mut() else {
            return Arc::clone(&self.room).acquire_owned().await.ok();
        };
        let place = oldest.places.split(1);
        if oldest.places.num_permits() == 0 {
            self.asked.pop_front();
        }
        place
    }
}
