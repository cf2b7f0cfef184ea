//! Failures of the parts beneath, as a client sees them.

use sba_store::{StoreError, blob::BlobError};

use super::{ApiError, Code};

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let (code, message) = match &error {
            StoreError::Full(_) => (Code::StorageFull, "the database has no room"),
            StoreError::InvalidValue(_) => (Code::ValidationFailed, "a value is outside of what can be stored"),
            error if error.is_transient() => (Code::Unavailable, "the database cannot be used now"),
            _ => (Code::Internal, "the database failed"),
        };
        Self::new(code, message).caused_by(error)
    }
}

impl From<BlobError> for ApiError {
    fn from(error: BlobError) -> Self {
        let (code, message) = match &error {
            BlobError::TooLarge { .. } => (Code::PayloadTooLarge, "the content is larger than can be stored"),
            BlobError::Full(_) => (Code::StorageFull, "there is no room to store the content"),
            BlobError::NotFound(_) => (Code::Internal, "the content is gone"),
            error if error.is_transient() => (Code::Unavailable, "the content cannot be stored or read now"),
            _ => (Code::Internal, "the content cannot be stored or read"),
        };
        Self::new(code, message).caused_by(error)
    }
}
