//! A migrated database and tenants for each test.

use std::time::Duration;

use sba::local::{LocalError, postgres};
use sba_store::{
    DatabaseOptions, Store,
    audit::Actor,
    blob::BlobKey,
    chunks::{DIMENSIONS, NewChunk},
    documents::{self, Indexed, NewDocument},
    language::Language,
    migrate,
    tenants::{self, NewTenant},
};
use sba_subjects::id::{DocumentId, TenantKey, UserId};
use time::OffsetDateTime;
use uuid::Uuid;

pub(crate) use sba::local::postgres::Database;

const DEADLINE: Duration = Duration::from_secs(60);

/// A database with the newest schema and nothing in it.
pub(crate) async fn database() -> Database {
    let template = format!("sba_schema_{}", migrate::latest_version());
    let fill = async |fresh: &Database| -> Result<(), LocalError> {
        migrate::migrate(&fresh.owner_url, DEADLINE).await.unwrap();
        Ok(())
    };
    postgres::shared().await.unwrap().create_database_from(&template, fill).await.unwrap()
}

pub(crate) async fn connect(database: &Database) -> Store {
    Store::connect(&DatabaseOptions::new(&database.app_url)).await.unwrap()
}

/// A store of its own, with one tenant.
pub(crate) async fn store() -> (Store, TenantKey) {
    let store = connect(&database().await).await;
    let tenant = new_tenant(&store).await;
    (store, tenant)
}

pub(crate) fn new_key() -> TenantKey {
    nkeys::KeyPair::new_account().public_key().parse().unwrap()
}

pub(crate) fn tenant_named(account: &TenantKey, name: &str) -> NewTenant {
    NewTenant {
        account: account.clone(),
        name: name.to_owned(),
        plan: "standard".to_owned(),
        quota_tokens: Some(1_000_000),
        config: serde_json::json!({}),
    }
}

pub(crate) async fn new_tenant(store: &Store) -> TenantKey {
    let account = new_key();
    let mut tx = store.begin(account.id()).await.unwrap();
    tenants::create(&mut tx, &tenant_named(&account, "Acme"), &Actor::default()).await.unwrap();
    tx.commit().await.unwrap();
    account
}

pub(crate) fn actor() -> Actor {
    Actor { user_id: Some(UserId::from_uuid(Uuid::from_u128(7))), request_id: Some("request-1".to_owned()) }
}

/// A moment, in seconds since 1970.
pub(crate) fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).unwrap()
}

/// A document whose bytes begin with `content`.
pub(crate) fn document(tenant: &TenantKey, source: &str, content: u8) -> NewDocument {
    let id = DocumentId::from_uuid(tenant.derive("document", source));
    NewDocument {
        id,
        title: source.to_owned(),
        source: source.to_owned(),
        media_type: "text/plain".to_owned(),
        language: Language::ENGLISH,
        content_sha256: [content; 32],
        bytes: 10,
        blob: BlobKey::document(tenant.id(), id.as_uuid(), [content; 32]),
    }
}

/// A vector that points along one axis.
pub(crate) fn axis(n: usize) -> Vec<f32> {
    let mut embedding = vec![0.0; DIMENSIONS];
    embedding[n % DIMENSIONS] = 1.0;
    embedding
}

pub(crate) fn chunk(text: &str, embedding: Vec<f32>) -> NewChunk {
    let length = u32::try_from(text.chars().count()).unwrap();
    NewChunk { heading_path: vec![], text: text.to_owned(), span: 0..length, embedding }
}

/// Hands a document in and indexes it.
pub(crate) async fn index(
    store: &Store,
    tenant: &TenantKey,
    document: &NewDocument,
    chunks: &[NewChunk],
) -> DocumentId {
    let mut tx = store.begin(tenant.id()).await.unwrap();
    let id = documents::put(&mut tx, document, &actor()).await.unwrap().id();
    let text: String = chunks.iter().map(|c| c.text.as_str()).collect();
    let done = sba_tests::index::index(&mut tx, id, document.content_sha256, &text, chunks).await.unwrap();
    assert_eq!(done, Indexed::Stored);
    tx.commit().await.unwrap();
    id
}
