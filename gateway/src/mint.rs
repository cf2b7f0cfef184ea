//! Making the NATS account of a tenant.

use std::{io, path::PathBuf, time::Duration};

use async_nats::Client;
use aws_lc_rs::hmac;
use nkeys::{KeyPair, KeyPairType};
use sba_service::{
    config::{AccountsConfig, NatsConfig},
    metrics::Metrics,
    nats::{self, NatsError},
};
use sba_subjects::id::{InvalidId, TenantKey};

use crate::{
    accounts::{Account, AccountLimits, AccountsError, Operator, push_account},
    error::{ApiError, Code},
};

/// Name of the keyed hash that turns an idempotency key into an account.
const PURPOSE: &[u8] = b"sba tenant account\0";

/// The operator's key, and a connection that may push accounts.
#[derive(Debug)]
pub(crate) struct Mint {
    operator: Operator,
    /// Keys the derivation of accounts from idempotency keys.
    secret: hmac::Key,
    system: Client,
    deadline: Duration,
}

/// Why this gateway cannot make accounts.
#[derive(Debug, thiserror::Error)]
pub enum MintError {
    /// The operator's seed cannot be read.
    #[error("accounts.operator_seed: {path:?} cannot be read")]
    Seed {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file holds no operator's seed.
    #[error("accounts.operator_seed is not usable")]
    Operator(#[source] AccountsError),
    /// The servers do not let the system user in.
    #[error("no connection for accounts.system_credentials")]
    System(#[from] NatsError),
}

/// Why an account was not made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AccountError {
    #[error(transparent)]
    Accounts(#[from] AccountsError),
    #[error("the derived key is unusable")]
    Key(#[from] nkeys::error::Error),
    #[error(transparent)]
    Id(#[from] InvalidId),
}

impl From<AccountError> for ApiError {
    fn from(error: AccountError) -> Self {
        match &error {
            AccountError::Accounts(AccountsError::Request(_)) => {
                Self::new(Code::Unavailable, "the NATS servers did not take the account in time").caused_by(error)
            }
            _ => Self::new(Code::Internal, "the tenant's account could not be made").caused_by(error),
        }
    }
}

impl Mint {
    /// From configuration; `None` where it names no operator's seed.
    pub(crate) async fn open(
        accounts: &AccountsConfig,
        nats: &NatsConfig,
        name: &str,
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
        let secret = hmac::Key::new(hmac::HMAC_SHA256, seed.trim().as_bytes());
        Ok(Some(Self { operator, secret, system, deadline: nats.request_timeout_ms.duration() }))
    }

    /// The identity of the account that stands for an idempotency key, the same from any gateway; a new one without.
    ///
    /// Nothing is ever signed with it: accounts are signed by the operator.
    pub(crate) fn identity(&self, idempotency_key: Option<&str>) -> Result<Identity, AccountError> {
        let pair = match idempotency_key {
            None => KeyPair::new_account(),
            Some(key) => {
                let tag = hmac::sign(&self.secret, &[PURPOSE, key.as_bytes()].concat());
                let mut seed = [0; 32];
                seed.copy_from_slice(tag.as_ref());
                KeyPair::new_from_raw(KeyPairType::Account, seed)?
            }
        };
        let key = pair.public_key().parse()?;
        Ok(Identity { pair, key })
    }

    /// Makes the account known to the running servers. The same again replaces its signing key and nothing else.
    pub(crate) async fn push(&self, identity: &Identity, name: &str, now: i64) -> Result<(), AccountError> {
        let (account, _signing_seed) = Account::with_identity(&identity.pair, name, AccountLimits::tenant())?;
        let token = self.operator.sign_account(&account, now)?;
        Ok(push_account(&self.system, &token, self.deadline).await?)
    }
}

/// Who an account is.
pub(crate) struct Identity {
    pair: KeyPair,
    /// Its public key, which names the tenant.
    pub(crate) key: TenantKey,
}
