//! Reading documents.

use std::ops::Range;

use sba_subjects::{
    id::{DocumentId, TenantId, UserId},
    visible::visible,
};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Document, DocumentStatus, Progress};
use crate::{Listed, Page, StoreError, TenantTx, blob::BlobKey, text::to_i32};

struct Row {
    id: Uuid,
    title: String,
    source: String,
    media_type: String,
    language: String,
    content_sha256: Vec<u8>,
    bytes: i64,
    blob: String,
    status: String,
    error_code: Option<String>,
    error_message: Option<String>,
    chunks: i32,
    passages_done: Option<i32>,
    passages_total: Option<i32>,
    created_by: Option<Uuid>,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
    indexed_at: Option<OffsetDateTime>,
}

impl Row {
    fn read(self, tenant: TenantId) -> Result<Document, StoreError> {
        let unreadable = |column| move |source| StoreError::Unreadable { column, source };
        Ok(Document {
            id: DocumentId::from_uuid(self.id),
            title: visible(&self.title).into_owned(),
            source: self.source,
            media_type: self.media_type,
            language: self.language,
            content_sha256: self.content_sha256,
            bytes: self.bytes.unsigned_abs(),
            blob: BlobKey::parse(tenant, &self.blob).map_err(unreadable("blob"))?,
            status: self.status.parse().map_err(unreadable("status"))?,
            error_code: self.error_code,
            error_message: self.error_message,
            chunks: self.chunks.unsigned_abs(),
            progress: progress(self.passages_done, self.passages_total),
            created_by: self.created_by.map(UserId::from_uuid),
            created_at: self.created_at,
            updated_at: self.updated_at,
            indexed_at: self.indexed_at,
        })
    }
}

fn progress(done: Option<i32>, total: Option<i32>) -> Option<Progress> {
    Some(Progress { done: done?.unsigned_abs(), total: total?.unsigned_abs() })
}

/// Reads a document.
///
/// # Errors
/// Only those of the connection, and `database_unreadable`.
pub async fn get(tx: &mut TenantTx, id: DocumentId) -> Result<Option<Document>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        "select id, title, source, media_type, language, content_sha256, bytes, blob, status, error_code,
                error_message, chunks, passages_done, passages_total, created_by, created_at,
                updated_at, indexed_at
         from documents where id = $1",
        id.as_uuid(),
    )
    .fetch_optional(tx.conn())
    .await?;
    row.map(|row| row.read(tx.tenant())).transpose()
}

/// Lists documents, the newest first, of one status or of all.
///
/// # Errors
/// Only those of the connection, and `database_unreadable`.
pub async fn list(
    tx: &mut TenantTx,
    status: Option<DocumentStatus>,
    page: Page,
) -> Result<Listed<Document>, StoreError> {
    let status = status.map(DocumentStatus::as_str);
    let total =
        sqlx::query_scalar!(r#"select count(*) as "n!" from documents where $1::text is null or status = $1"#, status,)
            .fetch_one(tx.conn())
            .await?;
    let rows = sqlx::query_as!(
        Row,
        "select id, title, source, media_type, language, content_sha256, bytes, blob, status, error_code,
                error_message, chunks, passages_done, passages_total, created_by, created_at,
                updated_at, indexed_at
         from documents where $1::text is null or status = $1
         order by created_at desc, id desc limit $2 offset $3",
        status,
        page.sql_limit(),
        page.sql_offset(),
    )
    .fetch_all(tx.conn())
    .await?;
    let tenant = tx.tenant();
    let items = rows.into_iter().map(|row| row.read(tenant)).collect::<Result<_, _>>()?;
    Ok(Listed::new(items, total, page))
}

/// The whole extracted text of a document; `None` before it is indexed.
///
/// # Errors
/// Only those of the connection.
pub async fn text(tx: &mut TenantTx, id: DocumentId) -> Result<Option<String>, StoreError> {
    let text =
        sqlx::query_scalar!("select text from documents where id = $1", id.as_uuid()).fetch_optional(tx.conn()).await?;
    Ok(text.flatten())
}

/// The characters `span` (offsets from 0, end excluded) of a document's text, cut where the text ends.
///
/// # Errors
/// Only those of the connection.
pub async fn excerpt(tx: &mut TenantTx, id: DocumentId, span: Range<u32>) -> Result<Option<String>, StoreError> {
    let length = to_i32(span.end.saturating_sub(span.start));
    let text = sqlx::query_scalar!(
        "select substr(text, $2::integer, $3::integer) from documents where id = $1",
        id.as_uuid(),
        to_i32(span.start).saturating_add(1),
        length,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(text.flatten())
}
