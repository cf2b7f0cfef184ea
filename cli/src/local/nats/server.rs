//! One NATS server.

use std::{path::PathBuf, time::Duration};

use super::{
    node::Node,
    site::{HUB_CONFIG, NatsSite, SiteFiles, write},
};
use crate::local::{LocalError, RunFolder, ports, random};

/// How long a server may take until it greets its first client.
const READY_DEADLINE: Duration = Duration::from_secs(20);
/// How often a start is tried on other ports, when a server ended at once.
const ATTEMPTS: usize = 3;

/// What a stored message survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// The end of the server's process: enough for data that goes with the server.
    #[default]
    Process,
    /// A power cut: each message is on the disk before it is acknowledged.
    Power,
}

impl Durability {
    /// The server's `sync_interval`.
    const fn sync(self) -> &'static str {
        match self {
            Self::Process => "2m",
            Self::Power => "always",
        }
    }
}

/// A nats-server with `nats/hub.conf`, on a free port, with data of its own.
#[derive(Debug)]
pub struct NatsServer {
    node: Node,
    site: NatsSite,
    /// Declared last: the folder goes after the server. Absent when it is shared with others.
    _folder: Option<RunFolder>,
}

impl NatsServer {
    /// Starts a server and waits until it is ready. Fetches nats-server if it is not there yet.
    ///
    /// # Errors
    /// When the server cannot be fetched or started, or is not ready within 20 seconds.
    pub async fn start() -> Result<Self, LocalError> {
        let folder = RunFolder::create()?;
        let server = Self::start_in(&folder, Durability::Process).await?;
        Ok(Self { _folder: Some(folder), ..server })
    }

    /// As [`NatsServer::start`], with the server's data inside `folder`, which must outlive the server, and as durable
    /// as is asked for.
    ///
    /// # Errors
    /// As [`NatsServer::start`].
    pub async fn start_in(folder: &RunFolder, durability: Durability) -> Result<Self, LocalError> {
        let mut attempt = 1;
        loop {
            match Self::try_start(folder, durability).await {
                Err(LocalError::Ended { .. }) if attempt < ATTEMPTS => attempt += 1,
                other => return other,
            }
        }
    }

    async fn try_start(run: &RunFolder, durability: Durability) -> Result<Self, LocalError> {
        let folder = run.sub("nats-")?;
        let [port, monitor] = ports::free()?;
        let files = SiteFiles::create(&folder, format!("nats://127.0.0.1:{port}"))?;
        let name = format!("hub-{}", random::word());
        let more = vec![
            ("SBA_NATS_MONITOR".to_owned(), format!("127.0.0.1:{monitor}")),
            ("SBA_NATS_SYNC".to_owned(), durability.sync().to_owned()),
        ];
        let mut node = Node::start(&files, HUB_CONFIG.0, &name, port, more, run.path())?;
        node.wait_greeting(READY_DEADLINE).await?;
        Ok(Self { node, site: files.site, _folder: None })
    }

    /// Where clients connect, and the secrets that administer the server.
    #[must_use]
    pub fn site(&self) -> &NatsSite {
        &self.site
    }

    /// The server's process id, unless it was killed or stopped from here.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.node.process.pid()
    }

    /// Stops the server in the middle of what it does (SIGSTOP); it keeps its connections.
    ///
    /// # Errors
    /// When it does not run.
    pub fn freeze(&mut self) -> Result<(), LocalError> {
        self.node.process.freeze()
    }

    /// Lets a frozen server go on.
    ///
    /// # Errors
    /// When it does not run.
    pub fn thaw(&mut self) -> Result<(), LocalError> {
        self.node.process.thaw()
    }

    /// Kills the server as a crash would (SIGKILL). Its data stays.
    ///
    /// # Errors
    /// When it does not run.
    pub fn kill(&mut self) -> Result<(), LocalError> {
        self.node.process.kill()
    }

    /// Stops the server in good order. Its data stays.
    pub fn stop(&mut self) {
        self.node.process.stop();
    }

    /// The folder of its streams. Whoever touches it stops the server before.
    #[must_use]
    pub fn store(&self) -> PathBuf {
        self.site.folder().join(self.node.name()).join("store")
    }

    /// Starts the server again with room for so many bytes of streams; `None` for as many as the disk holds.
    ///
    /// # Errors
    /// As [`NatsServer::start`].
    pub async fn restart_with_room(&mut self, bytes: Option<u64>) -> Result<(), LocalError> {
        let (name, text) = HUB_CONFIG;
        let limit = bytes.map_or_else(String::new, |bytes| format!("\n  max_file_store: {bytes}"));
        let text = text.replacen("jetstream {", &format!("jetstream {{{limit}"), 1);
        write(&self.site.folder().join(name), &text, 0o644)?;
        self.restart().await
    }

    /// Starts the server again, on the same port and data, and waits until it is ready.
    ///
    /// # Errors
    /// As [`NatsServer::start`].
    pub async fn restart(&mut self) -> Result<(), LocalError> {
        self.node.process.start_again()?;
        self.node.wait_greeting(READY_DEADLINE).await
    }
}
