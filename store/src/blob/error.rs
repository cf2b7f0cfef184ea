//! What can go wrong with blobs, by kind.

use std::{error::Error, io, time::Duration};

/// An error of the blob store, told apart by what a caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// There is no such blob.
    #[error("the blob does not exist")]
    NotFound(#[source] object_store::Error),
    /// It has more bytes than the store takes.
    #[error("the blob is larger than {limit} bytes")]
    TooLarge {
        /// Most bytes that a blob may have.
        limit: u64,
    },
    /// The disk or the quota is full.
    #[error("the blob store has no space left")]
    Full(#[source] object_store::Error),
    /// It took longer than allowed.
    #[error("the blob store did not answer within {} ms", .0.as_millis())]
    TimedOut(Duration),
    /// The store refuses: permissions of the folder, or credentials.
    #[error("the blob store refuses access")]
    Denied(#[source] object_store::Error),
    /// The folder or address it was configured with cannot be used.
    #[error("the blob store cannot be opened: {0}")]
    Configuration(String, #[source] Option<Box<dyn Error + Send + Sync>>),
    /// Anything else.
    #[error("the blob store failed")]
    Failed(#[source] object_store::Error),
}

impl BlobError {
    /// Stable code, for logs and the API.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "blob_not_found",
            Self::TooLarge { .. } => "blob_too_large",
            Self::Full(_) => "blob_store_full",
            Self::TimedOut(_) => "blob_timeout",
            Self::Denied(_) => "blob_store_denied",
            Self::Configuration(..) => "blob_store_invalid",
            Self::Failed(_) => "blob_store_failed",
        }
    }

    /// Whether the same call may succeed later without anybody changing a setting.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Full(_) | Self::TimedOut(_) | Self::Failed(_))
    }
}

impl From<object_store::Error> for BlobError {
    fn from(error: object_store::Error) -> Self {
        match &error {
            object_store::Error::NotFound { .. } => Self::NotFound(error),
            object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. } => {
                Self::Denied(error)
            }
            _ => match io_kind(&error) {
                Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge) => {
                    Self::Full(error)
                }
                Some(io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem) => Self::Denied(error),
                _ => Self::Failed(error),
            },
        }
    }
}

/// The kind of the operating system's error at the bottom, if there is one.
fn io_kind(error: &(dyn Error + 'static)) -> Option<io::ErrorKind> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<io::Error>() {
            return Some(io.kind());
        }
        cause = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed_with(kind: io::ErrorKind) -> BlobError {
        let source = Box::new(io::Error::from(kind));
        BlobError::from(object_store::Error::Generic { store: "test", source })
    }

    #[test]
    fn a_full_disk_has_its_own_code() {
        assert_eq!(failed_with(io::ErrorKind::StorageFull).code(), "blob_store_full");
        assert_eq!(failed_with(io::ErrorKind::QuotaExceeded).code(), "blob_store_full");
        assert_eq!(failed_with(io::ErrorKind::PermissionDenied).code(), "blob_store_denied");
        assert_eq!(failed_with(io::ErrorKind::BrokenPipe).code(), "blob_store_failed");
    }
}
