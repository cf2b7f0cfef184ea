//! Opening the blob store.

use std::{fmt, fs, path::PathBuf, sync::Arc, time::Duration};

use object_store::{
    ClientOptions, ObjectStore, RetryConfig, aws::AmazonS3Builder, local::LocalFileSystem, prefix::PrefixStore,
};

use super::{BlobError, Blobs};

/// Where blobs are kept, and within which limits.
#[derive(Debug, Clone)]
pub struct BlobOptions {
    /// `file:///folder`, or `s3://bucket` or `s3://bucket/prefix`. A folder is made when it is missing.
    pub url: String,
    /// How to reach S3; not looked at for a folder.
    pub s3: S3Options,
    /// Most bytes that a blob may have.
    pub max_bytes: u64,
    /// Longest time that one request to S3 may take.
    pub request: Duration,
    /// Longest time that one operation may take, with its repetitions, or one piece of a stream.
    pub deadline: Duration,
}

/// How to reach an S3-compatible store.
#[derive(Clone, Default)]
pub struct S3Options {
    /// Address of the service, e.g. `http://127.0.0.1:9000`; AWS itself when none.
    pub endpoint: Option<String>,
    /// Its region; when none, that of the process's environment, else `us-east-1`.
    pub region: Option<String>,
    /// Id of the access key; from the environment of the process when none.
    pub access_key_id: Option<String>,
    /// The access key.
    pub secret_access_key: Option<String>,
}

impl fmt::Debug for S3Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Options")
            .field("endpoint", &self.endpoint)
            .field("region", &self.region)
            .field("access_key_id", &self.access_key_id)
            .field("secret_access_key", &self.secret_access_key.as_ref().map(|_| "***"))
            .finish()
    }
}

impl Blobs {
    /// Opens a store. S3 is not asked yet: see [`Blobs::ping`].
    ///
    /// # Errors
    /// `blob_store_invalid` when the URL is not understood or the folder cannot be made or written to.
    pub fn open(options: &BlobOptions) -> Result<Self, BlobError> {
        let (store, folder) = if let Some(folder) = options.url.strip_prefix("file://") {
            (open_folder(folder)?, Some(PathBuf::from(folder)))
        } else if let Some(bucket) = options.url.strip_prefix("s3://") {
            (open_s3(bucket, options)?, None)
        } else {
            return Err(invalid("its URL must begin with file:// or s3://"));
        };
        Ok(Self { store, folder, max_bytes: options.max_bytes, deadline: options.deadline })
    }
}

fn invalid(why: &str) -> BlobError {
    BlobError::Configuration(why.to_owned(), None)
}

fn open_folder(folder: &str) -> Result<Arc<dyn ObjectStore>, BlobError> {
    let folder = PathBuf::from(folder);
    if !folder.is_absolute() {
        return Err(invalid("a folder must be absolute, as in file:///var/lib/sba"));
    }
    let because = |e| BlobError::Configuration(folder.display().to_string(), Some(Box::new(e)));
    fs::create_dir_all(&folder).map_err(because)?;
    // A folder that cannot be written to is found out now, not by the first user.
    tempfile::Builder::new().prefix(".writable-").tempfile_in(&folder).map_err(because)?;
    let store = LocalFileSystem::new_with_prefix(&folder)
        .map_err(|e| BlobError::Configuration(folder.display().to_string(), Some(Box::new(e))))?;
    Ok(Arc::new(store.with_fsync(true).with_automatic_cleanup(true)))
}

fn open_s3(bucket: &str, options: &BlobOptions) -> Result<Arc<dyn ObjectStore>, BlobError> {
    let (bucket, prefix) = bucket.split_once('/').unwrap_or((bucket, ""));
    let retries = RetryConfig { max_retries: 3, retry_timeout: options.deadline, ..RetryConfig::default() };
    let client = ClientOptions::new().with_timeout(options.request).with_connect_timeout(options.request);
    let s3 = &options.s3;
    let mut builder =
        AmazonS3Builder::from_env().with_bucket_name(bucket).with_client_options(client).with_retry(retries);
    if let Some(region) = &s3.region {
        builder = builder.with_region(region);
    }
    if let Some(endpoint) = &s3.endpoint {
        builder = builder.with_endpoint(endpoint).with_allow_http(endpoint.starts_with("http://"));
    }
    if let (Some(id), Some(secret)) = (&s3.access_key_id, &s3.secret_access_key) {
        builder = builder.with_access_key_id(id).with_secret_access_key(secret);
    }
    let store =
        builder.build().map_err(|e| BlobError::Configuration("the settings for S3".to_owned(), Some(Box::new(e))))?;
    Ok(if prefix.is_empty() { Arc::new(store) } else { Arc::new(PrefixStore::new(store, prefix)) })
}
