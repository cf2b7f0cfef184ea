//! Many clients at the same time, one run after the other each.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use tokio::task::JoinSet;

use super::{
    client::{Client, Told},
    shape::Shape,
    site::World,
};

/// The clients.
pub struct Load {
    clients: JoinSet<anyhow::Result<()>>,
    shared: Arc<Shared>,
    at_once: usize,
    first: u64,
}

struct Shared {
    world: Arc<World>,
    seed: u64,
    next: AtomicU64,
    stop: AtomicBool,
    told: Mutex<Vec<Told>>,
}

impl Load {
    /// Sets so many clients off; the first run has the number `first`.
    #[must_use]
    pub fn start(world: &Arc<World>, seed: u64, first: u64, at_once: usize) -> Self {
        let shared = Arc::new(Shared {
            world: world.clone(),
            seed,
            next: AtomicU64::new(first),
            stop: AtomicBool::new(false),
            told: Mutex::default(),
        });
        let mut clients = JoinSet::new();
        for _ in 0..at_once {
            clients.spawn(shared.clone().one_after_the_other());
        }
        Self { clients, shared, at_once, first }
    }

    /// Starts no further runs, and waits until those in flight have ended: what each was told, and the next number.
    ///
    /// # Errors
    /// The first client's that was told what cannot be, or whose run does not end.
    pub async fn settle(mut self) -> anyhow::Result<(Vec<Told>, u64)> {
        let epoch = self.shared.world.epoch();
        self.shared.stop.store(true, Ordering::SeqCst);
        while let Some(client) = self.clients.join_next().await {
            client??;
        }
        let next = self.shared.next.load(Ordering::SeqCst);
        let told = std::mem::take(&mut *self.shared.told.lock().unwrap_or_else(PoisonError::into_inner));
        // After a restore, each client comes again: its run is where it was, or gone.
        let told = if told.iter().all(|told| told.epoch == epoch) && told.len() as u64 == next - self.first {
            told
        } else {
            let again =
                (self.first..next).map(|number| Client::new(self.shared.world.clone(), self.shared.seed, number));
            let lived = stream::iter(again).map(Client::live).buffer_unordered(self.at_once);
            lived.try_collect::<Vec<_>>().await?.into_iter().flatten().collect()
        };
        Ok((told, next))
    }
}

impl Shared {
    async fn one_after_the_other(self: Arc<Self>) -> anyhow::Result<()> {
        while !self.stop.load(Ordering::SeqCst) {
            let number = self.next.fetch_add(1, Ordering::SeqCst);
            let lived = Client::new(self.world.clone(), self.seed, number).live().await;
            if lived.is_err() {
                // What follows would only hide what went wrong first.
                self.stop.store(true, Ordering::SeqCst);
            }
            self.told.lock().unwrap_or_else(PoisonError::into_inner).extend(lived?);
        }
        Ok(())
    }
}

/// How runs ended, counted by shape, status and code.
#[must_use]
pub fn tally(told: &[Told]) -> BTreeMap<(Shape, String, String), usize> {
    let mut counts = BTreeMap::new();
    for told in told {
        *counts.entry((told.shape, told.status.clone(), told.code.clone())).or_default() += 1;
    }
    counts
}
