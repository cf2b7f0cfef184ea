//! An S3 server over a folder.

use std::net::SocketAddr;

use anyhow::Context as _;
use hyper_util::rt::TokioIo;
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

/// The access key that it takes.
pub const KEY: &str = "test-key";
/// Its secret.
pub const SECRET: &str = "test-secret";
/// The bucket that it has.
pub const BUCKET: &str = "blobs";

/// A server that checks signatures; it ends when it is dropped.
pub struct S3 {
    address: SocketAddr,
    folder: TempDir,
    serving: AbortOnDropHandle<()>,
}

impl S3 {
    /// Starts one on a free port.
    ///
    /// # Errors
    /// When there is no folder or no port for it.
    pub async fn start() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        std::fs::create_dir(folder.path().join(BUCKET))?;
        let files = FileSystem::new(folder.path()).map_err(|error| anyhow::anyhow!("{error:?}"))?;
        let mut builder = S3ServiceBuilder::new(files);
        builder.set_auth(SimpleAuth::from_single(KEY, SECRET));
        let service = builder.build();
        let listener = TcpListener::bind("127.0.0.1:0").await.context("no port for the S3 server")?;
        let address = listener.local_addr()?;
        let serving = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let service = service.clone();
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), service),
                );
            }
        });
        Ok(Self { address, folder, serving: AbortOnDropHandle::new(serving) })
    }

    /// Where it can be reached.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends it: nobody listens there any more.
    pub async fn stop(self) {
        self.serving.abort();
        // It was aborted, which is all that there is to be known.
        let _ = self.serving.await;
    }

    /// The folder that its bucket is.
    #[must_use]
    pub fn bucket(&self) -> std::path::PathBuf {
        self.folder.path().join(BUCKET)
    }
}
