//! No tenant sees or changes another's rows, whatever it asks Postgres.

use sba_store::{
    Page, api_keys,
    artifacts::{self, NewArtifact},
    blob::BlobKey,
    documents, effects, idempotency, nats_access, projection, runs, schedules,
    search::{self, Query},
    served_tools,
    sessions::{self, Session},
    starts, tasks,
    tenant_names::{self, TenantName},
    tenants,
};
use sba_subjects::id::{ArtifactId, CallId, RunId, SessionId, TenantId, TenantKey, UserId};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};
use uuid::Uuid;

use crate::{
    api_keys::key,
    nats_access::credential,
    projection::{finished_run, run_id},
    rules::{tables, tenant_column},
    schedules::schedule,
    served_tools::tool,
    support::{self, actor, at, axis, chunk},
    tasks::task,
};

/// Something of the tenant in every table.
async fn fill(store: &sba_store::Store, tenant: &TenantKey) {
    support::index(store, tenant, &support::document(tenant, "a.txt", 1), &[chunk("secret", axis(0))]).await;
    let mut tx = store.begin(tenant.id()).await.unwrap();
    projection::write(&mut tx, &finished_run(run_id(1))).await.unwrap();
    let session = Session {
        id: SessionId::from_uuid(Uuid::from_u128(1)),
        user_id: UserId::from_uuid(Uuid::from_u128(7)),
        token_hash: [1; 32],
        metadata: serde_json::json!({}),
        created_at: at(0),
        expires_at: at(60),
    };
    sessions::create(&mut tx, &session).await.unwrap();
    let request =
        idempotency::Request { endpoint: "POST /x", key: "k", body_hash: [0; 32], resource_id: Uuid::from_u128(1) };
    idempotency::claim(&mut tx, &request, at(0), std::time::Duration::from_secs(60)).await.unwrap();
    let id = ArtifactId::from_uuid(Uuid::from_u128(1));
    let artifact = NewArtifact {
        id,
        run_id: run_id(1),
        title: "Report".to_owned(),
        media_type: "text/html".to_owned(),
        bytes: 1,
        sha256: [1; 32],
        blob: BlobKey::artifact(tenant.id(), id, [1; 32]),
        citations: serde_json::json!([]),
    };
    artifacts::create(&mut tx, &artifact, &actor()).await.unwrap();
    let call =
        effects::Call { id: CallId::from_uuid(Uuid::from_u128(1)), tool_name: "mail".to_owned(), params_hash: [1; 32] };
    effects::begin(&mut tx, &call).await.unwrap();
    starts::begin(&mut tx, call.id, 1).await.unwrap();
    tasks::create(&mut tx, &task(1), &actor()).await.unwrap();
    schedules::create(&mut tx, &schedule(1), &actor()).await.unwrap();
    api_keys::create(&mut tx, &key(1), &actor()).await.unwrap();
    tenant_names::add(&mut tx, &name(tenant)).await.unwrap();
    assert!(served_tools::put(&mut tx, &tool("x_weather"), 1, &actor()).await.unwrap());
    nats_access::lock(&mut tx).await.unwrap();
    assert!(nats_access::issue(&mut tx, &credential(1), 9, &actor()).await.unwrap());
    tx.commit().await.unwrap();
}

/// What an issuer calls a tenant.
fn name(tenant: &TenantKey) -> TenantName {
    TenantName { issuer: "https://idp.example".to_owned(), name: format!("org_{tenant}") }
}

/// Enters a tenant, as [`sba_store::Store::begin`] does.
async fn enter(conn: &mut PgConnection, tenant: TenantId) {
    sqlx::query("select set_tenant($1)").bind(tenant.as_uuid()).execute(conn).await.unwrap();
}

async fn count(conn: &mut PgConnection, table: &str) -> i64 {
    let sql = format!("select count(*) from {table}");
    sqlx::query(AssertSqlSafe(sql)).fetch_one(conn).await.unwrap().get(0)
}

