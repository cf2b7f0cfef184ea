//! Indexing without a worker.

use sba_store::{
    StoreError, TenantTx,
    chunks::NewChunk,
    documents::{self, Draft, Indexed},
};
use sba_subjects::id::DocumentId;
use uuid::Uuid;

/// The edition of a document that its content alone decides, with the title that it has.
///
/// # Errors
/// Those of the database.
pub async fn draft(
    tx: &mut TenantTx,
    document: DocumentId,
    content_sha256: [u8; 32],
    passages: usize,
) -> Result<Draft, StoreError> {
    let title = documents::get(tx, document).await?.map_or_else(String::new, |document| document.title);
    let mut edition = [0; 16];
    edition.copy_from_slice(&content_sha256[..16]);
    let passages = u32::try_from(passages).unwrap_or(u32::MAX);
    Ok(Draft { document, content_sha256, edition: Uuid::from_bytes(edition), title, passages })
}

/// Indexes a document at once.
///
/// # Errors
/// Those of the database.
pub async fn index(
    tx: &mut TenantTx,
    document: DocumentId,
    content_sha256: [u8; 32],
    text: &str,
    passages: &[NewChunk],
) -> Result<Indexed, StoreError> {
    let draft = draft(tx, document, content_sha256, passages.len()).await?;
    let Some(stored) = documents::begin(tx, &draft).await? else { return Ok(Indexed::Superseded) };
    let rest = passages.get(usize::try_from(stored).unwrap_or(usize::MAX)..).unwrap_or_default();
    documents::add(tx, &draft, stored, rest).await?;
    documents::publish(tx, &draft, text).await
}
