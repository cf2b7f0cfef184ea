//! `PUT /api/v1/tools/{name}`: register a tool that the tenant serves itself.

use axum::extract::State;
use garde::Validate;
use sba_store::{audit::Actor, served_tools};
use sba_subjects::{run::Effect, tool::ServedTool};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{schema, served_name};
use crate::{
    app::App,
    auth::Principal,
    error::{ApiError, Code},
    extract::{Checked as _, Json, Path, no_control, not_blank},
    http::RequestId,
};

/// A tool that the tenant serves.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[garde(context(u64 as longest))]
#[schema(example = json!({
    "description": "The weather in a city.", "effect": "pure", "deadline_ms": 30000,
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}))]
pub(crate) struct RegisterTool {
    /// What it does, for the model.
    #[garde(length(chars, min = 1, max = 1_000), custom(no_control), custom(not_blank))]
    #[schema(min_length = 1, max_length = 1000)]
    description: String,
    /// What the model gives it: a JSON Schema of an object, without references and patterns.
    #[garde(skip)]
    #[schema(value_type = Object)]
    parameters: Value,
    /// What repeating a call does: `pure`, `idempotent` or `at_most_once`.
    #[garde(skip)]
    #[schema(value_type = String, example = "idempotent")]
    effect: Effect,
    /// Longest time for one call, waiting for a worker included, in milliseconds; a minute where it is left out.
    #[serde(default = "minute", alias = "deadlineMs")]
    #[garde(range(min = 100, max = *longest))]
    #[schema(minimum = 100)]
    deadline_ms: u64,
}

const fn minute() -> u64 {
    60_000
}

/// A tool that is registered.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ToolView {
    /// Its name.
    #[schema(value_type = String, example = "x_weather")]
    name: String,
    /// What it does, for the model.
    description: String,
    /// What the model gives it.
    #[schema(value_type = Object)]
    parameters: Value,
    /// What repeating a call does.
    #[schema(value_type = String)]
    effect: Effect,
    /// Longest time for one call, in milliseconds.
    deadline_ms: u64,
}

impl From<ServedTool> for ToolView {
    fn from(tool: ServedTool) -> Self {
        let ServedTool { name, description, parameters, effect, deadline_ms } = tool;
        Self { name: name.into(), description, parameters, effect, deadline_ms }
    }
}

/// Register a tool
///
/// Runs that are accepted from now on are offered it; the tenant's own worker is given its calls over NATS. The same again
/// changes nothing.
#[utoipa::path(
    put, path = "/api/v1/tools/{name}", tag = "tools",
    params(("name" = String, Path, description = "Its name: `x_` and lower-case letters, digits and underscores")),
    request_body = RegisterTool,
    responses(
        (status = 200, description = "The tool", body = ToolView),
        (status = 400, description = "`invalid_request`, `validation_failed`", body = crate::error::ErrorBody),
        (status = 403, description = "`forbidden`", body = crate::error::ErrorBody),
        (status = 409, description = "`too_many_tools`", body = crate::error::ErrorBody),
        (status = 503, description = "`unavailable`", body = crate::error::ErrorBody),
    ),
)]
pub(crate) async fn put_tool(
    State(app): State<App>,
    principal: Principal,
    RequestId(request_id): RequestId,
    Path(name): Path<String>,
    Json(request): Json<RegisterTool>,
) -> Result<Json<ToolView>, ApiError> {
    register(&app, &principal, &name, request, Some(request_id)).await.map(Json)
}

/// Does what a request asks, whichever way it came.
///
/// # Errors
/// Those of the endpoint.
pub(crate) async fn register(
    app: &App,
    principal: &Principal,
    name: &str,
    request: RegisterTool,
    request_id: Option<String>,
) -> Result<ToolView, ApiError> {
    let accounts = &app.config.accounts;
    let name = served_name(name)?;
    let RegisterTool { description, parameters, effect, deadline_ms } =
        request.checked(&accounts.max_tool_deadline_ms.get())?;
    schema::check(&parameters, accounts.max_tool_schema_bytes)
        .map_err(|problem| ApiError::invalid_field("parameters", problem))?;
    let tool = ServedTool { name, description, parameters, effect, deadline_ms };
    let actor = Actor { user_id: Some(principal.user), request_id };
    let mut tx = app.store.begin(principal.tenant).await?;
    if !served_tools::put(&mut tx, &tool, accounts.max_tools, &actor).await? {
        return Err(ApiError::new(Code::TooManyTools, "the tenant serves as many tools as it may"));
    }
    tx.commit().await?;
    Ok(tool.into())
}
