//! Why an account could not be made.

use std::{io, path::PathBuf};

use sba_service::nats::NatsError;
use sba_subjects::id::InvalidId;

use crate::{
    accounts::AccountsError,
    error::{ApiError, Code},
};

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
    #[error("the servers do not say which account this process is in")]
    Nameless,
    #[error("the servers do not know the account {0}, or another operator signed it")]
    NoHub(String),
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
