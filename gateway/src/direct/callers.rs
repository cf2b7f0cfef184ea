//! On whose behalf a caller acts, asked of Postgres once in a while.

use std::{sync::Arc, time::Duration};

use sba_store::{
    Store, StoreError,
    nats_access::{self, Credential},
};
use sba_subjects::{caller::CallerKey, id::TenantKey};
use time::OffsetDateTime;

use crate::{
    auth::Principal,
    believed::{Believed, Unanswered},
    error::{ApiError, Code},
};

/// How long an answer is believed. Who was put out is disconnected at once; this is for what was on its way.
const TTL: Duration = Duration::from_secs(5);

/// Whose key, and the key.
type Which = (TenantKey, CallerKey);

/// The users who were let in. While Postgres cannot be asked, the end of their credentials counts nevertheless.
#[derive(Debug, Clone)]
pub(crate) struct Callers {
    store: Store,
    known: Believed<Which, Arc<Credential>>,
}

/// Why a caller is not known.
#[derive(Debug, thiserror::Error)]
enum CallerError {
    #[error("nobody was let in with this key")]
    Unknown,
    #[error("the caller could not be looked up")]
    Store(#[from] StoreError),
}

impl Unanswered for CallerError {
    fn is_away(&self) -> bool {
        matches!(self, Self::Store(_))
    }
}

impl Callers {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, known: Believed::new(TTL) }
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
        let found = self.known.get(which.clone(), self.look_up(&which)).await;
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

    async fn look_up(&self, (tenant, caller): &Which) -> Result<Arc<Credential>, CallerError> {
        let mut tx = self.store.begin(tenant.id()).await?;
        nats_access::get(&mut tx, caller).await?.map(Arc::new).ok_or(CallerError::Unknown)
    }
}
