//! `[accounts]`

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::findings::Findings;

/// What mints a NATS account for each tenant. Only the gateway needs it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AccountsConfig {
    /// File with the operator's seed, which signs accounts. Unset: this gateway cannot create tenants.
    pub operator_seed: Option<PathBuf>,
    /// Credentials file of a user of the system account, which pushes accounts to the servers.
    pub system_credentials: Option<PathBuf>,
}

impl AccountsConfig {
    pub(super) fn check(&self, mut to: Findings<'_>) {
        to.file("operator_seed", self.operator_seed.as_deref());
        to.file("system_credentials", self.system_credentials.as_deref());
        let both = self.operator_seed.is_some() == self.system_credentials.is_some();
        to.require("system_credentials", both, "is needed together with operator_seed");
    }
}
