//! Makes what a worker works with, as it is configured.

use std::sync::Arc;

use sba_service::config::{Config, DatabaseConfig, Embedder as Kind, KnowledgeConfig, Secret};
use sba_store::{
    DatabaseOptions, Store,
    blob::{BlobOptions, Blobs, S3Options},
};

use super::WorkerError;
use crate::{
    ingest::{
        embed::{self, EmbedError, Embedder, EmbedderChoice, PoolSize},
        parse::{ParseLimits, Parser},
        split::SplitLimits,
    },
    job::Ingest,
    tool::{
        Registry,
        knowledge::KnowledgeTool,
        registry::InvalidSchema,
        render::RenderTool,
        tasks::{CompleteTool, CreateTool, ListTool, UpdateTool},
    },
};

/// Blocks that a document may have for each passage: paragraphs and items are much smaller than passages.
const BLOCKS_PER_CHUNK: usize = 20;

pub(super) async fn embedder(config: &KnowledgeConfig) -> Result<Arc<dyn Embedder>, WorkerError> {
    let choice = match config.embedder {
        Kind::Hashed => EmbedderChoice::Hashed,
        Kind::Minilm => EmbedderChoice::MiniLm {
            folder: config.embedding_model.clone().ok_or(WorkerError::Missing("knowledge.embedding_model"))?,
            pool: pool(config),
        },
    };
    let opened = tokio::task::spawn_blocking(move || embed::open(&choice)).await;
    Ok(opened.map_err(|error| EmbedError::Model(Box::new(error)))??)
}

fn pool(config: &KnowledgeConfig) -> PoolSize {
    let threads = config.embed_threads.unwrap_or_else(|| PoolSize::default().threads);
    PoolSize { threads, queue: config.embed_queue }
}

pub(super) async fn store(config: &DatabaseConfig) -> Result<Store, WorkerError> {
    Ok(Store::connect(&options(config, config.max_connections)?).await?)
}

/// For the sweeper, which must not wait for jobs, nor they for it: one connection leads, one sweeps.
pub(super) fn sweeper_store(config: &DatabaseConfig) -> Result<Store, WorkerError> {
    Ok(Store::connect_lazy(&options(config, 2)?)?)
}

fn options(config: &DatabaseConfig, max_connections: u32) -> Result<DatabaseOptions, WorkerError> {
    let url = config.url.as_ref().ok_or(WorkerError::Missing("database.url"))?;
    Ok(DatabaseOptions {
        max_connections,
        acquire_timeout: config.acquire_timeout_ms.into(),
        startup_timeout: config.startup_timeout_ms.into(),
        statement_timeout: config.statement_timeout_ms.into(),
        idle_in_transaction_timeout: config.idle_in_transaction_timeout_ms.into(),
        ..DatabaseOptions::new(url.reveal())
    })
}

pub(super) fn blobs(config: &Config) -> Result<Blobs, WorkerError> {
    let reveal = |secret: &Option<Secret>| secret.as_ref().map(|secret| secret.reveal().to_owned());
    let blobs = &config.blobs;
    let options = BlobOptions {
        url: blobs.url.clone(),
        s3: S3Options {
            endpoint: blobs.endpoint.clone(),
            region: blobs.region.clone(),
            access_key_id: reveal(&blobs.access_key_id),
            secret_access_key: reveal(&blobs.secret_access_key),
        },
        max_bytes: config.knowledge.max_document_bytes,
        request: blobs.request_timeout_ms.into(),
        deadline: blobs.retry_timeout_ms.into(),
    };
    Ok(Blobs::open(&options)?)
}

pub(super) fn tools(
    config: &KnowledgeConfig,
    store: &Store,
    blobs: &Blobs,
    embedder: &Arc<dyn Embedder>,
) -> Result<Registry, InvalidSchema> {
    let mut tools = Registry::default();
    let knowledge = KnowledgeTool::new(store.clone(), Arc::clone(embedder), config.top_k, config.max_top_k);
    tools.register(Arc::new(knowledge))?;
    tools.register(Arc::new(RenderTool::new(store.clone(), blobs.clone())))?;
    tools.register(Arc::new(CreateTool::new(store.clone())))?;
    tools.register(Arc::new(UpdateTool::new(store.clone())))?;
    tools.register(Arc::new(CompleteTool::new(store.clone())))?;
    tools.register(Arc::new(ListTool::new(store.clone())))?;
    Ok(tools)
}

pub(super) fn ingest(config: &Config, embedder: Arc<dyn Embedder>) -> Ingest {
    let knowledge = &config.knowledge;
    let limits = ParseLimits {
        max_bytes: usize::try_from(knowledge.max_document_bytes).unwrap_or(usize::MAX),
        max_text_chars: knowledge.max_text_chars,
        max_blocks: knowledge.max_chunks.saturating_mul(BLOCKS_PER_CHUNK),
        deadline: knowledge.parse_timeout_ms.into(),
        ..ParseLimits::default()
    };
    Ingest {
        parser: Parser::new(config.worker.concurrency.index.max(1) * 2, limits),
        split: split_limits(knowledge),
        max_passages: knowledge.max_chunks,
        batch: knowledge.index_batch,
        embedder,
    }
}

/// A block a little larger than the target is better kept whole than cut, as long as the model reads all of it.
fn split_limits(config: &KnowledgeConfig) -> SplitLimits {
    let target = config.chunk_chars;
    let max = (target + target / 3).min(SplitLimits::default().max).max(target);
    SplitLimits { target, max, overlap: config.chunk_overlap_chars }
}
