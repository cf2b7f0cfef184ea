#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;

#[test]
fn texts_are_batched_by_length() {
    assert_eq!(batches(vec![3, 256, 5, 200, 256, 256, 256, 4]), [vec![1, 4], vec![5, 6], vec![3, 2], vec![7, 0]]);
    assert!(batches(Vec::new()).is_empty());
    assert_eq!(batches(vec![5000]), [vec![0]]);
}

#[test]
fn a_missing_or_broken_model_is_named() {
    let missing = MiniLm::open(Path::new("/nonexistent")).err().unwrap();
    assert_eq!(missing.code(), "embedding_model_missing");
    assert!(missing.to_string().contains("config.json"));
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("config.json"), "{}").unwrap();
    assert_eq!(MiniLm::open(folder.path()).err().unwrap().code(), "embedding_model_invalid");
}