#[tokio::test]
async fn rows_of_another_tenant_cannot_be_seen_or_touched() {
    let database = support::database().await;
    let store = support::connect(&database).await;
    let (mine, theirs) = (support::new_tenant(&store).await, support::new_tenant(&store).await);
    fill(&store, &mine).await;
    fill(&store, &theirs).await;
    let mut app = PgConnection::connect(&database.app_url).await.unwrap();
    for table in tables(&mut app).await {
        if table == "basehub_cache" {
            let mut tx = app.begin().await.unwrap();
            for tenant in [&mine, &theirs] {
                enter(&mut tx, tenant.id()).await;
                let sql = "insert into basehub_cache (tenant_id, block_id) values ($1, 'b')";
                sqlx::query(sql).bind(tenant.id().as_uuid()).execute(&mut *tx).await.unwrap();
            }
            tx.commit().await.unwrap();
        }
        assert_eq!(count(&mut app, &table).await, 0, "{table}: seen without a tenant");

        let mut tx = app.begin().await.unwrap();
        enter(&mut tx, mine.id()).await;
        assert!(count(&mut tx, &table).await > 0, "{table}: the test has no row in it");
        let column = tenant_column(&table);
        let sql = format!("select count(*) from {table} where {column} <> $1");
        let foreign = sqlx::query(AssertSqlSafe(sql)).bind(mine.id().as_uuid()).fetch_one(&mut *tx).await.unwrap();
        assert_eq!(foreign.get::<i64, _>(0), 0, "{table}: another tenant's rows are seen");
        tx.commit().await.unwrap();
        assert_eq!(count(&mut app, &table).await, 0, "{table}: the tenant outlives its transaction");

        refused_or_without_effect(&mut app, &table, &mine, &theirs).await;
    }
}

/// Writes that aim at another tenant's rows, or would give it one.
async fn refused_or_without_effect(app: &mut PgConnection, table: &str, mine: &TenantKey, theirs: &TenantKey) {
    let column = tenant_column(table);
    for (sql, tenant) in [
        (format!("delete from {table} where {column} = $1"), theirs),
        (format!("update {table} set {column} = {column} where {column} = $1"), theirs),
        (format!("update {table} set {column} = $1"), theirs),
    ] {
        let mut tx = app.begin().await.unwrap();
        enter(&mut tx, mine.id()).await;
        let done = sqlx::query(AssertSqlSafe(sql.clone())).bind(tenant.id().as_uuid()).execute(&mut *tx).await;
        match done {
            Ok(done) => assert_eq!(done.rows_affected(), 0, "{sql}"),
            Err(error) => {
                let code = error.as_database_error().and_then(|e| e.code()).unwrap().into_owned();
                assert_eq!(code, "42501", "{sql}: {error}");
            }
        }
        tx.rollback().await.unwrap();
    }
    let mut tx = app.begin().await.unwrap();
    enter(&mut tx, mine.id()).await;
    let sql = format!(
        "insert into {table} select (jsonb_populate_record(t, jsonb_build_object('{column}', $1::text))).*
         from {table} as t limit 1"
    );
    let error = sqlx::query(AssertSqlSafe(sql)).bind(theirs.id().to_string()).execute(&mut *tx).await.unwrap_err();
    let code = error.as_database_error().and_then(|e| e.code()).unwrap().into_owned();
    assert_eq!(code, "42501", "{table}: a row was planted with another tenant: {error}");
}

#[tokio::test]
async fn repositories_answer_as_if_the_other_tenant_did_not_exist() {
    let (store, mine) = support::store().await;
    let theirs = support::new_tenant(&store).await;
    fill(&store, &theirs).await;
    let mut tx = store.begin(mine.id()).await.unwrap();
    let document = support::document(&theirs, "a.txt", 1).id;
    assert!(documents::get(&mut tx, document).await.unwrap().is_none());
    assert!(documents::text(&mut tx, document).await.unwrap().is_none());
    assert!(documents::delete(&mut tx, document, &actor()).await.unwrap().is_none());
    assert!(runs::get(&mut tx, run_id(1)).await.unwrap().is_none());
    assert!(!runs::forget(&mut tx, run_id(1)).await.unwrap());
    assert!(artifacts::get(&mut tx, ArtifactId::from_uuid(Uuid::from_u128(1))).await.unwrap().is_none());
    assert!(tasks::get(&mut tx, task(1).id).await.unwrap().is_none());
    assert!(tasks::complete(&mut tx, task(1).id, &actor()).await.unwrap().is_none());
    assert_eq!(tasks::list(&mut tx, None, Page::default()).await.unwrap().total, 0);
    assert!(schedules::get(&mut tx, schedule(1).id).await.unwrap().is_none());
    assert!(schedules::lock(&mut tx, schedule(1).id).await.unwrap().is_none());
    assert!(!schedules::pause(&mut tx, schedule(1).id, &actor()).await.unwrap());
    assert!(!schedules::delete(&mut tx, schedule(1).id, &actor()).await.unwrap());
    assert!(schedules::room(&mut tx, 1).await.unwrap());
    assert!(api_keys::standing(&mut tx, key(1).id).await.unwrap().is_none());
    assert!(api_keys::get(&mut tx, key(1).id).await.unwrap().is_none());
    assert!(api_keys::rotate(&mut tx, key(1).id, &[3; 32], at(0), at(1), &actor()).await.unwrap().is_none());
    assert!(!api_keys::revoke(&mut tx, key(1).id, at(0), &actor()).await.unwrap());
    assert!(api_keys::room(&mut tx, at(0), 1).await.unwrap());
    assert_eq!(api_keys::list(&mut tx, Page::default()).await.unwrap().total, 0);
    assert_eq!(schedules::overdue(&mut tx, at(1_000), None, 10).await.unwrap(), []);
    assert!(sessions::get(&mut tx, SessionId::from_uuid(Uuid::from_u128(1))).await.unwrap().is_none());
    let hits = search::search(&mut tx, &Query::new("secret", axis(0), 10)).await.unwrap();
    assert_eq!(hits, vec![]);
    let listed = runs::list(&mut tx, &runs::Filter::default(), Page::default()).await.unwrap();
    assert_eq!((listed.items.len(), listed.total), (0, 0));
    assert_eq!(tenants::get(&mut tx).await.unwrap().unwrap().account, mine);
}

