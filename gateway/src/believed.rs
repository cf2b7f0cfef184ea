//! What Postgres said, believed for a while, and for longer while it cannot be asked.

use std::{fmt, hash::Hash, sync::Arc, time::Duration};

use moka::future::Cache;

/// Most answers that are remembered.
const CAPACITY: u64 = 100_000;

/// How long an answer is believed while Postgres cannot be asked.
const WHILE_AWAY: Duration = Duration::from_secs(24 * 3_600);

/// Why there is no answer.
pub(crate) trait Unanswered {
    /// Whether Postgres could not be asked; else it said that there is nothing.
    fn is_away(&self) -> bool;
}

/// The latest answers, by what was asked.
#[derive(Clone)]
pub(crate) struct Believed<K, V> {
    known: Cache<K, V>,
    earlier: Cache<K, V>,
}

impl<K, V> fmt::Debug for Believed<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Believed").finish_non_exhaustive()
    }
}

impl<K, V> Believed<K, V>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// Answers are believed for `ttl`.
    pub(crate) fn new(ttl: Duration) -> Self {
        let cache = |ttl| Cache::builder().max_capacity(CAPACITY).time_to_live(ttl).build();
        Self { known: cache(ttl), earlier: cache(WHILE_AWAY) }
    }

    /// The answer; an earlier one where Postgres cannot be asked. Many who ask at once cost one question; that there is
    /// nothing is not remembered.
    pub(crate) async fn get<E>(&self, key: K, ask: impl Future<Output = Result<V, E>>) -> Result<V, Arc<E>>
    where
        E: Unanswered + Send + Sync + 'static,
    {
        let asked = async {
            let answer = ask.await;
            match &answer {
                Ok(value) => self.earlier.insert(key.clone(), value.clone()).await,
                Err(error) if error.is_away() => {}
                Err(_) => self.earlier.invalidate(&key).await,
            }
            answer
        };
        match self.known.try_get_with(key.clone(), asked).await {
            Err(error) if error.is_away() => self.earlier.get(&key).await.ok_or(error),
            found => found,
        }
    }

    /// Remembers what is known without asking.
    pub(crate) async fn insert(&self, key: K, value: V) {
        self.earlier.insert(key.clone(), value.clone()).await;
        self.known.insert(key, value).await;
    }
}
