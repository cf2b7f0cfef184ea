//! Vectors made of hashed words: near where words are shared, whatever they mean. For load tests.

use async_trait::async_trait;
use sha2::{Digest, Sha256};

use super::{EmbedError, Embedder, normalise};

/// As many as the real model has, so that both fit the same column.
const DIMENSIONS: usize = 384;

/// A deterministic embedder that costs microseconds.
#[derive(Debug, Clone, Copy)]
pub struct HashedEmbedder;

#[async_trait]
impl Embedder for HashedEmbedder {
    fn name(&self) -> &'static str {
        "hashed"
    }

    fn dimensions(&self) -> usize {
        DIMENSIONS
    }

    async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, EmbedError> {
        Ok(texts.iter().map(|text| embed(text)).collect())
    }
}

fn embed(text: &str) -> Vec<f32> {
    let mut vector = vec![0.0_f32; DIMENSIONS];
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let hash = Sha256::digest(word.to_lowercase());
        // Each word sets a few coordinates, so that two words seldom share all.
        for bytes in hash.chunks_exact(4).take(4) {
            let at = usize::from(u16::from_le_bytes([bytes[0], bytes[1]])) % DIMENSIONS;
            vector[at] += if bytes[2] & 1 == 0 { 1.0 } else { -1.0 };
        }
    }
    normalise(&mut vector);
    vector
}

#[cfg(test)]
mod tests {
    use super::*;

    fn similarity(a: &str, b: &str) -> f32 {
        embed(a).iter().zip(embed(b)).map(|(x, y)| x * y).sum()
    }

    #[test]
    fn shared_words_are_near() {
        assert!((similarity("The quarterly report", "the QUARTERLY report.") - 1.0).abs() < 1e-5);
        assert!(similarity("quarterly report", "annual report") > 0.3);
        assert!(similarity("quarterly report", "green tea").abs() < 0.3);
        assert!(embed("").iter().all(|x| *x == 0.0));
    }
}
