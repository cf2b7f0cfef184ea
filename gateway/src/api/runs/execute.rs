//! `POST /api/v1/tools/execute`: one tool call, asked for by name. It is a run of its own.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use sba_subjects::{
    event::{Created, DirectCall, RunOptions, TenantSettings},
    id::{CallId, TenantId, UserId},
    name::ToolName,
    run::Workflow,
    tool::{ASK_TOOL, RENDER_TOOL, RenderParams, Section, ToolSpec, WrittenDocument, spec},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tracing::{Span, field::display};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{keyed, links::Links, start::accept};
use crate::{
    api::idempotency::{self, KeyHeader},
    app::App,
    auth::Principal,
    error::{ApiError, Code},
    extract::Json,
};

/// The step that makes the call.
const STEP: u32 = 1;

/// A tool call.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"tool_name": "task_create", "params": {"title": "Pay the invoice of Acme."}}))]
pub(crate) struct ExecuteTool {
    /// The tenant; only the token's own is taken.
    #[serde(default, alias = "tenantId")]
    tenant_id: Option<Uuid>,
    /// The tool.
    #[serde(alias = "toolName")]
    #[schema(example = "task_create")]
    tool_name: String,
    /// What it is given.
    #[schema(value_type = Object)]
    params: Value,
    /// May stand here instead of in the header `Idempotency-Key`.
    #[serde(default, alias = "idempotencyKey")]
    idempotency_key: Option<String>,
}

/// A tool call that was accepted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Executing {
    /// The call.
    call_id: Uuid,
    /// The run that makes it. It ends with the call, and has its result.
    run_id: Uuid,
    /// Where to go on.
    links: Links,
}

/// What the hash of a request covers.
#[derive(Serialize)]
struct Asked<'a> {
    user_id: UserId,
    workflow: Workflow,
    call: &'a DirectCall,
}

/// Call a tool
///
/// The answer comes when the call is stored; its result stands in the run. A call that the tenant's settings want
/// approved waits for that, as in any run.
#[utoipa::path(
    post, path = "/api/v1/tools/execute", tag = "tools",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again")),
    request_body = ExecuteTool,
    responses(
        (status = 202, description = "The call is stored", body = Executing),
        (status = 400, description = "`invalid_request`, `validation_failed`, `tool_unknown`", body = crate::error::ErrorBody),
        (status = 403, description = "`forbidden`: the role, or the tool's roles", body = crate::error::ErrorBody),
        (status = 409, description = "`idempotency_conflict`", body = crate::error::ErrorBody),
        (status = 413, description = "`payload_too_large`", body = crate::error::ErrorBody),
        (status = 503, description = "`storage_full`, `unavailable`, `overloaded`", body = crate::error::ErrorBody),
    ),
)]
pub(crate) async fn execute_tool(
    State(app): State<App>,
    principal: Principal,
    key: KeyHeader,
    Json(request): Json<ExecuteTool>,
) -> Result<impl IntoResponse, ApiError> {
    let ExecuteTool { tenant_id, tool_name, params, idempotency_key } = request;
    if tenant_id.is_some_and(|id| TenantId::from_uuid(id) != principal.tenant) {
        return Err(ApiError::new(Code::Forbidden, "tenant_id must be that of the token"));
    }
    let (tool, name) = known(&tool_name)?;
    principal.may_call(tool)?;
    (tool.check)(&params).map_err(|problem| ApiError::invalid_field("params", problem))?;
    let key = key.or_body(idempotency_key)?;
    let which = keyed::run(&app, &principal, key.as_deref()).await?;
    let run = which.run();
    Span::current().record("run_id", display(run));

    let settings = principal.settings(&app).await?;
    let call = DirectCall { tool_name: name, params };
    let created = created(&principal, settings, call)?;
    accept::store(&app, &principal, which, &created, app.clock.now()).await?;
    let call_id = CallId::of_step(run, STEP).as_uuid();
    let links = Links::of(run);
    let location = [(header::LOCATION, links.run.clone())];
    Ok((StatusCode::ACCEPTED, location, Json(Executing { call_id, run_id: run.as_uuid(), links })))
}

/// The tool of a name. One that asks a person is for models: whoever calls tools by name is a person.
fn known(name: &str) -> Result<(&'static ToolSpec, ToolName), ApiError> {
    let tool = spec(name).filter(|tool| tool.name != ASK_TOOL).zip(name.parse().ok());
    tool.ok_or_else(|| ApiError::new(Code::ToolUnknown, "there is no tool of this name"))
}

/// The run's first event. The key is held against what was asked, not against what the settings add to it.
fn created(principal: &Principal, settings: TenantSettings, call: DirectCall) -> Result<Created, ApiError> {
    let (user_id, workflow) = (principal.user, Workflow::Tool);
    let hash = idempotency::request_hash(&Asked { user_id, workflow, call: &call })?;
    Ok(Created {
        tenant_id: principal.tenant,
        user_id,
        session_id: None,
        workflow,
        prompt: format!("Call {}.", call.tool_name),
        options: RunOptions::default(),
        request_hash: data_encoding::HEXLOWER.encode(&hash),
        roles: principal.roles(),
        call: Some(completed(call, &settings)),
        settings: Box::new(settings),
        fork_of: None,
        schedule: None,
    })
}

/// The call with what its worker needs besides: a document that was handed in whole cites nothing.
fn completed(call: DirectCall, settings: &TenantSettings) -> DirectCall {
    if call.tool_name.as_str() != RENDER_TOOL {
        return call;
    }
    let Ok(WrittenDocument { title, text }) = WrittenDocument::deserialize(&call.params) else { return call };
    let params = RenderParams {
        question: title.clone(),
        title,
        locale: settings.locale.clone(),
        sections: vec![Section { text, ..Section::default() }],
        sources: Vec::new(),
    };
    DirectCall { params: serde_json::json!(params), ..call }
}
