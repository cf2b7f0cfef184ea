//! What the indexing of a document stores.
//!
//! Passages of a new edition are added one batch after the other, each in a transaction of its own, while those of the old
//! edition are found. The last transaction puts the new edition in the place of the old: nobody ever finds a part of one.
//! Whoever indexes a document again goes on behind what is stored.

use sba_subjects::{id::DocumentId, run::Failure};
use uuid::Uuid;

use crate::{
    StoreError, TenantTx,
    chunks::{self, NewChunk},
    text::{clean, to_i32},
};

/// Longest title, in characters.
pub const MAX_TITLE: usize = 500;

/// An edition of a document on its way into the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The document.
    pub document: DocumentId,
    /// SHA-256 of the content that it is made from: once the document has other content, nothing is stored.
    pub content_sha256: [u8; 32],
    /// Names the edition: equal for drafts whose passages are the same, different for all others.
    pub edition: Uuid,
    /// The title that the document gets, and that its passages are found by; at most [`MAX_TITLE`] characters.
    pub title: String,
    /// How many passages it will have.
    pub passages: u32,
}

/// Whether what was worked out is of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Indexed {
    /// It was stored.
    Stored,
    /// The document is gone or has other content by now; nothing was changed.
    Superseded,
    /// Passages of the edition are missing; nothing was changed.
    Incomplete,
}

/// Begins an edition, or goes on with it, and says how many of its passages are stored already, from the first on. What was
/// left behind of editions that nobody goes on with is removed. `None` when the document is gone, has other content by
/// now, or is indexed.
///
/// # Errors
/// Only those of the connection.
pub async fn begin(tx: &mut TenantTx, draft: &Draft) -> Result<Option<u32>, StoreError> {
    let (id, content) = (draft.document.as_uuid(), draft.content_sha256.as_slice());
    let found = sqlx::query_scalar!(
        "select edition from documents where id = $1 and content_sha256 = $2 and status <> 'indexed' for update",
        id,
        content,
    )
    .fetch_optional(tx.conn())
    .await?;
    let Some(live) = found else { return Ok(None) };
    let stored = chunks::begin(tx, draft.document, draft.edition, live).await?;
    sqlx::query!(
        "update documents set passages_done = $2, passages_total = $3, updated_at = now() where id = $1",
        id,
        to_i32(stored),
        to_i32(draft.passages),
    )
    .execute(tx.conn())
    .await?;
    Ok(Some(stored))
}

/// Adds passages to an edition that was begun; the first of them is number `first`, counted from 0. Those that are stored
/// already stay as they are. A document that was handed in anew since, be it with the same content, has none begun.
///
/// # Errors
/// `invalid_value` when a passage is empty or too long or an embedding has not 384 finite numbers.
pub async fn add(tx: &mut TenantTx, draft: &Draft, first: u32, passages: &[NewChunk]) -> Result<Indexed, StoreError> {
    let behind = first.saturating_add(u32::try_from(passages.len()).unwrap_or(u32::MAX));
    let language = sqlx::query_scalar!(
        "update documents set passages_done = greatest(passages_done, $3), updated_at = now()
         where id = $1 and content_sha256 = $2 and status <> 'indexed' and passages_total = $4 returning language",
        draft.document.as_uuid(),
        draft.content_sha256.as_slice(),
        to_i32(behind),
        to_i32(draft.passages),
    )
    .fetch_optional(tx.conn())
    .await?;
    let Some(language) = language else { return Ok(Indexed::Superseded) };
    chunks::add(tx, draft, &language, first, passages).await?;
    Ok(Indexed::Stored)
}

/// Puts a whole edition in the place of the old one: text, title and passages.
///
/// # Errors
/// Only those of the connection.
pub async fn publish(tx: &mut TenantTx, draft: &Draft, text: &str) -> Result<Indexed, StoreError> {
    let done = sqlx::query!(
        "update documents
         set edition = $3, title = $4, text = $5, chunks = $6::integer, status = 'indexed', error_code = null,
             error_message = null, passages_done = null, passages_total = null, indexed_at = now(), updated_at = now()
         where id = $1 and content_sha256 = $2
           and (select count(*) from chunks where document_id = $1 and chunks.edition = $3) = $6::integer",
        draft.document.as_uuid(),
        draft.content_sha256.as_slice(),
        draft.edition,
        clean(&draft.title),
        clean(text),
        to_i32(draft.passages),
    )
    .execute(tx.conn())
    .await?;
    if done.rows_affected() > 0 {
        chunks::keep_only(tx, draft.document, Some(draft.edition)).await?;
        return Ok(Indexed::Stored);
    }
    let current = sqlx::query_scalar!(
        r#"select exists (select from documents where id = $1 and content_sha256 = $2) as "current!""#,
        draft.document.as_uuid(),
        draft.content_sha256.as_slice(),
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(if current { Indexed::Incomplete } else { Indexed::Superseded })
}

/// Records that the content with this hash cannot be indexed. Nothing of the document is found any more.
///
/// # Errors
/// Only those of the connection.
pub async fn fail(
    tx: &mut TenantTx,
    id: DocumentId,
    content_sha256: &[u8; 32],
    why: &Failure,
) -> Result<Indexed, StoreError> {
    let done = sqlx::query!(
        "update documents
         set edition = default, text = null, chunks = 0, status = 'failed', error_code = $3, error_message = $4,
             passages_done = null, passages_total = null, updated_at = now()
         where id = $1 and content_sha256 = $2",
        id.as_uuid(),
        content_sha256.as_slice(),
        clean(&why.code),
        clean(&why.message),
    )
    .execute(tx.conn())
    .await?;
    if done.rows_affected() == 0 {
        return Ok(Indexed::Superseded);
    }
    chunks::keep_only(tx, id, None).await?;
    Ok(Indexed::Stored)
}
