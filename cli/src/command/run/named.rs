//! The run that is meant.

use sba_service::log::{Loaded, RunLog};
use sba_subjects::id::{RunId, TenantKey};

use crate::operate::{Refusal, TenantArg};

#[derive(Debug, clap::Args)]
pub(super) struct NamedRun {
    /// The run.
    run: RunId,
    /// Its tenant: the id, or the key of the NATS account. Found by itself while the run has a log.
    #[arg(long)]
    pub(super) tenant: Option<TenantArg>,
}

impl NamedRun {
    pub(super) const fn id(&self) -> RunId {
        self.run
    }

    /// Whose it is; none where it has no log. One of another tenant than was named does not exist.
    pub(super) async fn owner(&self, log: &RunLog) -> anyhow::Result<Option<TenantKey>> {
        let found = log.tenant_of(self.run).await?;
        Ok(found.filter(|key| self.tenant.as_ref().is_none_or(|named| named.id() == key.id())))
    }

    /// Whose it is.
    pub(super) async fn known(&self, log: &RunLog) -> anyhow::Result<TenantKey> {
        self.owner(log).await?.ok_or_else(|| self.unknown())
    }

    /// The run as it stands, and whose it is.
    pub(super) async fn load(&self, log: &RunLog) -> anyhow::Result<(TenantKey, Loaded)> {
        let tenant = self.known(log).await?;
        let loaded = log.load(&tenant, self.run).await?;
        Ok((tenant, loaded.ok_or_else(|| self.unknown())?))
    }

    pub(super) fn unknown(&self) -> anyhow::Error {
        Refusal::UnknownRun(self.run).into()
    }
}
