//! An artifact, as the API shows it.

use sba_store::artifacts::Artifact;
use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

/// A document that a run made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ArtifactView {
    /// The artifact.
    artifact_id: Uuid,
    /// The run that made it.
    run_id: Uuid,
    /// Its title.
    #[schema(example = "Terms of payment")]
    title: String,
    /// Its media type.
    #[schema(example = "text/markdown")]
    media_type: String,
    /// Its size in bytes.
    bytes: u64,
    /// SHA-256 of its bytes, in hex.
    sha256: String,
    /// The passages that it cites.
    #[schema(value_type = Vec<Object>)]
    citations: Value,
    /// Where its content is, relative to the gateway's address.
    #[schema(example = "/api/v1/artifacts/0192f0c1-7d5e-7c3a-9b1e-2f6a4d8c0e11/content")]
    content_url: String,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
}

impl From<Artifact> for ArtifactView {
    fn from(artifact: Artifact) -> Self {
        Self {
            artifact_id: artifact.id.as_uuid(),
            run_id: artifact.run_id.as_uuid(),
            title: artifact.title,
            media_type: artifact.media_type,
            bytes: artifact.bytes,
            sha256: data_encoding::HEXLOWER.encode(&artifact.sha256),
            citations: artifact.citations,
            content_url: format!("/api/v1/artifacts/{}/content", artifact.id),
            created_at: artifact.created_at,
        }
    }
}
