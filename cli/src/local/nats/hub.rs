//! A hub account: the account in which all of SBA's processes of one installation live.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use async_nats::Client;
use sba_gateway::accounts::push_account;

use super::{
    identity,
    site::{NatsSite, connect, now, write},
};
use crate::local::LocalError;

/// How long the servers may take to store an account.
const PUSH_DEADLINE: Duration = Duration::from_secs(10);

/// An account with unlimited JetStream and a user in it. Each test makes one, so that tests share servers while their
/// subjects, streams and buckets have the names of production.
#[derive(Debug, Clone)]
pub struct HubAccount {
    site: NatsSite,
    key: String,
    credentials: PathBuf,
}

impl HubAccount {
    /// Mints the account and its user and hands the account to the running servers.
    ///
    /// # Errors
    /// When the servers do not answer or refuse the account.
    pub async fn new(site: &NatsSite) -> Result<Self, LocalError> {
        let account = identity::hub(&site.operator()?, now())?;
        let system = site.system_client().await?;
        push_account(&system, &account.token, PUSH_DEADLINE).await?;
        let credentials = site.folder().join(format!("{}.creds", account.key));
        write(&credentials, &account.credentials, 0o600)?;
        Ok(Self { site: site.clone(), key: account.key, credentials })
    }

    /// Where clients connect: one URL, or several with commas between them.
    #[must_use]
    pub fn url(&self) -> &str {
        self.site.url()
    }

    /// The public key of the account.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The user's credentials file.
    #[must_use]
    pub fn credentials(&self) -> &Path {
        &self.credentials
    }

    /// The servers that the account is on.
    #[must_use]
    pub fn site(&self) -> &NatsSite {
        &self.site
    }

    /// A new connection as the account's user.
    ///
    /// # Errors
    /// When no server takes it within 5 seconds.
    pub async fn connect(&self) -> Result<Client, LocalError> {
        self.connect_to(self.url()).await
    }

    /// A new connection as the account's user, to the server at one of the cluster's URLs or through a proxy.
    ///
    /// # Errors
    /// When that server does not take it within 5 seconds.
    pub async fn connect_to(&self, url: &str) -> Result<Client, LocalError> {
        connect(url, &self.credentials).await
    }
}
