//! The local Postgres, against a real one.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use sba::local::{LocalError, Postgres, postgres};
use sqlx::{Connection, PgConnection};

#[tokio::test]
async fn databases_have_vectors_and_the_application_owns_nothing() {
    let database = postgres::shared().await.unwrap().create_database().await.unwrap();
    let mut owner = PgConnection::connect(&database.owner_url).await.unwrap();
    sqlx::query("create table t (v vector(3))").execute(&mut owner).await.unwrap();

    let mut app = PgConnection::connect(&database.app_url).await.unwrap();
    sqlx::query("select * from t").execute(&mut app).await.expect_err("nothing was granted");
    sqlx::query("create table u (x int)").execute(&mut app).await.expect_err("it creates no tables");

    let stranger = database.app_url.replacen(":", ":x", 2);
    PgConnection::connect(&stranger).await.expect_err("the password is wrong");
}

#[tokio::test]
async fn a_template_is_filled_once_and_copied() {
    let site = postgres::shared().await.unwrap();
    let fill = async |database: &postgres::Database| -> Result<(), LocalError> {
        let mut owner = PgConnection::connect(&database.owner_url).await?;
        sqlx::query("create table filled ()").execute(&mut owner).await?;
        Ok(owner.close().await?)
    };
    let name = format!("template_{}", std::process::id());
    let (one, two) = tokio::join!(site.create_database_from(&name, fill), site.create_database_from(&name, fill));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_ne!(one.name, two.name);
    let mut owner = PgConnection::connect(&two.owner_url).await.unwrap();
    sqlx::query("select from filled").execute(&mut owner).await.unwrap();
}

#[tokio::test]
async fn what_was_committed_is_there_after_a_crash() {
    let mut server = Postgres::start().await.unwrap();
    let database = server.site().create_database().await.unwrap();
    let mut owner = PgConnection::connect(&database.owner_url).await.unwrap();
    sqlx::query("create table t ()").execute(&mut owner).await.unwrap();
    server.kill().unwrap();
    PgConnection::connect(&database.owner_url).await.expect_err("the server is gone");
    server.restart().await.unwrap();
    let mut owner = PgConnection::connect(&database.owner_url).await.unwrap();
    sqlx::query("select from t").execute(&mut owner).await.unwrap();
}
