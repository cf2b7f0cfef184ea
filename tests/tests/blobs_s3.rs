//! Blobs in a bucket, on a real S3 server that checks signatures.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt as _;
use sba_store::blob::{BlobKey, BlobOptions, Blobs, S3Options};
use sba_subjects::id::TenantId;
use sba_tests::{
    installation::{document, everything, tenant, with},
    s3::{BUCKET, KEY, S3, SECRET},
};
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

const MEGABYTE: usize = 1 << 20;
const LARGEST: u64 = 32 << 20;

fn blobs(server: &S3, url: &str, secret: &str) -> Blobs {
    let s3 = S3Options {
        endpoint: Some(server.endpoint()),
        region: Some("eu-central-1".to_owned()),
        access_key_id: Some(KEY.to_owned()),
        secret_access_key: Some(secret.to_owned()),
    };
    let options = BlobOptions {
        url: url.to_owned(),
        s3,
        max_bytes: LARGEST,
        request: Duration::from_secs(10),
        deadline: Duration::from_secs(10),
    };
    Blobs::open(&options).unwrap()
}

fn url() -> String {
    format!("s3://{BUCKET}/within")
}

fn key(tenant: u128, n: u128) -> BlobKey {
    BlobKey::document(TenantId::from_uuid(Uuid::from_u128(tenant)), Uuid::from_u128(n), [7; 32])
}

#[tokio::test]
async fn what_was_stored_is_read_until_it_is_deleted() {
    let server = S3::start().await.unwrap();
    let blobs = blobs(&server, &url(), SECRET);
    blobs.ping().await.unwrap();
    blobs.put(&key(1, 1), Bytes::from_static(b"first")).await.unwrap();
    blobs.put(&key(1, 1), Bytes::from_static(b"second")).await.unwrap();
    assert_eq!(blobs.get(&key(1, 1)).await.unwrap(), "second");
    let large: Vec<u8> = (0..20_u8).flat_map(|n| vec![n; MEGABYTE]).collect();
    blobs.put(&key(1, 2), Bytes::from(large)).await.unwrap();
    let found = blobs.stream(&key(1, 2)).await.unwrap();
    let read = found.body.try_collect::<Vec<_>>().await.unwrap().concat();
    assert_eq!((read.len(), read[5 << 20], read[(20 << 20) - 1]), (20 << 20, 5, 19));
    assert!(server.bucket().join("within").is_dir(), "the prefix of the address is kept");
    for n in [1, 2] {
        blobs.delete(&key(1, n)).await.unwrap();
        blobs.delete(&key(1, n)).await.unwrap();
        assert_eq!(blobs.get(&key(1, n)).await.unwrap_err().code(), "blob_not_found");
    }
}

#[tokio::test]
async fn a_sweep_sees_one_tenants_old_blobs() {
    let server = S3::start().await.unwrap();
    let blobs = blobs(&server, &url(), SECRET);
    for (tenant, n) in [(1, 1), (1, 2), (2, 3)] {
        blobs.put(&key(tenant, n), Bytes::from_static(b"old")).await.unwrap();
    }
    let later = OffsetDateTime::now_utc() + Duration::from_secs(60);
    let earlier = OffsetDateTime::now_utc() - Duration::from_secs(60);
    let one = key(1, 1).tenant();
    let mut old: Vec<BlobKey> = blobs.older(one, later).try_collect().await.unwrap();
    old.sort_by_key(ToString::to_string);
    assert_eq!(old, [key(1, 1), key(1, 2)]);
    assert_eq!(blobs.older(one, earlier).try_collect::<Vec<_>>().await.unwrap(), []);
    assert!(!blobs.delete_older(&key(1, 1), earlier).await.unwrap());
    assert!(blobs.delete_older(&key(1, 1), later).await.unwrap());
    assert_eq!(blobs.get(&key(1, 1)).await.unwrap_err().code(), "blob_not_found");
    assert_eq!(blobs.get(&key(2, 3)).await.unwrap(), "old");
}

#[tokio::test]
async fn what_keeps_a_bucket_from_being_used_has_its_code() {
    let server = S3::start().await.unwrap();
    let refused = blobs(&server, &url(), "not the secret");
    assert_eq!(refused.ping().await.unwrap_err().code(), "blob_store_denied");
    assert_eq!(refused.put(&key(1, 1), Bytes::new()).await.unwrap_err().code(), "blob_store_denied");
    let endpoint = server.endpoint();
    server.stop().await;
    let (id, secret) = (Some(KEY.to_owned()), Some(SECRET.to_owned()));
    let s3 = S3Options { endpoint: Some(endpoint), region: None, access_key_id: id, secret_access_key: secret };
    let options = BlobOptions {
        url: url(),
        s3,
        max_bytes: 1,
        request: Duration::from_millis(500),
        deadline: Duration::from_millis(500),
    };
    let error = Blobs::open(&options).unwrap().ping().await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
}

#[tokio::test]
async fn the_main_job_is_done_on_a_bucket() {
    let server = S3::start().await.unwrap();
    let overrides = json!({
        "model": {"scripted": {"text": "Invoices are paid within thirty days."}},
        "blobs": {
            "url": url(), "endpoint": server.endpoint(), "allow_http": true,
            "access_key_id": KEY, "secret_access_key": SECRET,
        },
    });
    let stack = with(overrides).await.unwrap();
    let client = tenant(&stack, "Acme").await.unwrap();
    document(&client, "terms.md", "# Terms\n\nInvoices are due within thirty days of receipt.").await.unwrap();
    let run = client.start_run("When are invoices due?", None).await.unwrap();
    let events = everything(&client, run).await.unwrap();
    let artifact = events.iter().find(|event| event.r#type == "artifact").unwrap();
    let report = client.text(artifact.payload["url"].as_str().unwrap()).await.unwrap();
    assert!(report.contains("Invoices are due within thirty days of receipt"), "{report}");
}
