//! Making the NATS accounts of tenants, and letting users into them.
//!
//! Everything is derived from the operator's seed, so that every gateway that holds it makes the same of the same, and
//! nothing secret is stored: the identity that an idempotency key stands for, and the keys that sign a tenant's users.

mod error;
mod hub;
mod keys;

use std::time::Duration;

use async_nats::Client;
use nkeys::KeyPair;
use sba_service::{
    config::{AccountsConfig, NatsConfig},
    metrics::Metrics,
    nats,
};
use sba_subjects::{boundary::Scope, caller::CallerKey, id::TenantKey};
use serde_json::Value;
use tokio::sync::OnceCell;

pub use self::error::MintError;
pub(crate) use self::{error::AccountError, keys::Keys};
use crate::accounts::{
    Account, AccountLimits, Credentials, Operator, TenantAccount, TenantUser, find_account, push_account,
};

/// The operator's key, and a connection that may push accounts.
#[derive(Debug)]
pub(crate) struct Mint {
    operator: Operator,
    keys: Keys,
    system: Client,
    /// The connection of this process, in SBA's account.
    own: Client,
    /// The public key of SBA's account, once it is known to share what tenants need.
    hub: OnceCell<String>,
    limits: AccountLimits,
    deadline: Duration,
}

/// What stands in Postgres of a tenant's account.
#[derive(Debug, Clone)]
pub(crate) struct Standing<'a> {
    /// The tenant.
    pub(crate) key: &'a TenantKey,
    /// Its name.
    pub(crate) name: &'a str,
    /// Which derived key signs its users.
    pub(crate) generation: u32,
    /// The users that are not let in any more.
    pub(crate) revoked: Vec<CallerKey>,
}

/// A user to be let into a tenant's account.
#[derive(Debug)]
pub(crate) struct Entrant<'a> {
    /// On whose behalf it acts, for the servers' reports.
    pub(crate) name: &'a str,
    /// What it is for.
    pub(crate) scopes: &'a [Scope],
    /// From when to when it holds, in seconds since 1970.
    pub(crate) issued_at: i64,
    pub(crate) expires_at: i64,
}

impl Mint {
    /// From configuration; `None` where it names no operator's seed. `own` is the connection of this process.
    pub(crate) async fn open(
        accounts: &AccountsConfig,
        nats: &NatsConfig,
        name: &str,
        own: Client,
        metrics: &Metrics,
    ) -> Result<Option<Self>, MintError> {
        let (Some(path), Some(credentials)) = (&accounts.operator_seed, &accounts.system_credentials) else {
            return Ok(None);
        };
        let unreadable = |source| MintError::Seed { path: path.clone(), source };
        let seed = tokio::fs::read_to_string(path).await.map_err(unreadable)?;
        let operator = Operator::from_seed(&seed).map_err(MintError::Operator)?;
        let system = NatsConfig { credentials: Some(credentials.clone()), ..nats.clone() };
        let system = nats::connect(&system, &format!("{name} system"), metrics).await?;
        let limits = AccountLimits {
            conn: accounts.max_connections.into(),
            subs: accounts.max_subscriptions.into(),
            ..AccountLimits::tenant()
        };
        let (keys, hub, deadline) = (Keys::new(&seed), OnceCell::new(), nats.request_timeout_ms.duration());
        Ok(Some(Self { operator, keys, system, own, hub, limits, deadline }))
    }

    /// The identity that stands for an idempotency key, and the derived keys.
    pub(crate) const fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Makes the running servers know a tenant's account as it stands; says nothing to them where they do. Whoever is not
    /// let in any more is disconnected. `now` counts seconds since 1970.
    ///
    /// Only one may do so for a tenant at a time: what is said last holds.
    pub(crate) async fn settle(&self, standing: Standing<'_>, now: i64) -> Result<(), AccountError> {
        let hub = self.hub.get_or_try_init(|| self.share(now)).await?;
        let signing_key = self.signing(&standing)?.public_key();
        let Standing { key, name, revoked, .. } = standing;
        let limits = self.limits.clone();
        let account = Account::of_tenant(TenantAccount { key, name, hub, signing_key, revoked, limits });
        let known = find_account(&self.system, &self.operator, key.as_str(), self.deadline).await?;
        let wanted = Operator::claims_of(&account)?;
        // Servers that compare two tokens of an account keep the later one, whichever gateway's clock made it.
        let issued_at = match known {
            Some(known) if says(&known.0, &wanted) => return Ok(()),
            Some(known) => now.max(known.issued_at() + 1),
            None => now,
        };
        let token = self.operator.sign_account(&account, issued_at)?;
        Ok(push_account(&self.system, &token, self.deadline).await?)
    }

    /// Makes a user of a tenant's account. The servers let it in where the account was [settled](Self::settle) so.
    pub(crate) fn let_in(
        &self,
        standing: &Standing<'_>,
        entrant: &Entrant<'_>,
    ) -> Result<(CallerKey, Credentials), AccountError> {
        let signing = self.signing(standing)?;
        let Entrant { name, scopes, issued_at, expires_at } = *entrant;
        let user = TenantUser { tenant: standing.key, signing: &signing, name, scopes, issued_at, expires_at };
        Ok(Credentials::of_tenant(&user)?)
    }

    fn signing(&self, standing: &Standing<'_>) -> Result<KeyPair, AccountError> {
        Ok(self.keys.signing(standing.key, standing.generation)?)
    }
}

/// Whether claims say what is wanted, whoever signed them when.
fn says(known: &serde_json::Map<String, Value>, wanted: &Value) -> bool {
    ["name", "nats"].into_iter().all(|part| known.get(part) == wanted.get(part))
}
