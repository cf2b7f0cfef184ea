//! Three NATS servers that keep every stream in three copies.

use std::time::Duration;

use super::{
    hub::HubAccount,
    node::Node,
    site::{NatsSite, SiteFiles},
};
use crate::local::{LocalError, RunFolder, ports, process::LOOK_AGAIN, random};
use async_nats::jetstream::{self, stream};

/// Servers in the cluster.
const NODES: usize = 3;
/// How long the servers may take until they greet clients.
const READY_DEADLINE: Duration = Duration::from_secs(20);
/// How long the three may take to find each other.
const QUORUM_DEADLINE: Duration = Duration::from_secs(60);
/// How long one question to them may take.
const ASK_DEADLINE: Duration = Duration::from_secs(1);
/// How often a start is tried on other ports, when a server ended at once.
const ATTEMPTS: usize = 3;

/// Three nats-servers with `nats/cluster.conf`, on free ports, with data of their own. Nodes count from zero.
#[derive(Debug)]
pub struct NatsCluster {
    nodes: Vec<Node>,
    urls: [String; NODES],
    site: NatsSite,
    /// Declared last: the folder goes after the servers.
    _folder: RunFolder,
}

impl NatsCluster {
    /// Starts three servers and waits until streams can be made. Fetches nats-server if it is not there yet.
    ///
    /// # Errors
    /// When a server cannot be fetched or started, or the three do not keep a stream together within a minute.
    pub async fn start() -> Result<Self, LocalError> {
        let mut attempt = 1;
        loop {
            match Self::try_start().await {
                Err(LocalError::Ended { .. }) if attempt < ATTEMPTS => attempt += 1,
                other => return other,
            }
        }
    }

    async fn try_start() -> Result<Self, LocalError> {
        let folder = RunFolder::create()?;
        let site = folder.sub("nats-")?;
        let ports: [u16; 3 * NODES] = ports::free()?;
        let (clients, rest) = ports.split_at(NODES);
        let (routes, monitors) = rest.split_at(NODES);
        let urls: [String; NODES] = std::array::from_fn(|node| format!("nats://127.0.0.1:{}", clients[node]));
        let files = SiteFiles::create(&site, urls.join(","))?;
        let password = random::word();
        let peers: Vec<String> =
            routes.iter().map(|port| format!("\"nats://sba:{password}@127.0.0.1:{port}\"")).collect();
        let mut nodes = Vec::with_capacity(NODES);
        for node in 0..NODES {
            let more = vec![
                ("SBA_NATS_MONITOR".to_owned(), format!("127.0.0.1:{}", monitors[node])),
                ("SBA_NATS_CLUSTER_LISTEN".to_owned(), format!("127.0.0.1:{}", routes[node])),
                ("SBA_NATS_CLUSTER_PASSWORD".to_owned(), password.clone()),
                ("SBA_NATS_ROUTES".to_owned(), format!("[{}]", peers.join(", "))),
            ];
            let name = format!("node-{node}-{}", random::word());
            nodes.push(Node::start(&files, "cluster.conf", &name, clients[node], more, folder.path())?);
        }
        let mut cluster = Self { nodes, urls, site: files.site, _folder: folder };
        for node in &mut cluster.nodes {
            node.wait_greeting(READY_DEADLINE).await?;
        }
        cluster.wait_copies().await?;
        Ok(cluster)
    }

    /// Where clients connect (all three addresses), and the secrets that administer the servers.
    #[must_use]
    pub fn site(&self) -> &NatsSite {
        &self.site
    }

    /// The address of each server alone.
    #[must_use]
    pub fn urls(&self) -> &[String] {
        &self.urls
    }

    /// The name of a server, as `cluster.leader` of a stream's information says it.
    #[must_use]
    pub fn name(&self, node: usize) -> &str {
        self.nodes[node].name()
    }

    /// The process id of a server, unless it was killed or stopped from here.
    #[must_use]
    pub fn pid(&self, node: usize) -> Option<u32> {
        self.nodes[node].process.pid()
    }

    /// Stops a server in the middle of what it does (SIGSTOP); it keeps its connections.
    ///
    /// # Errors
    /// When it does not run.
    pub fn freeze(&mut self, node: usize) -> Result<(), LocalError> {
        self.nodes[node].process.freeze()
    }

    /// Lets a frozen server go on.
    ///
    /// # Errors
    /// When it does not run.
    pub fn thaw(&mut self, node: usize) -> Result<(), LocalError> {
        self.nodes[node].process.thaw()
    }

    /// Kills a server as a crash would (SIGKILL). Its data stays.
    ///
    /// # Errors
    /// When it does not run.
    pub fn kill(&mut self, node: usize) -> Result<(), LocalError> {
        self.nodes[node].process.kill()
    }

    /// Starts a server again, on the same ports and data, and waits until it greets clients; it may take longer until
    /// it has caught up with the others.
    ///
    /// # Errors
    /// As [`NatsCluster::start`].
    pub async fn restart(&mut self, node: usize) -> Result<(), LocalError> {
        self.nodes[node].process.start_again()?;
        self.nodes[node].wait_greeting(READY_DEADLINE).await
    }

    /// Waits until all three can keep a stream: a leader that has not yet met both others answers, and refuses three
    /// copies. Tries it as a user of a hub account of its own.
    async fn wait_copies(&mut self) -> Result<(), LocalError> {
        let account = HubAccount::new(&self.site).await?;
        let mut context = jetstream::new(account.connect().await?);
        context.set_timeout(ASK_DEADLINE);
        let probe = stream::Config {
            name: "PROBE".to_owned(),
            storage: stream::StorageType::Memory,
            num_replicas: NODES,
            ..Default::default()
        };
        let until = tokio::time::Instant::now() + QUORUM_DEADLINE;
        while context.create_or_update_stream(probe.clone()).await.is_err()
            || context.delete_stream(&probe.name).await.is_err()
        {
            if tokio::time::Instant::now() > until {
                let log = self.nodes[0].process.log_tail();
                return Err(LocalError::NotReady {
                    server: "the NATS cluster".to_owned(),
                    deadline: QUORUM_DEADLINE,
                    log,
                });
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }
}
