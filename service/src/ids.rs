//! New ids, passed in, so that tests decide them.

use std::{
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use uuid::{ContextV7, Timestamp, Uuid};

use crate::clock::Clock;

/// Makes ids.
pub trait Ids: fmt::Debug + Send + Sync + 'static {
    /// An id that nobody has yet.
    fn uuid(&self) -> Uuid;
}

impl dyn Ids {
    /// A new id of any kind: `let run: RunId = ids.make();`
    #[must_use]
    pub fn make<T: From<Uuid>>(&self) -> T {
        T::from(self.uuid())
    }
}

/// Ids of version 7: they sort by the time at which they were made, also within a millisecond of one process.
pub struct TimeOrderedIds {
    clock: Arc<dyn Clock>,
    context: Mutex<ContextV7>,
}

impl TimeOrderedIds {
    /// Ids that carry the time of `clock`.
    #[must_use]
    pub fn shared(clock: Arc<dyn Clock>) -> Arc<dyn Ids> {
        Arc::new(Self { clock, context: Mutex::new(ContextV7::new()) })
    }
}

impl fmt::Debug for TimeOrderedIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TimeOrderedIds")
    }
}

impl Ids for TimeOrderedIds {
    fn uuid(&self) -> Uuid {
        let now = self.clock.now();
        let seconds = u64::try_from(now.unix_timestamp()).unwrap_or(0);
        Uuid::new_v7(Timestamp::from_unix(&self.context, seconds, now.nanosecond()))
    }
}

/// Ids 1, 2, 3 … For tests.
#[derive(Debug, Default)]
pub struct CountedIds(AtomicU64);

impl Ids for CountedIds {
    fn uuid(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.0.fetch_add(1, Ordering::Relaxed)) + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    #[test]
    fn ids_of_one_instant_are_distinct_and_in_order() {
        let ids = TimeOrderedIds::shared(Arc::new(ManualClock::default()));
        let made: Vec<Uuid> = (0..1_000).map(|_| ids.uuid()).collect();
        assert!(made.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(made.iter().all(|id| id.get_version_num() == 7));
    }

    #[test]
    fn ids_carry_the_time_of_the_clock() {
        let clock = Arc::new(ManualClock::default());
        let ids = TimeOrderedIds::shared(clock.clone());
        let millis = ids.uuid().as_u128() >> 80;
        assert_eq!(millis, u128::from(clock.now_millis()));
    }
}
