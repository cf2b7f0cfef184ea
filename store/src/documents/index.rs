//! What the indexing of a document stores.

use sba_subjects::{id::DocumentId, run::Failure};

use crate::{
    StoreError, TenantTx,
    chunks::{self, NewChunk},
    text::{clean, to_i32},
};

/// Longest title, in characters.
const MAX_TITLE: usize = 500;

/// Whether what was worked out is of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Indexed {
    /// It was stored.
    Stored,
    /// The document is gone or has other content by now; nothing was changed.
    Superseded,
}

/// Gives a document the title that its content with this hash has. Its passages are found by it once they are stored
/// again. A title that is too long is cut, an empty one changes nothing.
///
/// # Errors
/// Only those of the connection.
pub async fn retitle(
    tx: &mut TenantTx,
    id: DocumentId,
    content_sha256: &[u8; 32],
    title: &str,
) -> Result<(), StoreError> {
    let title: String = title.trim().chars().take(MAX_TITLE).collect();
    if title.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "update documents set title = $3 where id = $1 and content_sha256 = $2",
        id.as_uuid(),
        content_sha256.as_slice(),
        clean(&title),
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Replaces a document's text and passages by those of the content with this hash.
///
/// # Errors
/// `invalid_value` when a passage is empty or too long or an embedding has not 384 finite numbers.
pub async fn store_index(
    tx: &mut TenantTx,
    id: DocumentId,
    content_sha256: &[u8; 32],
    text: &str,
    passages: &[NewChunk],
) -> Result<Indexed, StoreError> {
    let count = u32::try_from(passages.len()).unwrap_or(u32::MAX);
    let language = sqlx::query_scalar!(
        "update documents
         set text = $3, chunks = $4, status = 'indexed', error_code = null, error_message = null,
             indexed_at = now(), updated_at = now()
         where id = $1 and content_sha256 = $2
         returning language",
        id.as_uuid(),
        content_sha256.as_slice(),
        clean(text),
        to_i32(count),
    )
    .fetch_optional(tx.conn())
    .await?;
    let Some(language) = language else { return Ok(Indexed::Superseded) };
    chunks::replace(tx, id, &language, passages).await?;
    Ok(Indexed::Stored)
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
         set text = null, chunks = 0, status = 'failed', error_code = $3, error_message = $4, updated_at = now()
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
    chunks::replace(tx, id, "simple", &[]).await?;
    Ok(Indexed::Stored)
}