#[tokio::test]
async fn a_name_means_one_tenant_and_tells_nothing_else_of_it() {
    let (store, mine) = support::store().await;
    let theirs = support::new_tenant(&store).await;
    fill(&store, &theirs).await;
    let TenantName { issuer, name } = name(&theirs);
    assert_eq!(store.tenant_named(&issuer, &name).await.unwrap(), Some(theirs.id()));
    for (issuer, name) in [("https://other.example", name.as_str()), (&issuer, "org_"), (&issuer, ""), (&issuer, "a\0")]
    {
        assert_eq!(store.tenant_named(issuer, name).await.unwrap(), None, "{issuer} {name:?}");
    }
    let mut tx = store.begin(mine.id()).await.unwrap();
    assert_eq!(tenant_names::list(&mut tx).await.unwrap(), []);
    let taken = tenant_names::add(&mut tx, &TenantName { issuer, name }).await.unwrap_err();
    assert_eq!(taken.code(), "conflict");
}

#[tokio::test]
async fn two_tenants_may_use_the_same_ids() {
    let (store, mine) = support::store().await;
    let theirs = support::new_tenant(&store).await;
    fill(&store, &mine).await;
    fill(&store, &theirs).await;
    let mut tx = store.begin(mine.id()).await.unwrap();
    assert!(runs::forget(&mut tx, run_id(1)).await.unwrap());
    tx.commit().await.unwrap();
    let mut tx = store.begin(theirs.id()).await.unwrap();
    assert!(runs::get(&mut tx, run_id(1)).await.unwrap().is_some());
}

#[tokio::test]
async fn a_projection_sees_nothing_before_it_enters_a_tenant_and_only_that_one_after() {
    let (store, mine) = support::store().await;
    let theirs = support::new_tenant(&store).await;
    fill(&store, &theirs).await;
    let mut batch = store.begin_projection().await.unwrap();
    let tx = batch.enter(mine.id()).await.unwrap().unwrap();
    assert!(runs::get(tx, run_id(1)).await.unwrap().is_none());
    let tx = batch.enter(theirs.id()).await.unwrap().unwrap();
    assert!(runs::get(tx, run_id(1)).await.unwrap().is_some());
    assert!(batch.enter(support::new_key().id()).await.unwrap().is_none(), "an unknown tenant was entered");
}

#[tokio::test]
async fn a_connection_keeps_no_tenant() {
    let database = support::database().await;
    let mut options = sba_store::DatabaseOptions::new(&database.app_url);
    options.max_connections = 1;
    let store = sba_store::Store::connect(&options).await.unwrap();
    let tenant = support::new_tenant(&store).await;
    fill(&store, &tenant).await;
    for end_with_commit in [true, false] {
        let tx = store.begin(tenant.id()).await.unwrap();
        if end_with_commit {
            tx.commit().await.unwrap();
        } else {
            drop(tx);
        }
        let mut other = store.begin(support::new_key().id()).await.unwrap();
        assert!(runs::get(&mut other, run_id(1)).await.unwrap().is_none());
        assert!(runs::get(&mut other, RunId::from_uuid(Uuid::nil())).await.unwrap().is_none());
    }
}
