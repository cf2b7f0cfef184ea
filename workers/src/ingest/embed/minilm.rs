//! all-MiniLM-L6-v2 (a BERT of six layers), computed in process.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertModel, Config};
use futures::{StreamExt, TryStreamExt, stream};
use tokenizers::{Tokenizer, TruncationParams};

use super::{
    EmbedError, Embedder, normalise,
    pool::{Pool, PoolSize},
};

/// The most tokens of a text that the model reads; it was trained on no more.
const MAX_TOKENS: usize = 256;

/// The most tokens in one computation, padding included. Larger batches are no faster, and others wait for them.
const BATCH_TOKENS: usize = 512;

/// The most texts tokenised at once: enough to sort by length, few enough to stay responsive.
const SLICE: usize = 256;

/// The bare model: blocks while it computes.
pub struct MiniLm {
    model: BertModel,
    tokenizer: Tokenizer,
    dimensions: usize,
}

impl MiniLm {
    /// Reads `config.json`, `model.safetensors` and `tokenizer.json` from a folder.
    ///
    /// # Errors
    /// [`EmbedError::File`] and [`EmbedError::Invalid`].
    pub fn open(folder: &Path) -> Result<Self, EmbedError> {
        let config: Config = serde_json::from_slice(&read(folder, "config.json")?).map_err(invalid("config.json"))?;
        let mut tokenizer =
            Tokenizer::from_bytes(read(folder, "tokenizer.json")?).map_err(invalid("tokenizer.json"))?;
        let max_length = MAX_TOKENS.min(config.max_position_embeddings);
        tokenizer
            .with_padding(None)
            .with_truncation(Some(TruncationParams { max_length, ..TruncationParams::default() }))
            .map_err(invalid("tokenizer.json"))?;
        let weights = read(folder, "model.safetensors")?;
        let weights = VarBuilder::from_buffered_safetensors(weights, DType::F32, &Device::Cpu)
            .map_err(invalid("model.safetensors"))?;
        let model = BertModel::load(weights, &config).map_err(invalid("model.safetensors"))?;
        Ok(Self { model, tokenizer, dimensions: config.hidden_size })
    }

    /// How many numbers a vector has: 384.
    #[must_use]
    pub const fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// The tokens of each text, cut to what the model reads.
    ///
    /// # Errors
    /// [`EmbedError::Model`].
    pub fn tokenize(&self, texts: &[String]) -> Result<Vec<Vec<u32>>, EmbedError> {
        let encode = |text: &String| self.tokenizer.encode_fast(text.as_str(), true).map_err(EmbedError::Model);
        texts.iter().map(|text| Ok(encode(text)?.get_ids().to_vec())).collect()
    }

    /// One vector of length 1 for each tokenised text. All are computed at once, padded to the longest.
    ///
    /// # Errors
    /// [`EmbedError::Model`].
    pub fn embed_batch(&self, batch: &[Vec<u32>]) -> Result<Vec<Vec<f32>>, EmbedError> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        self.forward(batch).map_err(|error| EmbedError::Model(Box::new(error)))
    }

    fn forward(&self, batch: &[Vec<u32>]) -> candle_core::Result<Vec<Vec<f32>>> {
        let longest = batch.iter().map(Vec::len).max().unwrap_or_default().max(1);
        let mut ids = Vec::with_capacity(batch.len() * longest);
        let mut mask = Vec::with_capacity(batch.len() * longest);
        for tokens in batch {
            let padding = longest - tokens.len();
            ids.extend(tokens.iter().copied().chain(std::iter::repeat_n(0, padding)));
            mask.extend(std::iter::repeat_n(1_u32, tokens.len()).chain(std::iter::repeat_n(0, padding)));
        }
        let shape = (batch.len(), longest);
        let ids = Tensor::from_vec(ids, shape, &Device::Cpu)?;
        let types = ids.zeros_like()?;
        let mask = Tensor::from_vec(mask, shape, &Device::Cpu)?;
        let hidden = self.model.forward(&ids, &types, Some(&mask))?.flatten_all()?.to_vec1::<f32>()?;
        let rows = hidden.chunks_exact(longest * self.dimensions);
        Ok(rows.zip(batch).map(|(row, tokens)| mean(row, tokens.len(), self.dimensions)).collect())
    }
}

/// The mean over a text's tokens, padding left out, scaled to length 1.
fn mean(row: &[f32], tokens: usize, dimensions: usize) -> Vec<f32> {
    let mut vector = vec![0.0; dimensions];
    for token in row.chunks_exact(dimensions).take(tokens) {
        vector.iter_mut().zip(token).for_each(|(sum, x)| *sum += x);
    }
    normalise(&mut vector);
    vector
}

