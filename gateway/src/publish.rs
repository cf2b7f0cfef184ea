//! What a request is told when what it asks for could not be queued.

use sba_service::publish::PublishFailure;

use crate::error::{ApiError, Code};

impl From<PublishFailure> for ApiError {
    fn from(failure: PublishFailure) -> Self {
        let (code, message) = match failure {
            PublishFailure::Full(_) => (Code::StorageFull, "the queue has no room for another request"),
            PublishFailure::Crowded(_) => (Code::TooManyCommands, "as many commands wait for this run as may"),
            PublishFailure::TooLarge { .. } => (Code::PayloadTooLarge, "the request is larger than the queue takes"),
            PublishFailure::Unknown(_) | PublishFailure::Unanswered(_) => {
                let unknown = "it is not known whether the request was stored; send it again with an idempotency key";
                (Code::Unavailable, unknown)
            }
            PublishFailure::Encode(_) => (Code::Internal, "the request could not be queued"),
        };
        Self::new(code, message).caused_by(failure)
    }
}
