//! The servers that an installation stands on.

use std::time::Duration;

use crate::local::{
    Durability, HubAccount, LocalError, NatsCluster, NatsServer, Postgres, RunFolder, nats::NatsSite,
    postgres::Database,
};

/// How long migrations may take.
const MIGRATE_DEADLINE: Duration = Duration::from_secs(60);

/// One NATS server, or three.
#[derive(Debug)]
pub(super) enum Nats {
    Server(NatsServer),
    Cluster(NatsCluster),
}

/// NATS and Postgres, with an account and a migrated database for the processes of one installation.
///
/// Whoever wants something between servers and processes, such as a proxy, starts the servers first.
#[derive(Debug)]
pub struct Ground {
    pub(super) hub: HubAccount,
    pub(super) database: Database,
    pub(super) nats: Nats,
    pub(super) postgres: Postgres,
    /// Declared last: the folder goes after the servers.
    pub(super) folder: RunFolder,
}

impl Ground {
    /// Starts one NATS server, as durable as is asked for, and Postgres. `say` is told what happens next, for people.
    ///
    /// # Errors
    /// When a part cannot be fetched, or a server cannot be started.
    pub async fn start(durability: Durability, mut say: impl FnMut(&str)) -> Result<Self, LocalError> {
        say("starting NATS with JetStream");
        let folder = RunFolder::create()?;
        let nats = Nats::Server(NatsServer::start_in(&folder, durability).await?);
        Self::around(folder, nats, say).await
    }

    /// Starts three NATS servers, which keep every stream in three copies, and Postgres.
    ///
    /// # Errors
    /// As [`Ground::start`].
    pub async fn start_cluster(mut say: impl FnMut(&str)) -> Result<Self, LocalError> {
        say("starting three NATS servers with JetStream");
        let folder = RunFolder::create()?;
        let nats = Nats::Cluster(NatsCluster::start().await?);
        Self::around(folder, nats, say).await
    }

    async fn around(folder: RunFolder, nats: Nats, mut say: impl FnMut(&str)) -> Result<Self, LocalError> {
        let hub = HubAccount::new(nats.site()).await?;
        say("starting Postgres with pgvector");
        let postgres = Postgres::start_in(&folder).await?;
        let database = postgres.site().create_database().await?;
        sba_store::migrate::migrate(&database.owner_url, MIGRATE_DEADLINE).await?;
        Ok(Self { hub, database, nats, postgres, folder })
    }

    /// The account of the processes.
    #[must_use]
    pub fn hub(&self) -> &HubAccount {
        &self.hub
    }

    /// The database.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.database
    }
}

impl Nats {
    fn site(&self) -> &NatsSite {
        match self {
            Self::Server(server) => server.site(),
            Self::Cluster(cluster) => cluster.site(),
        }
    }

    /// Copies of each stream.
    pub(super) const fn replicas(&self) -> usize {
        match self {
            Self::Server(_) => 1,
            Self::Cluster(_) => 3,
        }
    }
}
