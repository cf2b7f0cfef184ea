//! Texts to vectors.

mod hashed;
mod minilm;
mod pool;

use std::{path::PathBuf, sync::Arc};

use async_trait::async_trait;

pub use self::{
    hashed::HashedEmbedder,
    minilm::{MiniLm, MiniLmEmbedder},
    pool::PoolSize,
};

/// Turns texts into vectors whose distance says how near their meanings are.
#[async_trait]
pub trait Embedder: Send + Sync {
    /// What it is called: vectors of two embedders that are called the same may stand beside each other.
    fn name(&self) -> &'static str;

    /// How many numbers a vector has.
    fn dimensions(&self) -> usize;

    /// One vector of length 1 for each text, in the same order. Never blocks the calling task.
    ///
    /// # Errors
    /// See [`EmbedError`].
    async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, EmbedError>;
}

/// Why texts cannot be embedded.
#[derive(Debug, thiserror::Error)]
pub enum EmbedError {
    /// A file of the model cannot be read.
    #[error("the embedding model's {} cannot be read", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file of the model is not what it should be.
    #[error("the embedding model's {file} is not valid")]
    Invalid {
        /// The file's name.
        file: &'static str,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The model failed.
    #[error("the embedding model failed")]
    Model(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The threads that embed are gone: the process is shutting down.
    #[error("the embedder has stopped")]
    Stopped,
}

impl EmbedError {
    /// The stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::File { .. } => "embedding_model_missing",
            Self::Invalid { .. } => "embedding_model_invalid",
            Self::Model(_) => "embedding_failed",
            Self::Stopped => "embedding_stopped",
        }
    }
}

/// Which embedder to use, and where its model is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EmbedderChoice {
    /// all-MiniLM-L6-v2, from a folder with `config.json`, `model.safetensors` and `tokenizer.json`.
    MiniLm {
        /// The folder.
        folder: PathBuf,
        /// Its threads and queue.
        pool: PoolSize,
    },
    /// A cheap one without meaning, for load tests.
    Hashed,
}

/// Makes an embedder. Reads a model's files: call it where blocking is allowed.
///
/// # Errors
/// [`EmbedError::File`] and [`EmbedError::Invalid`].
pub fn open(choice: &EmbedderChoice) -> Result<Arc<dyn Embedder>, EmbedError> {
    match choice {
        EmbedderChoice::MiniLm { folder, pool } => Ok(Arc::new(MiniLmEmbedder::open(folder, *pool)?)),
        EmbedderChoice::Hashed => Ok(Arc::new(HashedEmbedder)),
    }
}

/// Scales a vector to length 1. The zero vector stays.
fn normalise(vector: &mut [f32]) {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|x| *x /= length);
    }
}
