//! `progress`: a worker is still at it, and asks whether it should be.

use sba_subjects::{
    id::{CallId, RunId},
    name::ToolName,
    receipt::Receipt,
};
use serde::{Deserialize, Serialize};

use super::{Standing, acknowledge, standing};
use crate::{app::App, auth::Principal, error::ApiError};

/// What a worker says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Progress {
    call_id: CallId,
    run_id: RunId,
    receipt: Receipt,
}

/// What it is told.
#[derive(Debug, Serialize)]
pub(super) struct GoOn {
    /// Whether the run still wants the result. Where it does not, the worker stops and says with `done` how far it came.
    go_on: bool,
}

pub(super) async fn progress(
    app: &App,
    principal: &Principal,
    tool: &ToolName,
    said: Progress,
) -> Result<GoOn, ApiError> {
    let Progress { call_id, run_id, receipt } = said;
    let go_on = matches!(standing(app, principal, tool, run_id, call_id).await?, Standing::Wanted(_));
    if go_on {
        acknowledge(app, principal, tool, &receipt, "+WPI").await?;
    }
    Ok(GoOn { go_on })
}
