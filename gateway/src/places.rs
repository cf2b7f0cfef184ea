//! Places that are taken for a while: so many in all, and of these so many for each who takes them.
//!
//! Nobody waits for a place. One who has a share of its own can fill that share and no more, so the others go on.

use std::{
    collections::HashMap,
    fmt::Debug,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use sba_subjects::id::TenantId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::{ApiError, Code};

/// How much each has taken, and how much it may.
#[derive(Debug)]
pub(crate) struct Shares<K> {
    each: usize,
    taken: Mutex<HashMap<K, usize>>,
}

/// A place within somebody's share. Dropping it gives it back.
#[derive(Debug)]
pub(crate) struct Share<K: Eq + Hash> {
    shares: Arc<Shares<K>>,
    whose: K,
}

impl<K: Eq + Hash + Clone> Shares<K> {
    /// Shares of `each` places.
    pub(crate) fn new(each: usize) -> Arc<Self> {
        Arc::new(Self { each, taken: Mutex::default() })
    }

    /// A place, unless the share is full.
    pub(crate) fn take(self: &Arc<Self>, whose: K) -> Option<Share<K>> {
        let mut taken = self.taken();
        let count = taken.entry(whose.clone()).or_default();
        if *count >= self.each {
            return None;
        }
        *count += 1;
        drop(taken);
        Some(Share { shares: Arc::clone(self), whose })
    }
}

impl<K> Shares<K> {
    fn taken(&self) -> MutexGuard<'_, HashMap<K, usize>> {
        // No code that holds the lock panics half way through a change.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + Hash> Drop for Share<K> {
    fn drop(&mut self) {
        let mut taken = self.shares.taken();
        // Whoever has nothing takes no room: the map is as large as what is taken.
        match taken.get_mut(&self.whose) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(taken.remove(&self.whose)),
        }
    }
}

/// Places for what tenants ask for.
#[derive(Debug)]
pub(crate) struct Places {
    /// What takes them, as a client reads it.
    what: &'static str,
    all: Arc<Semaphore>,
    /// Operators act for no tenant and have one share together.
    shares: Arc<Shares<Option<TenantId>>>,
}

/// A place of a tenant's own share.
pub(crate) type TenantShare = Share<Option<TenantId>>;

impl Places {
    /// So many places in `all`, and of these so many for `each` tenant.
    pub(crate) fn new(what: &'static str, all: usize, each: usize) -> Self {
        Self { what, all: Arc::new(Semaphore::new(all)), shares: Shares::new(each) }
    }

    /// A place in the tenant's share.
    ///
    /// # Errors
    /// `rate_limited` when the tenant fills its share.
    pub(crate) fn share(&self, tenant: Option<TenantId>) -> Result<TenantShare, ApiError> {
        self.shares.take(tenant).ok_or_else(|| {
            ApiError::new(Code::RateLimited, format!("the tenant has as many {} under way as it may", self.what))
        })
    }

    /// One of all places.
    ///
    /// # Errors
    /// `overloaded` when none is left.
    pub(crate) fn place(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        Arc::clone(&self.all).try_acquire_owned().map_err(|_| {
            ApiError::new(Code::Overloaded, format!("the gateway works on as many {} as it may", self.what))
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_full_share_is_nobody_elses_and_what_is_given_back_is_forgotten() {
        let shares = Shares::new(2);
        let mine = [shares.take("a").unwrap(), shares.take("a").unwrap()];
        assert!(shares.take("a").is_none());
        let theirs = shares.take("b").unwrap();
        let [first, second] = mine;
        drop(first);
        let again = shares.take("a").unwrap();
        assert!(shares.take("a").is_none());
        drop((second, again, theirs));
        assert!(shares.taken().is_empty());
    }

    #[test]
    fn a_share_is_refused_otherwise_than_the_whole() {
        let places = Places::new("requests", 1, 1);
        let tenant = Some(TenantId::from_uuid(uuid::Uuid::nil()));
        let _share = places.share(tenant).unwrap();
        assert_eq!(places.share(tenant).unwrap_err().code(), Code::RateLimited);
        let _others = places.share(None).unwrap();
        let _place = places.place().unwrap();
        assert_eq!(places.place().unwrap_err().code(), Code::Overloaded);
    }
}