fn read(folder: &Path, file: &str) -> Result<Vec<u8>, EmbedError> {
    let path: PathBuf = folder.join(file);
    fs::read(&path).map_err(|source| EmbedError::File { path, source })
}

fn invalid<E: Into<Box<dyn std::error::Error + Send + Sync>>>(file: &'static str) -> impl Fn(E) -> EmbedError {
    move |error| EmbedError::Invalid { file, source: error.into() }
}

/// [`MiniLm`] on threads of its own.
pub struct MiniLmEmbedder {
    dimensions: usize,
    tokenize: Pool<Vec<String>, Vec<Vec<u32>>>,
    compute: Pool<Vec<Vec<u32>>, Vec<Vec<f32>>>,
    /// For a single text: somebody waits for the answer to a question, and must not wait for documents too.
    express: Pool<Vec<Vec<u32>>, Vec<Vec<f32>>>,
    width: usize,
}

impl MiniLmEmbedder {
    /// Reads the model from a folder and starts its threads.
    ///
    /// # Errors
    /// [`EmbedError::File`], [`EmbedError::Invalid`], and [`EmbedError::Model`] when no thread can be started.
    pub fn open(folder: &Path, size: PoolSize) -> Result<Self, EmbedError> {
        let model = Arc::new(MiniLm::open(folder)?);
        let dimensions = model.dimensions();
        let tokenizer = Arc::clone(&model);
        let no_thread = |error| EmbedError::Model(Box::new(error));
        let one = PoolSize { threads: 1, ..size };
        let tokenize: Arc<super::pool::Compute<_, _>> = Arc::new(move |texts: Vec<String>| tokenizer.tokenize(&texts));
        let compute: Arc<super::pool::Compute<_, _>> = Arc::new(move |batch: Vec<Vec<u32>>| model.embed_batch(&batch));
        Ok(Self {
            dimensions,
            tokenize: Pool::start(one, tokenize).map_err(no_thread)?,
            compute: Pool::start(size, Arc::clone(&compute)).map_err(no_thread)?,
            express: Pool::start(one, compute).map_err(no_thread)?,
            width: size.threads.max(1) * 2,
        })
    }

    /// Embeds some texts: those of similar length together, so that little is padded.
    async fn embed_slice(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, EmbedError> {
        let mut tokens = self.tokenize.run(texts).await?;
        let count = tokens.len();
        if count == 1 {
            return self.express.run(tokens).await;
        }
        let batches = batches(tokens.iter().map(Vec::len).collect());
        let work: Vec<(Vec<usize>, Vec<Vec<u32>>)> = batches
            .into_iter()
            .map(|batch| {
                let taken = batch.iter().map(|index| std::mem::take(&mut tokens[*index])).collect();
                (batch, taken)
            })
            .collect();
        let done: Vec<(Vec<usize>, Vec<Vec<f32>>)> = stream::iter(work)
            .map(|(batch, tokens)| async move { Ok::<_, EmbedError>((batch, self.compute.run(tokens).await?)) })
            .buffer_unordered(self.width)
            .try_collect()
            .await?;
        let mut vectors = vec![Vec::new(); count];
        for (batch, computed) in done {
            for (index, vector) in batch.into_iter().zip(computed) {
                vectors[index] = vector;
            }
        }
        Ok(vectors)
    }
}

#[async_trait]
impl Embedder for MiniLmEmbedder {
    fn name(&self) -> &'static str {
        "all-MiniLM-L6-v2"
    }

    fn dimensions(&self) -> usize {
        self.dimensions
    }

    async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, EmbedError> {
        let mut vectors = Vec::with_capacity(texts.len());
        let mut texts = texts.into_iter();
        loop {
            let slice: Vec<String> = texts.by_ref().take(SLICE).collect();
            if slice.is_empty() {
                return Ok(vectors);
            }
            vectors.extend(self.embed_slice(slice).await?);
        }
    }
}

/// Groups texts, given by their number of tokens, into batches of at most [`BATCH_TOKENS`] padded tokens.
fn batches(lengths: Vec<usize>) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    order.sort_unstable_by_key(|index| std::cmp::Reverse(lengths[*index]));
    let mut batches: Vec<Vec<usize>> = Vec::new();
    let mut longest = 0;
    for index in order {
        match batches.last_mut() {
            Some(batch) if (batch.len() + 1) * longest <= BATCH_TOKENS => batch.push(index),
            _ => {
                longest = lengths[index];
                batches.push(vec![index]);
            }
        }
    }
    batches
}

#[cfg(test)]
mod tests;
