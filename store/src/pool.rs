//! Connections to Postgres.

use std::{fmt, str::FromStr, time::Duration};

use sqlx::{
    AssertSqlSafe, Connection as _, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::{StoreError, migrate};

/// A connection that rested for longer is asked whether it lives before it is used. One that died since says so when
/// its transaction begins, and another takes its place.
const RESTED: Duration = Duration::from_secs(1);

/// How to reach the database. Times are deadlines, none of them may be zero.
#[derive(Clone)]
pub struct DatabaseOptions {
    /// `postgres://user:password@host:port/database`; the role must be `sba_app` or a member of it.
    pub url: String,
    /// Most connections that this process opens.
    pub max_connections: u32,
    /// Longest wait for a connection.
    pub acquire_timeout: Duration,
    /// Longest wait for the first one.
    pub startup_timeout: Duration,
    /// Longest time that one statement may take.
    pub statement_timeout: Duration,
    /// Longest time that nobody goes on with a transaction: its process is frozen, and its locks stop others.
    pub idle_in_transaction_timeout: Duration,
}

impl DatabaseOptions {
    /// Options with the usual limits: 10 connections, 15 s to get the first, 5 s another, 30 s for a statement or
    /// between two.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            max_connections: 10,
            acquire_timeout: Duration::from_secs(5),
            startup_timeout: Duration::from_secs(15),
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
            // Each transaction begins by ending one that was left open, of which there is nearly always none.
            ("client_min_messages", "error"),
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
            .field("startup_timeout", &self.startup_timeout)
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
        migrate::check(&connect, options.startup_timeout).await?;
        Self::connect_lazy(options)
    }

    /// Connects when it is first used, and checks nothing: beside a store that was checked, and for tests of what must work
    /// without a database.
    ///
    /// # Errors
    /// `database_url_invalid`.
    pub fn connect_lazy(options: &DatabaseOptions) -> Result<Self, StoreError> {
        let pool = PgPoolOptions::new()
            .max_connections(options.max_connections)
            .acquire_timeout(options.acquire_timeout)
            .test_before_acquire(false)
            .before_acquire(|connection, about| {
                Box::pin(async move { Ok(about.idle_for < RESTED || connection.ping().await.is_ok()) })
            })
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

    /// Begins a transaction with these settings, which are SQL. Only [`crate::tenant_tx`] may call it.
    ///
    /// One round trip: each costs more than most statements. Nothing was done yet, so a connection that turns out to be
    /// dead is replaced by another.
    pub(crate) async fn begin_with(
        &self,
        settings: &str,
    ) -> Result<sqlx::Transaction<'static, sqlx::Postgres>, StoreError> {
        // A beginning that was cancelled half way leaves its connection in a transaction that nobody knows of.
        let begin = format!("rollback; begin; {settings}");
        let mut dead = 0;
        loop {
            match self.pool.begin_with(AssertSqlSafe(begin.as_str())).await {
                Err(error) if is_dead(&error) && dead < self.max_connections => dead += 1,
                begun => return begun.map_err(|error| self.explain(error)),
            }
        }
    }

    /// A pool that is not full and still times out is one that cannot connect.
    fn explain(&self, error: sqlx::Error) -> StoreError {
        match error {
            sqlx::Error::PoolTimedOut if self.pool.size() < self.max_connections => StoreError::Unreachable(error),
            other => other.into(),
        }
    }
}

/// Whether it is the connection that failed: it was cut, or the server ended its session (class 57), or both parts lost
/// step (class 08).
fn is_dead(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) => true,
        sqlx::Error::Database(cause) => {
            cause.code().is_some_and(|code| code.starts_with("57P") || code.starts_with("08") || code == "25P03")
        }
        _ => false,
    }
}
