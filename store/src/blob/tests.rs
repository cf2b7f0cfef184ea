#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use sba_subjects::id::TenantId;
use tempfile::TempDir;
use uuid::Uuid;

use super::*;

fn blobs(folder: &TempDir, max_bytes: u64) -> Blobs {
    let options = BlobOptions {
        url: format!("file://{}/blobs", folder.path().display()),
        s3: S3Options::default(),
        max_bytes,
        request: Duration::from_secs(10),
        deadline: Duration::from_secs(10),
    };
    Blobs::open(&options).unwrap()
}

fn key(n: u128) -> BlobKey {
    let tenant = TenantId::from_uuid(Uuid::from_u128(1));
    BlobKey::document(tenant, Uuid::from_u128(n), [0; 32])
}

async fn read(blobs: &Blobs, key: &BlobKey) -> Result<Vec<u8>, BlobError> {
    let found = blobs.stream(key).await?;
    let pieces: Vec<Bytes> = found.body.try_collect().await?;
    let bytes = pieces.concat();
    assert_eq!(found.bytes, bytes.len() as u64);
    Ok(bytes)
}

#[tokio::test]
async fn what_was_stored_is_read_until_it_is_deleted() {
    let folder = TempDir::new().unwrap();
    let blobs = blobs(&folder, 1 << 30);
    blobs.ping().await.unwrap();
    blobs.put(&key(1), Bytes::from_static(b"first")).await.unwrap();
    blobs.put(&key(1), Bytes::from_static(b"second")).await.unwrap();
    assert_eq!(blobs.get(&key(1)).await.unwrap(), "second");
    let large: Vec<u8> = (0..20_u8).flat_map(|n| vec![n; 1 << 20]).collect();
    blobs.put(&key(2), Bytes::from(large)).await.unwrap();
    let read_back = read(&blobs, &key(2)).await.unwrap();
    assert_eq!((read_back.len(), read_back[5 << 20], read_back[(20 << 20) - 1]), (20 << 20, 5, 19));
    for n in [1, 2] {
        blobs.delete(&key(n)).await.unwrap();
        blobs.delete(&key(n)).await.unwrap();
        assert_eq!(blobs.get(&key(n)).await.unwrap_err().code(), "blob_not_found");
        assert_eq!(read(&blobs, &key(n)).await.unwrap_err().code(), "blob_not_found");
    }
}

#[tokio::test]
async fn nothing_is_kept_of_what_is_too_large() {
    let folder = TempDir::new().unwrap();
    let blobs = blobs(&folder, 10 << 20);
    let whole = Bytes::from(vec![0; (10 << 20) + 1]);
    assert_eq!(blobs.put(&key(1), whole).await.unwrap_err().code(), "blob_too_large");
    assert_eq!(blobs.get(&key(1)).await.unwrap_err().code(), "blob_not_found");
}

#[test]
fn a_store_that_cannot_be_used_is_refused_at_once() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let inside_a_file = format!("file://{}/file/blobs", folder.path().display());
    for url in ["", "relative", "file://relative", "ftp://host/x", inside_a_file.as_str()] {
        let s3 = S3Options { secret_access_key: Some("hunter2".to_owned()), ..S3Options::default() };
        let options = BlobOptions {
            url: url.to_owned(),
            s3,
            max_bytes: 1,
            request: Duration::from_secs(1),
            deadline: Duration::from_secs(1),
        };
        assert_eq!(Blobs::open(&options).unwrap_err().code(), "blob_store_invalid", "{url}");
        assert!(!format!("{options:?}").contains("hunter2"));
    }
}
