//! Which tenant an issuer means by a name, asked of Postgres once in a while.

use std::{sync::Arc, time::Duration};

use moka::future::Cache;
use sba_store::{Store, StoreError};
use sba_subjects::id::TenantId;

use crate::error::{ApiError, Code};

/// How long an answer is believed, that there is none too.
const TTL: Duration = Duration::from_secs(5);

/// How long it is believed while Postgres cannot be asked.
const EARLIER_TTL: Duration = Duration::from_secs(24 * 3_600);

/// Most names that are remembered.
const CAPACITY: u64 = 100_000;

/// An issuer, and a name of its own.
type Named = (Arc<str>, String);

/// The tenants that issuers have names for.
#[derive(Debug, Clone)]
pub(crate) struct TenantNames {
    store: Store,
    known: Cache<Named, Option<TenantId>>,
    earlier: Cache<Named, TenantId>,
}

impl TenantNames {
    pub(crate) fn new(store: Store) -> Self {
        let known = Cache::builder().max_capacity(CAPACITY).time_to_live(TTL).build();
        let earlier = Cache::builder().max_capacity(CAPACITY).time_to_live(EARLIER_TTL).build();
        Self { store, known, earlier }
    }

    /// The tenant that this issuer calls so.
    ///
    /// # Errors
    /// `unauthenticated` where there is none, `unavailable`.
    pub(crate) async fn tenant(&self, issuer: &Arc<str>, name: String) -> Result<TenantId, ApiError> {
        let named = (Arc::clone(issuer), name);
        let found = self.known.try_get_with_by_ref(&named, self.look_up(&named)).await;
        let found = found
            .map_err(|error| ApiError::new(Code::Unavailable, "the tenant cannot be looked up now").caused_by(error))?;
        found.ok_or_else(|| ApiError::new(Code::Unauthenticated, "the token names a tenant that does not exist"))
    }

    async fn look_up(&self, named: &Named) -> Result<Option<TenantId>, StoreError> {
        match self.store.tenant_named(&named.0, &named.1).await {
            Ok(Some(tenant)) => {
                self.earlier.insert(named.clone(), tenant).await;
                Ok(Some(tenant))
            }
            Ok(None) => {
                self.earlier.invalidate(named).await;
                Ok(None)
            }
            Err(error) => self.earlier.get(named).await.map(Some).ok_or(error),
        }
    }
}
