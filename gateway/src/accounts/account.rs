//! An account: a tenant's world on NATS, or one of SBA's own.

use nkeys::KeyPair;
use serde::Serialize;

use super::error::AccountsError;
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
}

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
        let key = identity.public_key();
        Ok((Self { key, name: name.to_owned(), signing_keys: vec![signing.public_key()], limits }, seed))
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
        AccountBody { limits: &self.limits, signing_keys: &self.signing_keys }
    }
}
