//! On whose behalf a caller acts, asked of Postgres once in a while.

use std::{sync::Arc, time::Duration};

use moka::future::Cache;
use sba_store::{
    Store, StoreError,
    nats_access::{self, Credential},
};
use sba_subjects::{caller::CallerKey, id::TenantKey};
use time::OffsetDateTime;

use crate::{
    auth::Principal,
    error::{ApiError, Code},
};

/// How long an answer is believed. Who was put out is disconnected at once; this is for what was on its way.
const TTL: Duration = Duration::from_secs(5);

/// How long one is believed while Postgres cannot be asked; the end of the credentials counts nevertheless.
const EARLIER_TTL: Duration = Duration::from_secs(24 * 3_600);

/// Most callers that are remembered.
const CAPACITY: u64 = 100_000;

/// The users who were let in.
#[derive(Debug, Clone)]
pub(crate) struct Callers {
    store: Store,
    known: Cache<(TenantKey, CallerKey), Arc<Credential>>,
    earlier: Cache<(TenantKey, CallerKey), Arc<Credential>>,
}

/// Why a caller is not known.
#[derive(Debug, thiserror::Error)]
enum CallerError {
    #[error("nobody was let in with this key")]
    Unknown,
    #[error("the caller could not be looked up")]
    Store(#[from] StoreError),
}

impl Callers {
    pub(crate) fn new(store: Store) -> Self {
        let cache = |ttl| Cache::builder().max_capacity(CAPACITY).time_to_live(ttl).build();
        Self { store, known: cache(TTL), earlier: cache(EARLIER_TTL) }
    }

    /// The one for whom the caller speaks.
    ///
    /// # Errors
    /// `unauthenticated`, `token_expired`, `unavailable`.
    pub(super) async fn principal(
        &self,
        tenant: &TenantKey,
        caller: &CallerKey,
        now: OffsetDateTime,
    ) -> Result<Principal, ApiError> {
        let which = (tenant.clone(), caller.clone());
        let found = match self.known.try_get_with(which.clone(), self.look_up(&which)).await {
            Err(error) if matches!(*error, CallerError::Store(_)) => self.earlier.get(&which).await.ok_or(error),
            found => found,
        };
        let credential = found.map_err(|error| match *error {
            CallerError::Unknown => ApiError::new(Code::Unauthenticated, "nobody was let in with these credentials"),
            CallerError::Store(_) => {
                ApiError::new(Code::Unavailable, "the credentials cannot be looked up now").caused_by(error)
            }
        })?;
        if credential.revoked_at.is_some() {
            return Err(ApiError::new(Code::Unauthenticated, "these credentials were taken back"));
        }
        if credential.expires_at <= now {
            return Err(ApiError::new(Code::TokenExpired, "these credentials have ended"));
        }
        let expires = credential.expires_at.unix_timestamp().unsigned_abs();
        Ok(Principal::let_in(tenant.clone(), credential.user_id, &credential.roles, expires))
    }

    async fn look_up(&self, which: &(TenantKey, CallerKey)) -> Result<Arc<Credential>, CallerError> {
        let (tenant, caller) = which;
        let mut tx = self.store.begin(tenant.id()).await?;
        let Some(found) = nats_access::get(&mut tx, caller).await? else {
            self.earlier.invalidate(which).await;
            return Err(CallerError::Unknown);
        };
        let found = Arc::new(found);
        self.earlier.insert(which.clone(), Arc::clone(&found)).await;
        Ok(found)
    }
}
