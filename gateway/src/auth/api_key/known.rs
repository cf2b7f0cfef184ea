//! Whether a key holds, asked of Postgres once in a while.

use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;
use moka::future::Cache;
use sba_service::clock::Clock;
use sba_store::{
    Store, StoreError,
    api_keys::{self, SecretHash, Standing},
};
use sba_subjects::id::{ApiKeyId, TenantId, UserId};
use time::OffsetDateTime;
use tokio::{
    sync::Semaphore,
    time::{sleep, timeout},
};

use super::ApiKeyText;
use crate::{
    auth::Caller,
    error::{ApiError, Code},
};

/// How long an answer is believed, and how often whoever watches a run by a key is looked after: together less than the
/// second within which a key that was taken back is good for nothing.
const TTL: Duration = Duration::from_millis(500);
const LOOK_AGAIN: Duration = Duration::from_millis(300);

/// Longest wait for Postgres where an earlier answer can stand in for it, and where none can.
const PATIENCE: Duration = Duration::from_millis(500);
const LONG_PATIENCE: Duration = Duration::from_secs(5);

/// Most keys that are remembered.
const CAPACITY: u64 = 100_000;

/// Keys that are not known and asked for at the same time: whoever makes them up takes no more connections than that, and
/// is in the way of no key that is known.
const STRANGERS: usize = 2;

/// Which key: of which tenant, and its id.
type Which = (TenantId, ApiKeyId);

/// The keys that hold.
#[derive(Debug, Clone)]
pub(crate) struct ApiKeys {
    store: Store,
    clock: Arc<dyn Clock>,
    known: Cache<Which, Option<Arc<Standing>>>,
    /// What is believed while Postgres cannot be asked.
    earlier: Cache<Which, Arc<Standing>>,
    strangers: Arc<Semaphore>,
}

/// A key by which somebody was let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held {
    which: Which,
    secret: SecretHash,
}

impl Held {
    /// Which of the tenant's keys it is.
    pub(crate) const fn id(self) -> ApiKeyId {
        self.which.1
    }
}

/// Why it is not known whether a key holds.
#[derive(Debug, thiserror::Error)]
enum LookError {
    #[error("the key could not be looked up")]
    Store(#[from] StoreError),
    #[error("the database did not answer in time")]
    Late,
    #[error("too many unknown keys are looked up")]
    Crowded,
}

impl ApiKeys {
    /// Keys that held are believed for `outage` after the last answer of Postgres.
    pub(crate) fn new(store: Store, clock: Arc<dyn Clock>, outage: Duration) -> Self {
        let known = Cache::builder().max_capacity(CAPACITY).time_to_live(TTL).build();
        let earlier = Cache::builder().max_capacity(CAPACITY).time_to_live(outage).build();
        Self { store, clock, known, earlier, strangers: Arc::new(Semaphore::new(STRANGERS)) }
    }

    /// Whose key this is.
    ///
    /// # Errors
    /// `unauthenticated`, `token_expired`, `unavailable`, `overloaded`.
    pub(crate) async fn caller(&self, text: &str) -> Result<Caller, ApiError> {
        let key = ApiKeyText::parse(text).ok_or_else(|| ApiError::new(Code::Unauthenticated, "the key is mistyped"))?;
        self.holder(Held { which: (key.tenant, key.id), secret: key.hash() }).await
    }

    /// Ends when a key by which somebody was let in does not hold any more, with the reason.
    pub(crate) fn lost(&self, held: Held) -> BoxFuture<'static, Code> {
        let keys = self.clone();
        Box::pin(async move {
            loop {
                sleep(LOOK_AGAIN).await;
                if let Err(error) = keys.holder(held).await {
                    return error.code();
                }
            }
        })
    }

    /// Forgets what is known of a key that was just changed here.
    pub(crate) async fn forget(&self, tenant: TenantId, id: ApiKeyId) {
        self.known.invalidate(&(tenant, id)).await;
        self.earlier.invalidate(&(tenant, id)).await;
    }

    async fn holder(&self, held: Held) -> Result<Caller, ApiError> {
        let found = self.known.try_get_with(held.which, self.look_up(held.which)).await.map_err(|error| {
            let code = if matches!(*error, LookError::Crowded) { Code::Overloaded } else { Code::Unavailable };
            ApiError::new(code, "the key cannot be looked up now").caused_by(error)
        })?;
        let refused = || ApiError::new(Code::Unauthenticated, "the key does not hold");
        let standing = found.ok_or_else(refused)?;
        // Hashes are compared, so the time it takes tells nothing of a secret.
        let until = standing.secrets.iter().find(|(hash, _)| *hash == held.secret).ok_or_else(refused)?.1;
        if until <= self.clock.now() {
            return Err(ApiError::new(Code::TokenExpired, "the key has expired"));
        }
        let (tenant, id) = held.which;
        Ok(Caller {
            tenant: Some(tenant),
            user: UserId::from_uuid(id.as_uuid()),
            roles: standing.roles.clone(),
            expires: seconds(until),
            key: Some(held),
        })
    }

    async fn look_up(&self, which: Which) -> Result<Option<Arc<Standing>>, LookError> {
        let earlier = self.earlier.get(&which).await;
        let asked = match &earlier {
            Some(_) => timeout(PATIENCE, self.ask(which)).await,
            None => {
                let Ok(Ok(_place)) = timeout(LONG_PATIENCE, self.strangers.acquire()).await else {
                    return Err(LookError::Crowded);
                };
                timeout(LONG_PATIENCE, self.ask(which)).await
            }
        };
        match (asked, earlier) {
            (Ok(Ok(Some(standing))), _) => {
                let standing = Arc::new(standing);
                self.earlier.insert(which, Arc::clone(&standing)).await;
                Ok(Some(standing))
            }
            (Ok(Ok(None)), _) => {
                self.earlier.invalidate(&which).await;
                Ok(None)
            }
            (_, Some(earlier)) => Ok(Some(earlier)),
            (Ok(Err(error)), None) => Err(error.into()),
            (Err(_), None) => Err(LookError::Late),
        }
    }

    async fn ask(&self, (tenant, id): Which) -> Result<Option<Standing>, StoreError> {
        let mut tx = self.store.begin(tenant).await?;
        api_keys::standing(&mut tx, id).await
    }
}

/// The first whole second since 1970 that is not before this moment. What is left of that second is looked after by
/// [`ApiKeys::lost`].
fn seconds(at: OffsetDateTime) -> u64 {
    let begun = i64::from(at.nanosecond() > 0);
    at.unix_timestamp().saturating_add(begun).try_into().unwrap_or_default()
}
