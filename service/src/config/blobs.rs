//! `[blobs]`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Millis, Secret, findings::Findings};

/// Where documents and artifacts are kept: a folder, or a bucket of any S3-compatible store.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BlobsConfig {
    /// `file:///folder`, which every process must see, or `s3://bucket/prefix`.
    pub url: String,
    /// Address of an S3-compatible store; unset: Amazon's own for the region.
    pub endpoint: Option<String>,
    /// Region of the bucket.
    pub region: Option<String>,
    /// Access key id for the bucket. A secret.
    pub access_key_id: Option<Secret>,
    /// Secret access key for the bucket. A secret.
    pub secret_access_key: Option<Secret>,
    /// Whether an endpoint without TLS is acceptable.
    pub allow_http: bool,
    /// Longest wait for one request to the store, in milliseconds.
    pub request_timeout_ms: Millis,
    /// Longest time that a request and its repetitions may take together, in milliseconds.
    pub retry_timeout_ms: Millis,
}

impl Default for BlobsConfig {
    fn default() -> Self {
        Self {
            url: "file:///var/lib/sba/blobs".to_owned(),
            endpoint: None,
            region: None,
            access_key_id: None,
            secret_access_key: None,
            allow_http: false,
            request_timeout_ms: Millis::new(30_000),
            retry_timeout_ms: Millis::new(60_000),
        }
    }
}

impl BlobsConfig {
    pub(super) fn check(&self, mut to: Findings<'_>) {
        to.scheme("url", &self.url, &["file:///", "s3://"]);
        if let Some(endpoint) = &self.endpoint {
            to.scheme("endpoint", endpoint, &["https://", "http://"]);
            let plain = endpoint.starts_with("http://");
            let problem = "is without TLS; set blobs.allow_http if that is meant";
            to.require("endpoint", !plain || self.allow_http, problem);
        }
        let both = self.access_key_id.is_some() == self.secret_access_key.is_some();
        to.require("secret_access_key", both, "is needed together with access_key_id");
        to.range("request_timeout_ms", self.request_timeout_ms.get(), 100..=600_000);
        to.range("retry_timeout_ms", self.retry_timeout_ms.get(), 100..=3_600_000);
    }
}
