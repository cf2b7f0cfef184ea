//! Sessions, asked of Postgres once in a while: they never change.

use std::{sync::Arc, time::Duration};

use moka::future::Cache;
use sba_store::{
    Store, StoreError,
    sessions::{self, Session},
};
use sba_subjects::id::{SessionId, TenantId};
use time::OffsetDateTime;

use crate::{
    auth::{Principal, SessionToken},
    error::{ApiError, Code},
};

/// How long an answer is believed.
const TTL: Duration = Duration::from_secs(60);

/// Most sessions that are remembered.
const CAPACITY: u64 = 100_000;

/// The sessions that exist.
#[derive(Debug, Clone)]
pub(crate) struct Sessions {
    store: Store,
    known: Cache<(TenantId, SessionId), Arc<Session>>,
}

/// Why a session is not known.
#[derive(Debug, thiserror::Error)]
enum SessionError {
    #[error("there is no such session")]
    Unknown,
    #[error("the session could not be looked up")]
    Store(#[from] StoreError),
}

impl Sessions {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, known: Cache::builder().max_capacity(CAPACITY).time_to_live(TTL).build() }
    }

    /// A session of the tenant, an ended one too.
    pub(crate) async fn get(&self, tenant: TenantId, id: SessionId) -> Result<Arc<Session>, ApiError> {
        let found = self.known.try_get_with((tenant, id), self.look_up(tenant, id)).await;
        found.map_err(|error| match &*error {
            SessionError::Unknown => ApiError::not_found("session"),
            SessionError::Store(_) => {
                ApiError::new(Code::Unavailable, "the session cannot be looked up now").caused_by(error)
            }
        })
    }

    /// The user's own session, as long as it lasts.
    pub(crate) async fn usable(
        &self,
        principal: &Principal,
        id: SessionId,
        now: OffsetDateTime,
    ) -> Result<Arc<Session>, ApiError> {
        let session = self.get(principal.tenant, id).await?;
        if session.user_id != principal.user {
            return Err(ApiError::not_found("session"));
        }
        if session.expires_at <= now {
            return Err(ApiError::new(Code::SessionExpired, "the session is over"));
        }
        Ok(session)
    }

    /// Goes on only when the session's token was shown, by the session's user: a token that leaked opens nothing for
    /// somebody else.
    pub(crate) async fn admit(
        &self,
        principal: &Principal,
        id: SessionId,
        token: Option<&SessionToken>,
        now: OffsetDateTime,
    ) -> Result<(), ApiError> {
        let refused = || ApiError::new(Code::SessionTokenInvalid, "the token of the session is needed, from its user");
        let token = token.ok_or_else(refused)?;
        // A session that is over is removed some time later; its runs stay.
        let session = self.get(principal.tenant, id).await.map_err(|error| match error.code() {
            Code::NotFound => ApiError::new(Code::SessionExpired, "the session is over"),
            _ => error,
        })?;
        if session.user_id != principal.user || !token.matches(&session.token_hash) {
            return Err(refused());
        }
        if session.expires_at <= now {
            return Err(ApiError::new(Code::SessionExpired, "the session is over"));
        }
        Ok(())
    }

    async fn look_up(&self, tenant: TenantId, id: SessionId) -> Result<Arc<Session>, SessionError> {
        let mut tx = self.store.begin(tenant).await?;
        sessions::get(&mut tx, id).await?.map(Arc::new).ok_or(SessionError::Unknown)
    }
}
