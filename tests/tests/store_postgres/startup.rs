//! What a process is told when it starts on a database that it cannot or must not use.

use std::time::{Duration, Instant};

use sba::local::postgres;
use sba_store::{DatabaseOptions, Store, StoreError, migrate};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::support;

const DEADLINE: Duration = Duration::from_secs(30);

async fn refusal(url: &str) -> StoreError {
    let mut options = DatabaseOptions::new(url);
    options.startup_timeout = Duration::from_secs(5);
    let started = Instant::now();
    let error = Store::connect(&options).await.unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(10), "it took {:?}", started.elapsed());
    error
}

#[tokio::test]
async fn each_fault_has_a_code_of_its_own() {
    let database = support::database().await;
    // The port of a listener that is gone.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    assert_eq!(refusal(&format!("postgres://a:b@127.0.0.1:{closed}/c")).await.code(), "database_unreachable");
    assert_eq!(refusal("mysql://nonsense").await.code(), "database_url_invalid");
    let other_password = database.app_url.replacen("sba_app:", "sba_app:x", 1);
    assert_eq!(refusal(&other_password).await.code(), "database_refused");
    let other_name = database.app_url.replace(&database.name, "nowhere");
    assert_eq!(refusal(&other_name).await.code(), "database_refused");
    assert_eq!(refusal(&database.owner_url).await.code(), "database_role_unsafe");
    let error = migrate::migrate(&format!("postgres://a:b@127.0.0.1:{closed}/c"), DEADLINE).await.unwrap_err();
    assert_eq!(error.code(), "database_unreachable");
}

#[tokio::test]
async fn a_server_that_takes_the_connection_and_says_nothing_is_given_up() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("postgres://a:b@{}/c", silent.local_addr().unwrap());
    let mut options = DatabaseOptions::new(&url);
    options.startup_timeout = Duration::from_millis(300);
    assert_eq!(Store::connect(&options).await.unwrap_err().code(), "database_timeout");
    let error = migrate::migrate(&url, Duration::from_millis(300)).await.unwrap_err();
    assert_eq!(error.code(), "database_timeout");
}

#[tokio::test]
async fn a_database_that_was_never_migrated_names_the_command() {
    let empty = postgres::shared().await.unwrap().create_database().await.unwrap();
    let error = refusal(&empty.app_url).await;
    assert!(matches!(error, StoreError::SchemaOutdated { found: 0, .. }), "{error:?}");
    assert!(error.to_string().contains("sba migrate"), "{error}");
}

#[tokio::test]
async fn migrating_twice_or_at_once_is_migrating_once() {
    let empty = postgres::shared().await.unwrap().create_database().await.unwrap();
    let go = || migrate::migrate(&empty.owner_url, DEADLINE);
    let (one, two) = tokio::join!(go(), go());
    assert_eq!((one.unwrap(), two.unwrap()), (migrate::latest_version(), migrate::latest_version()));
    go().await.unwrap();
    Store::connect(&DatabaseOptions::new(&empty.app_url)).await.unwrap().ping().await.unwrap();
}

#[tokio::test]
async fn an_edited_migration_is_refused() {
    let database = support::database().await;
    let mut owner = PgConnection::connect(&database.owner_url).await.unwrap();
    let edit = "update _sqlx_migrations set checksum = '\\x00' where version = 1";
    sqlx::query(AssertSqlSafe(edit)).execute(&mut owner).await.unwrap();
    let error = migrate::migrate(&database.owner_url, DEADLINE).await.unwrap_err();
    assert_eq!(error.code(), "database_migration_failed");
}

#[tokio::test]
async fn a_full_pool_and_a_long_statement_have_codes_of_their_own() {
    let database = support::database().await;
    let mut options = DatabaseOptions::new(&database.app_url);
    options.max_connections = 1;
    options.acquire_timeout = Duration::from_secs(2);
    options.statement_timeout = Duration::from_secs(1);
    let tenant = support::new_tenant(&support::connect(&database).await).await;
    let store = Store::connect(&options).await.unwrap();
    let mut held = store.begin(tenant.id()).await.unwrap();
    assert_eq!(store.begin(tenant.id()).await.unwrap_err().code(), "database_busy");

    let mut blocker = PgConnection::connect(&database.owner_url).await.unwrap();
    let mut lock = blocker.begin().await.unwrap();
    sqlx::query("lock table tenants").execute(&mut *lock).await.unwrap();
    let error = sba_store::tenants::get(&mut held).await.unwrap_err();
    assert_eq!(error.code(), "database_timeout");
    assert!(error.is_transient());
}

#[tokio::test]
async fn a_transaction_that_nobody_goes_on_with_is_ended_as_configured() {
    let database = support::database().await;
    let mut options = DatabaseOptions::new(&database.app_url);
    options.idle_in_transaction_timeout = Duration::from_millis(50);
    let tenant = support::new_tenant(&support::connect(&database).await).await;
    let store = Store::connect(&options).await.unwrap();
    let mut idle = store.begin(tenant.id()).await.unwrap();
    // This is how long nobody goes on with it.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let error = sba_store::tenants::get(&mut idle).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
}

#[test]
fn a_password_is_never_printed() {
    let options = DatabaseOptions::new("postgres://sba_app:hunter2@127.0.0.1/sba");
    assert!(!format!("{options:?}").contains("hunter2"));
}
