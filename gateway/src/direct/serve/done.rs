//! `done`: what came of a call.

use garde::Validate;
use sba_subjects::{
    event::ToolResult,
    id::{CallId, RunId},
    name::ToolName,
    receipt::Receipt,
    run::Failure,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Standing, acknowledge, outcome, standing};
use crate::{
    app::App,
    auth::Principal,
    error::ApiError,
    extract::{Checked as _, no_control, not_blank},
};

/// What a worker says: a result, or an error.
#[derive(Debug, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub(super) struct Done {
    #[garde(skip)]
    call_id: CallId,
    #[garde(skip)]
    run_id: RunId,
    #[garde(skip)]
    receipt: Receipt,
    /// What the tool returned.
    #[serde(default)]
    #[garde(skip)]
    result: Option<Value>,
    /// Why it failed.
    #[serde(default)]
    #[garde(dive)]
    error: Option<Failed>,
    /// How long it worked, in milliseconds.
    #[serde(default)]
    #[garde(range(max = 86_400_000))]
    duration_ms: u64,
}

#[derive(Debug, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
struct Failed {
    #[garde(length(bytes, min = 1, max = 64), custom(a_code))]
    code: String,
    #[garde(length(chars, min = 1, max = 1_000), custom(no_control), custom(not_blank))]
    message: String,
}

fn a_code<C>(text: &str, _context: &C) -> garde::Result {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if text.bytes().all(letter) { Ok(()) } else { Err(garde::Error::new("expected lower-case letters, digits and _")) }
}

/// What it is told.
#[derive(Debug, Serialize)]
pub(super) struct Taken {
    /// Whether the run is given it; `false` where it was told before, or does without.
    accepted: bool,
}

/// The first answer counts. It is recorded, then told to the run, then the delivery is settled: whatever breaks off in
/// between, the call is handed out again and answered from the record.
pub(super) async fn done(app: &App, principal: &Principal, tool: &ToolName, said: Done) -> Result<Taken, ApiError> {
    let Done { call_id, run_id, receipt, result, error, duration_ms } = said.checked(&())?;
    if result.is_some() == error.is_some() {
        return Err(ApiError::invalid_field("result", "expected a result or an error, and not both"));
    }
    let accepted = match standing(app, principal, tool, run_id, call_id).await? {
        Standing::Over => false,
        Standing::Wanted(call) | Standing::Unwanted(call) => {
            let result = ToolResult {
                call_id,
                tool_name: tool.clone(),
                success: error.is_none(),
                result: result.unwrap_or_default(),
                error: error.map(|Failed { code, message }| Failure::new(code, message)),
                duration_ms,
            };
            let first = outcome::finish(app, principal, &call.request, result.clone()).await?;
            let accepted = first == result;
            outcome::send(app, principal, run_id, first).await?;
            accepted
        }
    };
    acknowledge(app, principal, tool, &receipt, "+ACK").await?;
    Ok(Taken { accepted })
}
