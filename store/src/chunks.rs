//! Passages of documents: what a search finds.

use std::ops::Range;

use pgvector::Vector;
use sba_subjects::id::DocumentId;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    StoreError, TenantTx,
    documents::Draft,
    text::{clean, to_i32},
};

/// Numbers in an embedding.
pub const DIMENSIONS: usize = 384;

/// Passages stored with one statement.
const BATCH: usize = 256;

/// A passage as the splitter made it.
#[derive(Debug, Clone, PartialEq)]
pub struct NewChunk {
    /// Headings that it stands under, the outermost first.
    pub heading_path: Vec<String>,
    /// Its text, 1 to 65536 bytes.
    pub text: String,
    /// Where it stands: characters of the document's text, from 0, end excluded.
    pub span: Range<u32>,
    /// What it means, as [`DIMENSIONS`] numbers.
    pub embedding: Vec<f32>,
}

/// Removes what was left behind of editions that are neither this one nor the `live` one, and says how many passages of
/// this one there are: they are added in order, so these are the first.
pub(crate) async fn begin(
    tx: &mut TenantTx,
    document: DocumentId,
    edition: Uuid,
    live: Uuid,
) -> Result<u32, StoreError> {
    sqlx::query!(
        "delete from chunks where document_id = $1 and edition not in ($2, $3)",
        document.as_uuid(),
        edition,
        live,
    )
    .execute(tx.conn())
    .await?;
    let stored = sqlx::query_scalar!(
        r#"select count(*) as "stored!" from chunks where document_id = $1 and edition = $2"#,
        document.as_uuid(),
        edition,
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(u32::try_from(stored).unwrap_or(u32::MAX))
}

/// Removes all passages of a document but those of one edition.
pub(crate) async fn keep_only(
    tx: &mut TenantTx,
    document: DocumentId,
    edition: Option<Uuid>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "delete from chunks where document_id = $1 and edition is distinct from $2",
        document.as_uuid(),
        edition,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Adds passages to an edition; the first of them has the number `first`.
pub(crate) async fn add(
    tx: &mut TenantTx,
    draft: &Draft,
    language: &str,
    first: u32,
    passages: &[NewChunk],
) -> Result<(), StoreError> {
    let mut ordinal = to_i32(first);
    for batch in passages.chunks(BATCH) {
        insert(tx, draft, language, ordinal, batch).await?;
        ordinal = ordinal.saturating_add(to_i32(u32::try_from(batch.len()).unwrap_or(u32::MAX)));
    }
    Ok(())
}

/// Headings and the document's title are words of the passage too: they say what it is about.
async fn insert(
    tx: &mut TenantTx,
    draft: &Draft,
    language: &str,
    first: i32,
    batch: &[NewChunk],
) -> Result<(), StoreError> {
    let headings: Vec<Value> = batch.iter().map(|c| c.heading_path.iter().map(|h| clean(h)).collect()).collect();
    let texts: Vec<String> = batch.iter().map(|c| clean(&c.text)).collect();
    let starts: Vec<i32> = batch.iter().map(|c| to_i32(c.span.start)).collect();
    let ends: Vec<i32> = batch.iter().map(|c| to_i32(c.span.end)).collect();
    let embeddings: Vec<Vector> = batch.iter().map(|c| Vector::from(c.embedding.clone())).collect();
    sqlx::query!(
        "insert into chunks
             (tenant_id, document_id, edition, ordinal, heading_path, text, start_offset, end_offset, language,
              embedding, tsv)
         select $1, $2, $10, $4 + n::integer - 1, path.headings, body, starts_at, ends_at, $3, embedding,
                setweight(to_tsvector($3::text::regconfig, array_to_string(path.headings, ' ')), 'B')
                    || setweight(to_tsvector($3::text::regconfig, $11::text), 'C')
                    || to_tsvector($3::text::regconfig, body)
         from unnest($5::jsonb[], $6::text[], $7::integer[], $8::integer[], $9::vector[])
             with ordinality as c (headings, body, starts_at, ends_at, embedding, n),
             lateral (select array(select jsonb_array_elements_text(c.headings)) as headings) as path
         on conflict (tenant_id, document_id, edition, ordinal) do nothing",
        tx.tenant().as_uuid(),
        draft.document.as_uuid(),
        language,
        first,
        &headings,
        &texts,
        &starts,
        &ends,
        &embeddings as &[Vector],
        draft.edition,
        clean(&draft.title),
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
