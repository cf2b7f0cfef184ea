//! What the servers of one place share: their configuration, the operator they trust, its system account.

use std::{
    fs,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use async_nats::{Client, ConnectOptions};
use sba_gateway::accounts::Operator;
use sba_service::clock::{Clock, SystemClock};

use super::identity::Trust;
use crate::local::LocalError;

/// The configuration of one server.
pub(super) const HUB_CONFIG: (&str, &str) = ("hub.conf", include_str!("../../../../nats/hub.conf"));

pub(super) const FILES: [(&str, &str); 5] = [
    HUB_CONFIG,
    ("cluster.conf", include_str!("../../../../nats/cluster.conf")),
    ("leaf.conf", include_str!("../../../../nats/leaf.conf")),
    ("operator.conf", include_str!("../../../../nats/operator.conf")),
    ("limits.conf", include_str!("../../../../nats/limits.conf")),
];
pub(super) const OPERATOR_TOKEN: &str = "operator.jwt";
pub(super) const OPERATOR_SEED: &str = "operator.seed";
pub(super) const SYSTEM_CREDENTIALS: &str = "system.creds";

/// How long a client may take to log in.
const CONNECT_DEADLINE: Duration = Duration::from_secs(5);

/// The address of running servers and the folder with the secrets that administer them.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct NatsSite {
    url: String,
    folder: PathBuf,
}

/// A new site's accounts, for the servers that are about to start.
pub(super) struct SiteFiles {
    pub(super) site: NatsSite,
    system_account: String,
    system_token: String,
}

impl NatsSite {
    /// Where clients connect: one URL, or several with commas between them.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The file with the operator's seed, which mints accounts.
    #[must_use]
    pub fn operator_seed(&self) -> PathBuf {
        self.folder.join(OPERATOR_SEED)
    }

    /// The credentials of a user of the system account, which pushes accounts to the servers.
    #[must_use]
    pub fn system_credentials(&self) -> PathBuf {
        self.folder.join(SYSTEM_CREDENTIALS)
    }

    /// The folder of the site's secrets.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The operator.
    pub(super) fn operator(&self) -> Result<Operator, LocalError> {
        let path = self.operator_seed();
        let seed = fs::read_to_string(&path).map_err(LocalError::io(format!("cannot read {}", path.display())))?;
        Ok(Operator::from_seed(&seed)?)
    }

    /// A client of the system account.
    pub(super) async fn system_client(&self) -> Result<Client, LocalError> {
        connect(&self.url, &self.system_credentials()).await
    }
}

impl SiteFiles {
    /// Writes the configuration, a new operator and its system account into `folder`, for servers that clients will
    /// reach at `url`.
    pub(super) fn create(folder: &Path, url: String) -> Result<Self, LocalError> {
        for (name, text) in FILES {
            write(&folder.join(name), text, 0o644)?;
        }
        let trust = Trust::new(now())?;
        let site = NatsSite { url, folder: folder.to_owned() };
        write(&site.operator_seed(), &trust.operator.seed()?, 0o600)?;
        write(&site.system_credentials(), &trust.system.credentials, 0o600)?;
        write(&folder.join(OPERATOR_TOKEN), &trust.operator_token, 0o644)?;
        Ok(Self { site, system_account: trust.system.key, system_token: trust.system.token })
    }

    /// Makes the folders of one server under `folder`, and returns the variables that its configuration needs.
    pub(super) fn node(&self, folder: &Path) -> Result<Vec<(String, String)>, LocalError> {
        let (store, accounts) = (folder.join("store"), folder.join("accounts"));
        for path in [&store, &accounts] {
            fs::create_dir_all(path).map_err(LocalError::io(format!("cannot create {}", path.display())))?;
        }
        write(&accounts.join(format!("{}.jwt", self.system_account)), &self.system_token, 0o600)?;
        let quoted = |path: &Path| format!("\"{}\"", path.display());
        Ok(vec![
            ("SBA_NATS_STORE".to_owned(), quoted(&store)),
            ("SBA_NATS_ACCOUNTS".to_owned(), quoted(&accounts)),
            ("SBA_NATS_OPERATOR".to_owned(), quoted(&self.site.folder.join(OPERATOR_TOKEN))),
            ("SBA_NATS_SYSTEM_ACCOUNT".to_owned(), self.system_account.clone()),
            // Local data need not survive a power cut.
            ("SBA_NATS_SYNC".to_owned(), "2m".to_owned()),
        ])
    }
}

/// Connects as the user of a credentials file; a server that does not answer now is an error.
pub(super) async fn connect(url: &str, credentials: &Path) -> Result<Client, LocalError> {
    let what = format!("cannot read {}", credentials.display());
    let options = ConnectOptions::new().credentials_file(credentials).await.map_err(LocalError::io(what))?;
    let servers: Vec<&str> = url.split(',').collect();
    Ok(options.connection_timeout(CONNECT_DEADLINE).connect(servers).await?)
}

/// Seconds since 1970.
pub(super) fn now() -> i64 {
    SystemClock.now().unix_timestamp()
}

/// Writes a file that only those whom `mode` names can read.
pub(in crate::local) fn write(path: &Path, text: &str, mode: u32) -> Result<(), LocalError> {
    let mut options = fs::OpenOptions::new();
    let file = options.create(true).truncate(true).write(true).mode(mode).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(LocalError::io(format!("cannot write {}", path.display())))
}
