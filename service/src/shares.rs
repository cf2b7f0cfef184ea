//! What a tenant asks for, within its share of a queue or beyond it.
//!
//! The queue itself says how much of it a tenant fills. It is asked only where that may come near the share: a process
//! counts what it has put there since it last knew, and other processes may have put there as much. So a tenant fills its
//! share, give or take what a few processes add between two looks, and whoever asks for little never waits for a look.

use std::{sync::Arc, time::Duration};

use async_nats::jetstream::Context;
use futures::TryStreamExt as _;
use moka::future::Cache;
use sba_subjects::{
    id::TenantKey,
    share::SharedQueue,
    subject::{Subject, Surplus, filter},
};
use serde::Serialize;
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

use crate::{
    config::{Config, SharesConfig},
    metrics::Metrics,
    publish::{self, PublishFailure, Stored},
    standing,
};

/// How long what a queue said is believed.
const BELIEVED: Duration = Duration::from_millis(50);
/// Queues of tenants that are remembered at most, and for how long without use.
const CAPACITY: u64 = 100_000;
const IDLE: Duration = Duration::from_secs(600);

/// The shares of all tenants, as one process knows them. Clones share what they know.
#[derive(Debug, Clone)]
pub struct Shares {
    jetstream: Context,
    shares: SharesConfig,
    /// Longest wait for what a queue says.
    answer: Duration,
    filled: Cache<(TenantKey, SharedQueue), Arc<Mutex<Filled>>>,
    metrics: Metrics,
}

/// How much of a queue a tenant fills.
#[derive(Debug, Default)]
struct Filled {
    messages: u64,
    /// When the queue said so; what this process has put there since is added.
    known: Option<Instant>,
}

impl Shares {
    /// As configured.
    #[must_use]
    pub fn new(config: &Config, jetstream: Context, metrics: Metrics) -> Self {
        let filled = Cache::builder().max_capacity(CAPACITY).time_to_idle(IDLE).build();
        let answer = config.nats.request_timeout_ms.into();
        Self { jetstream, shares: config.shares.clone(), answer, filled, metrics }
    }

    /// Publishes a message, within the share of its tenant or beyond it, as [`publish::message`] does.
    ///
    /// # Errors
    /// As [`publish::message`].
    pub async fn publish<T: Serialize>(
        &self,
        subject: Subject,
        message: &T,
        deadline: Duration,
    ) -> Result<Stored, PublishFailure> {
        publish::message(&self.jetstream, &self.place(subject).await, message, deadline).await
    }

    /// The same, unless the message stands in its queue already, within the share or beyond it. Where that cannot be seen, it
    /// is published: its second coming must do nothing.
    ///
    /// # Errors
    /// As [`publish::message`].
    pub async fn publish_once<T: Serialize>(
        &self,
        subject: Subject,
        message: &T,
        deadline: Duration,
    ) -> Result<Stored, PublishFailure> {
        if let Some(queue) = SharedQueue::of(&subject)
            && let Ok(true) =
                standing::stands(&self.jetstream, queue.stream(), subject.clone().places(), deadline).await
        {
            return Ok(Stored::Already);
        }
        self.publish(subject, message, deadline).await
    }

    /// Where a message goes that would have this subject: there, or beyond the share of its tenant.
    pub async fn place(&self, subject: Subject) -> Subject {
        let (Some(queue), Some(tenant)) = (SharedQueue::of(&subject), subject.tenant()) else { return subject };
        let filled = self.filled.get_with((tenant.clone(), queue), async { Arc::default() }).await;
        if self.has_room(tenant, queue, &mut *filled.lock().await).await {
            return subject;
        }
        self.metrics.surplus(queue.as_str());
        match Surplus::of(subject.clone()) {
            Some(surplus) => Subject::Surplus(surplus),
            None => subject,
        }
    }

    /// Takes a place within the share, where one is free.
    async fn has_room(&self, tenant: &TenantKey, queue: SharedQueue, filled: &mut Filled) -> bool {
        let share = self.shares.of(queue);
        let believed = filled.known.is_some_and(|known| known.elapsed() < BELIEVED);
        if !believed && filled.messages >= share / 2 {
            // A queue that does not answer does not take the message either.
            if let Some(messages) = self.count(tenant, queue).await {
                *filled = Filled { messages, known: Some(Instant::now()) };
            }
        }
        let room = filled.messages < share;
        if room {
            filled.messages += 1;
        }
        room
    }

    async fn count(&self, tenant: &TenantKey, queue: SharedQueue) -> Option<u64> {
        let count = async {
            let stream = self.jetstream.get_stream_no_info(queue.stream().as_str()).await.ok()?;
            let subjects = stream.info_with_subjects(filter::share(tenant, queue)).await.ok()?;
            subjects.try_fold(0_u64, async |sum, (_, messages)| Ok(sum + messages as u64)).await.ok()
        };
        let counted = timeout(self.answer, count).await.ok().flatten();
        if counted.is_none() {
            tracing::debug!(%tenant, queue = queue.as_str(), "it is not known how much of a queue the tenant fills");
        }
        counted
    }
}
