//! Documents to measure with.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};

use crate::client::{Client, Document};

/// Words of which sentences are made: plain ones, as documents have them.
const WORDS: &str = "the a of to and in for with by from at on supplier invoice payment contract delivery term notice \
    warehouse customer order price quantity report month quarter year manager department policy review approval budget \
    cost account tax credit balance shipment carrier insurance damage claim return refund warranty service support \
    agreement schedule deadline penalty discount audit record archive signature amendment clause party liability \
    receives pays confirms rejects delivers inspects records approves cancels extends renews covers includes requires";

/// Paragraphs under one heading.
const PARAGRAPHS: usize = 4;

/// Hands a text in under a source name and waits until it can be found. Answers the document.
pub(super) async fn hand_in(client: &Client, source: &str, text: &str, deadline: Duration) -> anyhow::Result<Document> {
    let folder = tempfile::tempdir().context("no folder for a document")?;
    let path = folder.path().join("document.md");
    tokio::fs::write(&path, text).await.context("a document could not be written")?;
    let document = client.upload(&path, source).await?;
    let document = client.indexed(document.document_id, deadline).await?;
    let problem = document.error.as_ref().map_or("", |problem| problem.message.as_str());
    ensure!(document.status == "indexed", "{source} could not be indexed: {problem}");
    Ok(document)
}

/// A Markdown document of about `characters` characters; the same for the same seed.
pub(super) fn document(seed: u64, characters: usize) -> String {
    let words: Vec<&str> = WORDS.split_whitespace().collect();
    let mut random = StdRng::seed_from_u64(seed);
    let mut text = format!("# Document {seed}\n");
    let mut paragraphs = 0;
    while text.len() < characters {
        if paragraphs % PARAGRAPHS == 0 {
            text.push_str(&format!("\n## Section {}\n", paragraphs / PARAGRAPHS + 1));
        }
        paragraphs += 1;
        text.push('\n');
        for _ in 0..random.random_range(3..7) {
            sentence(&mut text, &words, &mut random);
        }
        text.push('\n');
    }
    text
}

fn sentence(text: &mut String, words: &[&str], random: &mut StdRng) {
    for number in 0..random.random_range(8..20) {
        let word = words.choose(random).copied().unwrap_or_default();
        text.push_str(if number == 0 { "The" } else { " " });
        text.push_str(if number == 0 { " " } else { "" });
        text.push_str(word);
    }
    text.push_str(". ");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_as_long_as_asked_for_and_the_same_for_the_same_seed() {
        let text = document(7, 5_000);
        assert!((5_000..6_500).contains(&text.len()), "{}", text.len());
        assert_eq!(text, document(7, 5_000));
        assert_ne!(text, document(8, 5_000));
    }
}
