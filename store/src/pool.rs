//! Connections to Postgres.

use std::{fmt, str::FromStr, time::Duration};

use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::{StoreError, migrate};

/// How to reach the database. Times are deadlines, none of them may be zero.
#[derive(Clone)]
pub struct DatabaseOptions {
    /// `postgres://user:password@host:port/database`; the role must be `sba_app` or a member of it.
    pub url: String,
    /// Most connections that this process opens.
    pub max_connections: u32,
    /// Longest wait for a connection, the first one included.
    pub acquire_timeout: Duration,
    /// Longest time that one statement may take.
    pub statement_timeout: Duration,
    /// Longest time that nobody goes on with a transaction: its process is frozen, and its locks stop others.
    pub idle_in_transaction_timeout: Duration,
}

impl DatabaseOptions {
    /// Options with the usual limits: 10 connections, 5 s to get one, 30 s for a statement or between two.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            max_connections: 10,
            acquire_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(30),
            idle_in_transaction_timeout: Duration::from_secs(30),
        }
    }

    fn connect_options(&self) -> Result<PgConnectOptions, StoreError> {
        let statement = self.statement_timeout.as_millis().max(1).to_string();
        let idle = self.idle_in_transaction_timeout.as_millis().max(1).to_string();
        Ok(parse_url(&self.url)?.application_name("sba").options([
            ("statement_timeout", statement.as_str()),
            ("lock_timeout", statement.as_str()),
            ("idle_in_transaction_session_timeout", idle.as_str()),
            // Row-level security takes other tenants' passages out of what the vector index finds: go on looking.
            ("hnsw.iterative_scan", "strict_order"),
            ("hnsw.ef_search", "100"),
        ]))
    }
}

/// The library reads any scheme as Postgres; a URL of something else is a mistake that should be named.
pub(crate) fn parse_url(url: &str) -> Result<PgConnectOptions, StoreError> {
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return Ok(PgConnectOptions::from_str(url)?);
    }
    Err(StoreError::Url(sqlx::Error::Configuration("it must begin with postgres://".into())))
}

impl fmt::Debug for DatabaseOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseOptions")
            .field("url", &"***")
            .field("max_connections", &self.max_connections)
            .field("acquire_timeout", &self.acquire_timeout)
            .field("statement_timeout", &self.statement_timeout)
            .field("idle_in_transaction_timeout", &self.idle_in_transaction_timeout)
            .finish()
    }
}

/// The database, as every process but the migration sees it: through transactions of one tenant.
#[derive(Clone, Debug)]
pub struct Store {
    pool: PgPool,
    max_connections: u32,
}

impl Store {
    /// Connects, and checks that the role cannot read past row-level security and that the schema is the one
    /// this program was built for.
    ///
    /// # Errors
    /// `database_url_invalid`, `database_unreachable`, `database_refused`, `database_timeout`,
    /// `database_role_unsafe` or `database_schema_outdated`.
    pub async fn connect(options: &DatabaseOptions) -> Result<Self, StoreError> {
        let connect = options.connect_options()?;
        // A pool hides why it cannot connect behind its own time-out, so the first connection goes without one.
        migrate::check(&connect, options.acquire_timeout).await?;
        Self::connect_lazy(options)
    }

    /// Connects when it is first used, and checks nothing: for tests of what must work without a database.
    ///
    /// # Errors
    /// `database_url_invalid`.
    pub fn connect_lazy(options: &DatabaseOptions) -> Result<Self, StoreError> {
        let pool = PgPoolOptions::new()
            .max_connections(options.max_connections)
            .acquire_timeout(options.acquire_timeout)
            .connect_lazy_with(options.connect_options()?);
        Ok(Self { pool, max_connections: options.max_connections })
    }

    /// Whether the database answers, for readiness.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query!("select 1 as one").fetch_one(&self.pool).await.map_err(|e| self.explain(e))?;
        Ok(())
    }

    /// Closes every connection once it is given back.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Begins a transaction that no tenant was set for. Only [`crate::tenant_tx`] may call it.
    pub(crate) async fn begin_bare(&self) -> Result<sqlx::Transaction<'static, sqlx::Postgres>, StoreError> {
        self.pool.begin().await.map_err(|e| self.explain(e))
    }

    /// A pool that is not full and still times out is one that cannot connect.
    fn explain(&self, error: sqlx::Error) -> StoreError {
        match error {
            sqlx::Error::PoolTimedOut if self.pool.size() < self.max_connections => StoreError::Unreachable(error),
            other => other.into(),
        }
    }
}
