//! Addresses that belong to a run.

use sba_subjects::id::RunId;
use serde::Serialize;
use utoipa::ToSchema;

/// Addresses that belong to a run, relative to the gateway's.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Links {
    /// The run.
    #[schema(example = "/api/v1/runs/0192f0c1-7d5e-7c3a-9b1e-2f6a4d8c0e11")]
    pub(crate) run: String,
    /// Its WebSocket.
    #[schema(example = "/api/v1/runs/0192f0c1-7d5e-7c3a-9b1e-2f6a4d8c0e11/stream")]
    pub(crate) stream: String,
    /// What it made.
    #[schema(example = "/api/v1/artifacts?run_id=0192f0c1-7d5e-7c3a-9b1e-2f6a4d8c0e11")]
    pub(crate) artifacts: String,
}

impl Links {
    pub(crate) fn of(run: RunId) -> Self {
        Self {
            run: format!("/api/v1/runs/{run}"),
            stream: format!("/api/v1/runs/{run}/stream"),
            artifacts: format!("/api/v1/artifacts?run_id={run}"),
        }
    }
}
