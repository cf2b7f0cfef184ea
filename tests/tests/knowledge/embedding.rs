//! The embedding model.

use sba::parts::Parts;
use sba_workers::ingest::embed::{Embedder, MiniLm, MiniLmEmbedder, PoolSize};

fn similarity(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

async fn model() -> MiniLmEmbedder {
    let folder = Parts::locate().unwrap().embedding_model().unwrap();
    MiniLmEmbedder::open(&folder, PoolSize { threads: 2, queue: 4 }).unwrap()
}

/// The figures are those that the model's authors publish.
#[tokio::test]
async fn similarities_are_those_of_the_model() {
    let texts =
        ["That is a happy person", "That is a happy dog", "That is a very happy person", "Today is a sunny day"];
    let vectors = model().await.embed(texts.map(str::to_owned).to_vec()).await.unwrap();
    for (vector, expected) in vectors[1..].iter().zip([0.695, 0.943, 0.257]) {
        let found = similarity(&vectors[0], vector);
        assert!((found - expected).abs() < 0.002, "{found} instead of {expected}");
    }
}

#[tokio::test]
async fn a_vector_does_not_depend_on_its_company() {
    let model = model().await;
    let mut texts: Vec<String> = (1..40).map(|n| format!("sentence {n} {}", "with more words ".repeat(n))).collect();
    texts.push(String::new());
    texts.push("word ".repeat(5_000));
    let together = model.embed(texts.clone()).await.unwrap();
    assert_eq!(together.len(), texts.len());
    for (text, vector) in texts.into_iter().zip(&together) {
        let alone = model.embed(vec![text]).await.unwrap();
        assert!(similarity(&alone[0], vector) > 0.9999);
        assert!((similarity(vector, vector) - 1.0).abs() < 1e-4);
    }
    assert!(model.embed(Vec::new()).await.unwrap().is_empty());
}

#[test]
fn only_as_much_of_a_text_is_read_as_the_model_was_trained_on() {
    let model = MiniLm::open(&Parts::locate().unwrap().embedding_model().unwrap()).unwrap();
    let tokens = model.tokenize(&["word ".repeat(5_000), "one word".to_owned()]).unwrap();
    assert_eq!(tokens.iter().map(Vec::len).collect::<Vec<_>>(), [256, 4]);
}
