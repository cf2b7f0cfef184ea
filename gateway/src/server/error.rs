//! Why a gateway does not run.

use std::io;

use sba_service::{log::ReadError, process::BaseError};
use sba_store::{StoreError, blob::BlobError};

use crate::{
    auth::{FetchError, TokenError},
    mint::MintError,
};

/// Why a gateway could not start, or had to end.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address} (gateway.listen)")]
    Listen {
        /// The address.
        address: String,
        /// Why.
        source: io::Error,
    },
    /// A setting that a gateway needs is missing.
    #[error("{0} must be set for a gateway")]
    Missing(&'static str),
    /// The issuer's public key cannot be read.
    #[error("auth.public_key cannot be read")]
    KeyFile(#[source] io::Error),
    /// The issuer's public key is not one.
    #[error("auth.public_key cannot be used")]
    Key(#[source] TokenError),
    /// An issuer's keys can never be had.
    #[error("auth.issuers cannot be used")]
    Issuer(#[source] FetchError),
    /// What every process stands on could not be had.
    #[error(transparent)]
    Base(#[from] BaseError),
    /// The streams cannot be named.
    #[error(transparent)]
    Log(#[from] ReadError),
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The blob store cannot be used.
    #[error(transparent)]
    Blobs(#[from] BlobError),
    /// Accounts cannot be made as configured.
    #[error(transparent)]
    Mint(#[from] MintError),
    /// What tenants' clients ask cannot be listened to.
    #[error("the connection to NATS is closed")]
    Direct(#[source] async_nats::SubscribeError),
}

impl GatewayError {
    /// Stable code, for logs and exit messages.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Listen { .. } => "gateway_listen_failed",
            Self::Missing(_) | Self::Issuer(_) => "config_invalid",
            Self::KeyFile(_) | Self::Key(_) => "auth_key_invalid",
            Self::Base(error) => error.code(),
            Self::Log(_) => "log_unreadable",
            Self::Store(error) => error.code(),
            Self::Blobs(error) => error.code(),
            Self::Mint(_) => "accounts_invalid",
            Self::Direct(_) => "nats_unreachable",
        }
    }
}
