//! The schema: how it is made, and how a process checks that it may use it.

use std::time::Duration;

use sqlx::{ConnectOptions, Connection, PgConnection, migrate::Migrator, postgres::PgConnectOptions};
use tokio::time::timeout;

use crate::{StoreError, pool::parse_url};

static MIGRATOR: Migrator = sqlx::migrate!("../migrations");

/// The newest version that this program knows.
#[must_use]
pub fn latest_version() -> i64 {
    MIGRATOR.iter().map(|m| m.version).max().unwrap_or(0)
}

/// Brings the schema up to date, as the owner. Two that migrate at once wait for each other.
///
/// Returns the version the schema is at afterwards.
///
/// # Errors
/// `database_unreachable` or `database_refused` at once, `database_timeout` when `deadline` passes,
/// `database_migration_failed` when a migration fails or an applied one was edited since.
pub async fn migrate(owner_url: &str, deadline: Duration) -> Result<i64, StoreError> {
    let options = parse_url(owner_url)?.application_name("sba migrate");
    let work = async {
        let mut conn = options.connect().await?;
        MIGRATOR.run(&mut conn).await?;
        conn.close().await?;
        Ok(latest_version())
    };
    timeout(deadline, work).await.map_err(|_| StoreError::TimedOut(None))?
}

/// Checks role and schema over a connection of its own.
pub(crate) async fn check(options: &PgConnectOptions, deadline: Duration) -> Result<(), StoreError> {
    let work = async {
        let mut conn = options.connect().await?;
        check_role(&mut conn).await?;
        check_schema(&mut conn).await?;
        conn.close().await?;
        Ok(())
    };
    timeout(deadline, work).await.map_err(|_| StoreError::TimedOut(None))?
}

async fn check_role(conn: &mut PgConnection) -> Result<(), StoreError> {
    let role = sqlx::query!(
        r#"select rolname::text as "name!",
                  rolsuper or rolbypassrls as "bypasses!",
                  exists (
                      select from pg_class c join pg_namespace n on n.oid = c.relnamespace
                      where n.nspname = current_schema() and c.relkind in ('r', 'p')
                        and pg_has_role(current_user, c.relowner, 'member')
                  ) as "owns!"
           from pg_roles where rolname = current_user"#
    )
    .fetch_one(conn)
    .await?;
    let refuse = |reason| Err(StoreError::UnsafeRole { role: role.name.clone(), reason });
    match (role.bypasses, role.owns) {
        (true, _) => refuse("can bypass row-level security"),
        (_, true) => refuse("owns tables, or is a member of a role that does"),
        _ => Ok(()),
    }
}

async fn check_schema(conn: &mut PgConnection) -> Result<(), StoreError> {
    let wanted = latest_version();
    let exists = sqlx::query_scalar!(r#"select to_regclass('_sqlx_migrations') is not null as "exists!""#)
        .fetch_one(&mut *conn)
        .await?;
    let found = if exists {
        sqlx::query_scalar!(r#"select coalesce(max(version), 0) as "version!" from _sqlx_migrations where success"#)
            .fetch_one(conn)
            .await?
    } else {
        0
    };
    if found < wanted { Err(StoreError::SchemaOutdated { found, wanted }) } else { Ok(()) }
}
