//! Artifacts: documents that runs made. Their bytes are blobs.

use sba_subjects::{
    id::{ArtifactId, RunId, TenantId},
    visible::visible,
};
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Listed, Page, StoreError, TenantTx,
    audit::{self, Action, Actor},
    blob::BlobKey,
    text::{clean, clean_json, to_i64},
};

/// An artifact as it is handed in.
#[derive(Debug, Clone, PartialEq)]
pub struct NewArtifact {
    /// Its id; derived from what it is made of, so that making it again makes no second one.
    pub id: ArtifactId,
    /// The run that made it.
    pub run_id: RunId,
    /// Its title, 1 to 500 characters.
    pub title: String,
    /// Its media type, e.g. `text/html`.
    pub media_type: String,
    /// How many bytes it has.
    pub bytes: u64,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
    /// Where its bytes are kept.
    pub blob: BlobKey,
    /// The passages it cites, a JSON array.
    pub citations: Value,
}

/// A stored artifact.
#[derive(Debug, Clone, PartialEq)]
pub struct Artifact {
    /// Its id.
    pub id: ArtifactId,
    /// The run that made it.
    pub run_id: RunId,
    /// Its title.
    pub title: String,
    /// Its media type.
    pub media_type: String,
    /// How many bytes it has.
    pub bytes: u64,
    /// SHA-256 of its bytes.
    pub sha256: Vec<u8>,
    /// Where its bytes are kept.
    pub blob: BlobKey,
    /// The passages it cites, a JSON array.
    pub citations: Value,
    /// When it was stored.
    pub created_at: OffsetDateTime,
}

struct Row {
    id: Uuid,
    run_id: Uuid,
    title: String,
    media_type: String,
    bytes: i64,
    sha256: Vec<u8>,
    blob: String,
    citations: Value,
    created_at: OffsetDateTime,
}

impl Row {
    fn read(self, tenant: TenantId) -> Result<Artifact, StoreError> {
        let blob =
            BlobKey::parse(tenant, &self.blob).map_err(|source| StoreError::Unreadable { column: "blob", source })?;
        Ok(Artifact {
            id: ArtifactId::from_uuid(self.id),
            run_id: RunId::from_uuid(self.run_id),
            title: visible(&self.title).into_owned(),
            media_type: self.media_type,
            bytes: self.bytes.unsigned_abs(),
            sha256: self.sha256,
            blob,
            citations: self.citations,
            created_at: self.created_at,
        })
    }
}

/// Stores an artifact, with its audit entry. Returns whether it is new: the same id again changes nothing.
///
/// # Errors
/// `invalid_value` when a text is too long or empty, `missing_reference` when the tenant does not exist.
pub async fn create(tx: &mut TenantTx, artifact: &NewArtifact, actor: &Actor) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "insert into artifacts (tenant_id, id, run_id, title, media_type, bytes, sha256, blob, citations)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (tenant_id, id) do nothing",
        tx.tenant().as_uuid(),
        artifact.id.as_uuid(),
        artifact.run_id.as_uuid(),
        clean(&artifact.title),
        clean(&artifact.media_type),
        to_i64(artifact.bytes),
        artifact.sha256.as_slice(),
        artifact.blob.to_string(),
        clean_json(&artifact.citations),
    )
    .execute(tx.conn())
    .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    let what = json!({"artifact_id": artifact.id, "run_id": artifact.run_id, "title": artifact.title});
    audit::record(tx, actor, Action::ArtifactCreated, &what).await?;
    Ok(true)
}

/// Reads an artifact.
///
/// # Errors
/// Only those of the connection, and `database_unreadable`.
pub async fn get(tx: &mut TenantTx, id: ArtifactId) -> Result<Option<Artifact>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        "select id, run_id, title, media_type, bytes, sha256, blob, citations, created_at
         from artifacts where id = $1",
        id.as_uuid(),
    )
    .fetch_optional(tx.conn())
    .await?;
    row.map(|row| row.read(tx.tenant())).transpose()
}

/// Lists artifacts, the newest first, of one run or of all.
///
/// # Errors
/// Only those of the connection, and `database_unreadable`.
pub async fn list(tx: &mut TenantTx, run: Option<RunId>, page: Page) -> Result<Listed<Artifact>, StoreError> {
    let run = run.map(|r| r.as_uuid());
    let total =
        sqlx::query_scalar!(r#"select count(*) as "n!" from artifacts where $1::uuid is null or run_id = $1"#, run,)
            .fetch_one(tx.conn())
            .await?;
    let rows = sqlx::query_as!(
        Row,
        "select id, run_id, title, media_type, bytes, sha256, blob, citations, created_at
         from artifacts where $1::uuid is null or run_id = $1
         order by created_at desc, id desc limit $2 offset $3",
        run,
        page.sql_limit(),
        page.sql_offset(),
    )
    .fetch_all(tx.conn())
    .await?;
    let tenant = tx.tenant();
    let items = rows.into_iter().map(|row| row.read(tenant)).collect::<Result<_, _>>()?;
    Ok(Listed::new(items, total, page))
}
