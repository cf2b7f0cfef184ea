//! Hybrid search: full text and vectors, fused by reciprocal rank.

use std::ops::Range;

use pgvector::Vector;
use sba_subjects::{id::DocumentId, visible::visible};

use crate::{StoreError, TenantTx, text::clean};

/// Most passages that a search returns.
pub const MAX_LIMIT: u32 = 50;

/// Passages up to which the vectors of a library are compared one by one. Measured on two cores with 384
/// dimensions: 10,000 take 28 ms either way; 50,000 take 210 ms one by one and 2 ms by the index; 2,000 among
/// those of other tenants take 2 ms one by one and 180 ms by the index.
pub const EXACT_UP_TO: u32 = 20_000;

/// Candidates that each of the two searches gives to the fusion.
const CANDIDATES: i64 = 60;

/// Characters of a question that are looked at: enough for any question, too few to keep the parser busy.
const MAX_QUESTION: usize = 2000;

/// What is looked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// The question, in anybody's words. The syntax of web search is understood, nothing is an error.
    pub text: String,
    /// The question's embedding.
    pub embedding: Vec<f32>,
    /// How many passages are wanted, 1 to [`MAX_LIMIT`].
    pub limit: u32,
    /// Only passages of these documents; all when empty.
    pub documents: Vec<DocumentId>,
    /// Passages of the tenant up to which vectors are compared one by one, which misses nothing.
    pub exact_up_to: u32,
}

impl Query {
    /// A question over all documents.
    #[must_use]
    pub fn new(text: impl Into<String>, embedding: Vec<f32>, limit: u32) -> Self {
        Self { text: text.into(), embedding, limit, documents: Vec::new(), exact_up_to: EXACT_UP_TO }
    }
}

/// A passage that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The document it stands in.
    pub document_id: DocumentId,
    /// The document's title.
    pub title: String,
    /// Where the document came from.
    pub source: String,
    /// Its number within the document, from 0.
    pub ordinal: u32,
    /// Headings that it stands under, the outermost first.
    pub heading_path: Vec<String>,
    /// Its text.
    pub text: String,
    /// Where it stands: characters of the document's text, from 0, end excluded.
    pub span: Range<u32>,
    /// Fused score: the larger, the better. At most 2/61; only the order means something.
    pub score: f64,
    /// Cosine similarity to the question, -1 to 1.
    pub similarity: f64,
    /// Rank among the matches of words, from 1; none when no word matches.
    pub text_rank: Option<u32>,
    /// Rank among the nearest in meaning, from 1; none when it is not near.
    pub vector_rank: Option<u32>,
}

/// Finds passages, the best first.
///
/// Words: a passage that matches the whole question comes before one that shares only some of its words, so
/// a long question finds something too. Meaning: the nearest by cosine. Each passage then scores
/// 1 / (60 + rank) in either order.
///
/// # Errors
/// `invalid_value` when the embedding has not 384 finite numbers, else only those of the connection.
pub async fn search(tx: &mut TenantTx, query: &Query) -> Result<Vec<Hit>, StoreError> {
    let question: String = clean(&query.text).chars().take(MAX_QUESTION).collect();
    let documents: Vec<_> = query.documents.iter().map(DocumentId::as_uuid).collect();
    let rows = sqlx::query_file!(
        "src/search.sql",
        question,
        Vector::from(query.embedding.clone()) as Vector,
        &documents,
        CANDIDATES,
        i64::from(query.limit.clamp(1, MAX_LIMIT)),
        i64::from(query.exact_up_to),
    )
    .fetch_all(tx.conn())
    .await?;
    let hits = rows.into_iter().map(|row| Hit {
        document_id: DocumentId::from_uuid(row.document_id),
        title: visible(&row.title).into_owned(),
        source: row.source,
        ordinal: row.ordinal.unsigned_abs(),
        heading_path: row.heading_path.iter().map(|heading| visible(heading).into_owned()).collect(),
        text: row.text,
        span: row.start_offset.unsigned_abs()..row.end_offset.unsigned_abs(),
        score: row.score,
        similarity: row.similarity,
        text_rank: row.text_rank.and_then(|r| u32::try_from(r).ok()),
        vector_rank: row.vector_rank.and_then(|r| u32::try_from(r).ok()),
    });
    Ok(hits.collect())
}
