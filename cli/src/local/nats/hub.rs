//! A hub account: the account in which all of SBA's processes of one installation live.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use async_nats::{Client, jetstream};
use sba_gateway::accounts::push_account;
use tokio::time::{Instant, sleep};

use super::{
    identity,
    site::{NatsSite, connect, now, write},
};
use crate::local::{LocalError, process::LOOK_AGAIN};

/// How long the servers may take to store an account.
const PUSH_DEADLINE: Duration = Duration::from_secs(10);
/// How long all servers of a cluster may take to know an account that one of them has stored: they may have yet to
/// elect a leader.
const KNOWN_DEADLINE: Duration = Duration::from_secs(60);
/// How long one question whether they do may take.
const ASK_DEADLINE: Duration = Duration::from_secs(1);

/// An account with unlimited JetStream and a user in it. Each test makes one, so that tests share servers while their
/// subjects, streams and buckets have the names of production.
#[derive(Debug, Clone)]
pub struct HubAccount {
    site: NatsSite,
    key: String,
    credentials: PathBuf,
}

impl HubAccount {
    /// Mints the account and its user, hands the account to the running servers, and returns when it can use them.
    ///
    /// # Errors
    /// When the servers do not answer or refuse the account.
    pub async fn new(site: &NatsSite) -> Result<Self, LocalError> {
        let account = identity::hub(&site.operator()?, now())?;
        let system = site.system_client().await?;
        push_account(&system, &account.token, PUSH_DEADLINE).await?;
        let credentials = site.folder().join(format!("{}.creds", account.key));
        write(&credentials, &account.credentials, 0o600)?;
        let hub = Self { site: site.clone(), key: account.key, credentials };
        hub.wait_known().await?;
        Ok(hub)
    }

    /// The first server that has stored the account says so; the others, and the leader among them, follow.
    async fn wait_known(&self) -> Result<(), LocalError> {
        let until = Instant::now() + KNOWN_DEADLINE;
        loop {
            match self.ask_for_storage().await {
                Ok(()) => return Ok(()),
                Err(error) if Instant::now() > until => return Err(error),
                Err(_) => sleep(LOOK_AGAIN).await,
            }
        }
    }

    /// Asks whoever leads the servers whether the account may store anything, through each of them: a client may come to
    /// any.
    async fn ask_for_storage(&self) -> Result<(), LocalError> {
        for url in self.url().split(',') {
            let mut context = jetstream::new(self.connect_to(url).await?);
            context.set_timeout(ASK_DEADLINE);
            let asked = context.query_account().await;
            asked
                .map_err(|error| LocalError::io("the servers do not know the account")(std::io::Error::other(error)))?;
        }
        Ok(())
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
