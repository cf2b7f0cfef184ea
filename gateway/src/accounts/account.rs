//! An account: a tenant's world on NATS, or one of SBA's own.

use std::collections::BTreeMap;

use nkeys::KeyPair;
use sba_subjects::{caller::CallerKey, id::TenantKey};
use serde::Serialize;

use super::error::AccountsError;
use super::sharing::{self, ExportClaim, ImportClaim};
use super::user::Credentials;

/// "No limit" in NATS claims.
const UNLIMITED: i64 = -1;

/// An account known by its identity key, which never changes.
///
/// Only the operator signs the account's token, so the seed of the identity key is needed for nothing and is not kept:
/// users are signed by a signing key, which can be replaced.
#[derive(Debug, Clone)]
pub struct Account {
    key: String,
    name: String,
    signing_keys: Vec<String>,
    limits: AccountLimits,
    exports: Vec<ExportClaim>,
    imports: Vec<ImportClaim>,
    /// Users that are not let in any more, with the time until which their tokens count as taken back.
    revocations: BTreeMap<CallerKey, i64>,
}

/// What an account may use on the servers. `-1` stands for no limit, zero for none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccountLimits {
    /// Subscriptions over all its connections.
    pub subs: i64,
    /// Bytes over all its connections.
    pub data: i64,
    /// Bytes of one message.
    pub payload: i64,
    /// Subjects taken over from other accounts.
    pub imports: i64,
    /// Subjects given to other accounts.
    pub exports: i64,
    /// Whether an export may hold a wildcard.
    pub wildcards: bool,
    /// Connections of clients at one time.
    pub conn: i64,
    /// Connections of leaf nodes at one time.
    pub leaf: i64,
    /// Bytes that JetStream may keep in memory; with `disk_storage` also zero, JetStream is off.
    pub mem_storage: i64,
    /// Bytes that JetStream may keep on disk.
    pub disk_storage: i64,
    /// Streams.
    pub streams: i64,
    /// Consumers.
    pub consumer: i64,
}

impl AccountLimits {
    /// For the hub account, in which all of SBA's processes live: nothing is limited, JetStream included.
    #[must_use]
    pub const fn hub() -> Self {
        Self {
            mem_storage: UNLIMITED,
            disk_storage: UNLIMITED,
            streams: UNLIMITED,
            consumer: UNLIMITED,
            ..Self::system()
        }
    }

    /// For the system account: nothing is limited, and no JetStream, which the servers refuse to it.
    #[must_use]
    pub const fn system() -> Self {
        Self {
            subs: UNLIMITED,
            data: UNLIMITED,
            payload: UNLIMITED,
            imports: UNLIMITED,
            exports: UNLIMITED,
            wildcards: true,
            conn: UNLIMITED,
            leaf: UNLIMITED,
            mem_storage: 0,
            disk_storage: 0,
            streams: 0,
            consumer: 0,
        }
    }

    /// For a tenant: a share that one customer's clients do not outgrow, no storage of its own and no leaf nodes.
    #[must_use]
    pub const fn tenant() -> Self {
        Self {
            subs: 10_000,
            payload: 1024 * 1024,
            imports: 16,
            exports: 0,
            wildcards: false,
            conn: 1_000,
            leaf: 0,
            ..Self::system()
        }
    }
}

#[derive(Serialize)]
pub(super) struct AccountBody<'a> {
    limits: &'a AccountLimits,
    signing_keys: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    exports: &'a [ExportClaim],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    imports: &'a [ImportClaim],
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    revocations: &'a BTreeMap<CallerKey, i64>,
}

/// What a tenant's account is made of.
#[derive(Debug, Clone)]
pub(crate) struct TenantAccount<'a> {
    /// Its identity.
    pub(crate) key: &'a TenantKey,
    /// The tenant's name.
    pub(crate) name: &'a str,
    /// The account of SBA's processes, from which it imports.
    pub(crate) hub: &'a str,
    /// The public key of what signs its users.
    pub(crate) signing_key: String,
    /// The users that are not let in any more.
    pub(crate) revoked: Vec<CallerKey>,
    /// What it may use.
    pub(crate) limits: AccountLimits,
}

/// A time after that of every token: no user that was taken back gets another with its key.
const FOR_EVER: i64 = 253_402_300_799;

impl Account {
    /// Makes a new account with one signing key, and returns the seed of that key, which mints the account's users.
    ///
    /// # Errors
    /// Never with keys made by this function; the key library's signature allows it.
    pub fn generate(name: &str, limits: AccountLimits) -> Result<(Self, String), AccountsError> {
        Self::with_identity(&KeyPair::new_account(), name, limits)
    }

    /// As [`Account::generate`], with an identity key that was made elsewhere.
    ///
    /// # Errors
    /// As [`Account::generate`].
    pub fn with_identity(
        identity: &KeyPair,
        name: &str,
        limits: AccountLimits,
    ) -> Result<(Self, String), AccountsError> {
        let signing = KeyPair::new_account();
        let seed = signing.seed().map_err(AccountsError::key("account"))?;
        let (key, name, signing_keys) = (identity.public_key(), name.to_owned(), vec![signing.public_key()]);
        let (exports, imports, revocations) = (Vec::new(), Vec::new(), BTreeMap::new());
        Ok((Self { key, name, signing_keys, limits, exports, imports, revocations }, seed))
    }

    /// The same account, giving tenants all that SBA's processes have for them.
    #[must_use]
    pub fn exporting(self) -> Self {
        Self { exports: sharing::exports(), ..self }
    }

    /// The account of a tenant.
    pub(crate) fn of_tenant(of: TenantAccount<'_>) -> Self {
        Self {
            key: of.key.to_string(),
            name: of.name.to_owned(),
            signing_keys: vec![of.signing_key],
            limits: of.limits,
            exports: Vec::new(),
            imports: sharing::imports(of.hub, of.key),
            revocations: of.revoked.into_iter().map(|key| (key, FOR_EVER)).collect(),
        }
    }

    /// The public key that names the account: `A` and 55 characters of base 32.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The name that people see in the servers' reports.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Mints a user of this account. `issued_at` and `expires_at` count seconds since 1970; without the latter the
    /// user is valid until the signing key is taken away.
    ///
    /// # Errors
    /// When `signing_seed` is not the seed of an account key.
    pub fn mint_user(
        &self,
        signing_seed: &str,
        name: &str,
        issued_at: i64,
        expires_at: Option<i64>,
    ) -> Result<Credentials, AccountsError> {
        Credentials::mint(&self.key, signing_seed, name, issued_at, expires_at)
    }

    pub(super) fn body(&self) -> AccountBody<'_> {
        AccountBody {
            limits: &self.limits,
            signing_keys: &self.signing_keys,
            exports: &self.exports,
            imports: &self.imports,
            revocations: &self.revocations,
        }
    }
}
