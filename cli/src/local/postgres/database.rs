//! Databases on a running server.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::local::{LocalError, random};

/// The role that made the server.
pub(super) const ADMINISTRATOR: &str = "sba_admin";
/// The role that owns the tables.
pub(super) const OWNER: &str = "sba_owner";
/// The role of SBA's processes, which owns nothing.
pub(super) const APPLICATION: &str = "sba_app";

/// How long one log-in may take.
const CONNECT_DEADLINE: Duration = Duration::from_secs(5);

/// The address of a running server and the passwords of its roles.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct PostgresSite {
    port: u16,
    administrator: String,
    owner: String,
    application: String,
}

/// A database and the two ways into it.
#[derive(Debug, Clone)]
pub struct Database {
    /// Its name.
    pub name: String,
    /// The URL of the owner of the tables, for migrations.
    pub owner_url: String,
    /// The URL of `sba_app`, the role of SBA's processes.
    pub app_url: String,
}

impl PostgresSite {
    /// A site with fresh passwords, on no port yet.
    pub(super) fn new() -> Self {
        Self { port: 0, administrator: random::word(), owner: random::word(), application: random::word() }
    }

    pub(super) fn set_port(&mut self, port: u16) {
        self.port = port;
    }

    /// The TCP port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn administrator_password(&self) -> &str {
        &self.administrator
    }

    pub(super) fn owner_password(&self) -> &str {
        &self.owner
    }

    pub(super) fn application_password(&self) -> &str {
        &self.application
    }

    /// Creates an empty database with a name of its own, pgvector installed.
    ///
    /// # Errors
    /// When the server does not answer or refuses.
    pub async fn create_database(&self) -> Result<Database, LocalError> {
        self.create_like("template1").await
    }

    /// Creates a database with a name of its own that is a copy of the one called `template`, which `fill` fills if it
    /// does not exist yet: migrations run once, and each test gets a copy within some 50 ms. All who ask for the same
    /// template at the same time, in any process, wait for the one that fills it. `fill` must close its connections.
    ///
    /// # Errors
    /// When the server does not answer or refuses, or `fill` fails.
    pub async fn create_database_from<F, E>(&self, template: &str, fill: F) -> Result<Database, E>
    where
        F: AsyncFnOnce(&Database) -> Result<(), E>,
        E: From<LocalError>,
    {
        let mut lock = self.administrator().await?;
        let take = sqlx::query("select pg_advisory_lock(hashtext($1))").bind(template);
        take.execute(&mut lock).await.map_err(LocalError::from)?;
        let known = sqlx::query_scalar::<_, bool>("select exists (select from pg_database where datname = $1)");
        if !known.bind(template).fetch_one(&mut lock).await.map_err(LocalError::from)? {
            let fresh = self.create_database().await?;
            fill(&fresh).await?;
            let rename = format!("alter database \"{}\" rename to \"{template}\"", fresh.name);
            lock.execute(AssertSqlSafe(rename)).await.map_err(LocalError::from)?;
        }
        let database = self.create_like(template).await?;
        lock.close().await.map_err(LocalError::from)?;
        Ok(database)
    }

    async fn create_like(&self, template: &str) -> Result<Database, LocalError> {
        let name = format!("sba_{}", random::word());
        let mut admin = self.administrator().await?;
        // Names cannot be parameters; these are ours.
        let create = format!("create database \"{name}\" owner {OWNER} template \"{template}\"");
        admin.execute(AssertSqlSafe(create)).await?;
        admin.close().await?;
        let url = |role, password| format!("postgres://{role}:{password}@127.0.0.1:{}/{name}", self.port);
        Ok(Database { owner_url: url(OWNER, &self.owner), app_url: url(APPLICATION, &self.application), name })
    }

    /// A session of the administrator.
    pub(super) async fn administrator(&self) -> Result<PgConnection, LocalError> {
        self.administrator_of("postgres").await
    }

    /// A session of the administrator in a given database.
    pub(super) async fn administrator_of(&self, database: &str) -> Result<PgConnection, LocalError> {
        let url = format!("postgres://{ADMINISTRATOR}:{}@127.0.0.1:{}/{database}", self.administrator, self.port);
        match tokio::time::timeout(CONNECT_DEADLINE, PgConnection::connect(&url)).await {
            Ok(connected) => Ok(connected?),
            Err(_) => Err(sqlx::Error::PoolTimedOut.into()),
        }
    }
}
