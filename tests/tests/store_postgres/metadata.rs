//! The committed metadata of queries is that of the committed queries and migrations.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqlSafeStr};

use crate::support;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Everything that is written in a folder, below it included.
fn read_all(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_all(&path, text);
        } else {
            text.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

#[tokio::test]
async fn metadata_is_current() {
    let database = support::database().await;
    let mut conn = PgConnection::connect(&database.owner_url).await.unwrap();
    let mut source = String::new();
    read_all(&root().join("store/src"), &mut source);
    let mut seen = 0;
    for entry in fs::read_dir(root().join(".sqlx")).unwrap() {
        let path = entry.unwrap().path();
        let stored: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let query = stored["query"].as_str().unwrap();
        assert!(source.contains(query), "{} is of a query that is gone: run store/prepare.sh", path.display());
        let described = (&mut conn).describe(AssertSqlSafe(query).into_sql_str()).await.unwrap();
        let described = serde_json::to_value(described).unwrap();
        assert_eq!(described, stored["describe"], "{} is out of date: run store/prepare.sh", path.display());
        seen += 1;
    }
    assert!(seen > 0, "there is no metadata");
}
