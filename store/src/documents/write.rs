//! Handing documents in and taking them out.

use sba_subjects::id::DocumentId;
use serde_json::json;

use super::{DocumentStatus, NewDocument};
use crate::{
    StoreError, TenantTx,
    audit::{self, Action, Actor},
    blob::BlobKey,
    text::{clean, to_i64},
};

/// What handing a document in did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// Its source is new: it waits to be indexed.
    Created(DocumentId),
    /// The same content is known under this source; nothing was changed.
    Unchanged {
        /// The document that has it.
        id: DocumentId,
        /// Where its indexing stands. A pending one may be given to the queue again without harm.
        status: DocumentStatus,
    },
    /// The content is new, or indexing it failed before: it waits to be indexed.
    Replaced {
        /// The document, which keeps its id.
        id: DocumentId,
        /// Bytes that nothing names any more: delete them after the commit.
        stale: Option<BlobKey>,
    },
}

impl Put {
    /// The document's id.
    #[must_use]
    pub const fn id(&self) -> DocumentId {
        match self {
            Self::Created(id) | Self::Unchanged { id, .. } | Self::Replaced { id, .. } => *id,
        }
    }
}

/// Hands a document in, with its audit entry when that changes something.
///
/// # Errors
/// `invalid_value` when a text is too long or empty, `conflict` when the id is another source's,
/// `missing_reference` when the tenant does not exist.
pub async fn put(tx: &mut TenantTx, document: &NewDocument, actor: &Actor) -> Result<Put, StoreError> {
    let put =
        if insert(tx, document, actor).await? { Put::Created(document.id) } else { replace(tx, document).await? };
    let action = match put {
        Put::Created(_) => Action::DocumentCreated,
        Put::Replaced { .. } => Action::DocumentReplaced,
        Put::Unchanged { .. } => return Ok(put),
    };
    let what = json!({
        "document_id": put.id(), "title": document.title, "source": document.source, "bytes": document.bytes,
    });
    audit::record(tx, actor, action, &what).await?;
    Ok(put)
}

async fn insert(tx: &mut TenantTx, document: &NewDocument, actor: &Actor) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "insert into documents
             (tenant_id, id, title, source, media_type, language, content_sha256, bytes, blob, created_by)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         on conflict (tenant_id, source) do nothing",
        tx.tenant().as_uuid(),
        document.id.as_uuid(),
        clean(&document.title),
        clean(&document.source),
        clean(&document.media_type),
        document.language.as_str(),
        document.content_sha256.as_slice(),
        to_i64(document.bytes),
        document.blob.to_string(),
        actor.user_id.map(|u| u.as_uuid()),
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

async fn replace(tx: &mut TenantTx, document: &NewDocument) -> Result<Put, StoreError> {
    let stored = sqlx::query!(
        "select id, content_sha256, status, blob from documents where source = $1 for update",
        clean(&document.source),
    )
    .fetch_one(tx.conn())
    .await?;
    let id = DocumentId::from_uuid(stored.id);
    let status: DocumentStatus =
        stored.status.parse().map_err(|source| StoreError::Unreadable { column: "status", source })?;
    if stored.content_sha256 == document.content_sha256 && status != DocumentStatus::Failed {
        return Ok(Put::Unchanged { id, status });
    }
    sqlx::query!(
        "update documents
         set title = $2, media_type = $3, language = $4, content_sha256 = $5, bytes = $6, blob = $7,
             status = 'pending', error_code = null, error_message = null, passages_done = null,
             passages_total = null, updated_at = now()
         where id = $1",
        stored.id,
        clean(&document.title),
        clean(&document.media_type),
        document.language.as_str(),
        document.content_sha256.as_slice(),
        to_i64(document.bytes),
        document.blob.to_string(),
    )
    .execute(tx.conn())
    .await?;
    let stale = BlobKey::parse(tx.tenant(), &stored.blob)
        .map_err(|source| StoreError::Unreadable { column: "blob", source })?;
    Ok(Put::Replaced { id, stale: (stale != document.blob).then_some(stale) })
}

/// Deletes a document, its passages with it, and records who did. Returns where its bytes are, to be deleted
/// after the commit; `None` when there is no such document.
///
/// # Errors
/// Only those of the connection, and `database_unreadable`.
pub async fn delete(tx: &mut TenantTx, id: DocumentId, actor: &Actor) -> Result<Option<BlobKey>, StoreError> {
    let gone = sqlx::query!("delete from documents where id = $1 returning title, source, blob", id.as_uuid())
        .fetch_optional(tx.conn())
        .await?;
    let Some(gone) = gone else { return Ok(None) };
    let what = json!({"document_id": id, "title": gone.title, "source": gone.source});
    audit::record(tx, actor, Action::DocumentDeleted, &what).await?;
    let blob =
        BlobKey::parse(tx.tenant(), &gone.blob).map_err(|source| StoreError::Unreadable { column: "blob", source })?;
    Ok(Some(blob))
}
