//! The audit trail of what operators do to a tenant's things.
//!
//! An entry is written before the deed, so that nothing is done unseen; a deed that failed and is repeated leaves two.

use anyhow::Context as _;
use sba_store::{
    Store, StoreError,
    audit::{self, Action, Actor},
};
use sba_subjects::id::TenantId;
use serde_json::{Value, json};

use super::Reach;

/// Where entries go.
pub struct Trail {
    store: Option<Store>,
    by: String,
}

impl Trail {
    /// The trail in Postgres; none where `database.url` is not set.
    ///
    /// # Errors
    /// When Postgres is configured and cannot be reached: what cannot be recorded is not done.
    pub async fn open(reach: &Reach, by: String) -> anyhow::Result<Self> {
        let store = reach.store().await.context("what is done here is recorded in the audit trail")?;
        Ok(Self { store, by })
    }

    /// Records what is about to be done. A tenant that Postgres does not know has no trail.
    ///
    /// # Errors
    /// When it was not stored.
    pub async fn record(&self, tenant: TenantId, action: Action, mut what: Value) -> anyhow::Result<()> {
        let Some(store) = &self.store else { return Ok(()) };
        what["by"] = json!(self.by);
        let mut tx = store.begin(tenant).await?;
        match audit::record(&mut tx, &Actor::default(), action, &what).await {
            Err(StoreError::MissingReference { .. }) => Ok(()),
            recorded => {
                recorded?;
                Ok(tx.commit().await?)
            }
        }
    }
}
