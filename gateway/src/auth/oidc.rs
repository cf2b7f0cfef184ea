//! Tokens of OpenID Connect providers.
//!
//! Each [`Issuer`] has rules, which stand in the configuration, and a [`Keyring`](keyring::Keyring) of its own, so none is in
//! the way of another. Nothing that a token says is believed before its signature holds, but for one thing: which issuer's
//! keys are to be asked.

mod claims;
mod fetch;
mod issuer;
mod jwks;
mod keyring;

use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use sba_service::config::AuthConfig;
use serde::Deserialize;

pub use self::fetch::FetchError;
pub(crate) use self::issuer::{Issuer, TenantClaim};

/// The issuers whose tokens are taken besides SBA's own.
#[derive(Debug, Clone)]
pub(crate) struct Issuers(Vec<Arc<Issuer>>);

impl Issuers {
    /// As they are configured. Nothing is fetched yet: a provider that does not answer is in nobody's way.
    ///
    /// # Errors
    /// [`FetchError`] for an address that is none, or where no HTTP client can be made.
    pub(crate) fn new(auth: &AuthConfig) -> Result<Self, FetchError> {
        auth.issuers.iter().map(|config| Issuer::new(config, auth).map(Arc::new)).collect::<Result<_, _>>().map(Self)
    }

    /// The issuer of this name.
    pub(crate) fn named(&self, name: &str) -> Option<&Arc<Issuer>> {
        self.0.iter().find(|issuer| **issuer.name() == *name)
    }

    /// The issuer that a token says it is of.
    pub(crate) fn of(&self, token: &str) -> Option<&Arc<Issuer>> {
        #[derive(Deserialize)]
        struct Said {
            iss: String,
        }
        if self.0.is_empty() {
            return None;
        }
        let payload = token.split('.').nth(1)?;
        let payload = BASE64URL_NOPAD.decode(payload.as_bytes()).ok()?;
        self.named(&serde_json::from_slice::<Said>(&payload).ok()?.iss)
    }
}
