//! `POST /api/v1/runs/{run_id}/continue`: answer what a run asks.

use axum::extract::State;
use sba_subjects::{command::CommandBody, id::AskId, state::RunState};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Answer, Commanded, Refusals, accepted, give};
use crate::{
    api::idempotency::KeyHeader,
    app::App,
    auth::Principal,
    error::{ApiError, Code},
    extract::{Json, Path},
};

/// An answer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"ask_id": "0192f0c1-7d5e-7c3a-9b1e-2f6a4d8c0e11", "input": {"approved": true}}))]
pub(crate) struct AnswerRun {
    /// What is answered; the oldest open question where none is named.
    #[serde(default, alias = "askId")]
    ask_id: Option<Uuid>,
    /// The answer: words, one of the options, or for an approval a boolean or
    /// `{"approved": true, "comment": "…"}`.
    #[schema(value_type = Value)]
    input: Value,
    /// May stand here instead of in the header `Idempotency-Key`.
    #[serde(default, alias = "idempotencyKey")]
    idempotency_key: Option<String>,
}

/// Answer a run
///
/// A run that waits for a person shows what it asks in `asks`. The answer is stored when this one comes; whether it is
/// one that the question allows, the run's events tell.
#[utoipa::path(
    post, path = "/api/v1/runs/{run_id}/continue", tag = "runs",
    params(
        ("run_id" = Uuid, Path, description = "The run"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again"),
    ),
    request_body = AnswerRun,
    responses(
        Refusals,
        (status = 202, description = "The answer is stored", body = Commanded),
        (status = 409, description = "`run_finished`, `nothing_asked`, `already_answered`", body = crate::error::ErrorBody),
    ),
)]
pub(crate) async fn continue_run(
    State(app): State<App>,
    principal: Principal,
    Path(run): Path<Uuid>,
    key: KeyHeader,
    Json(request): Json<AnswerRun>,
) -> Answer {
    answer_as_asked(&app, &principal, run, key, request).await.map(accepted)
}

/// Does what a request asks, whichever way it came.
///
/// # Errors
/// Those of the endpoint.
pub(crate) async fn answer_as_asked(
    app: &App,
    principal: &Principal,
    run: Uuid,
    key: KeyHeader,
    request: AnswerRun,
) -> Result<Commanded, ApiError> {
    let AnswerRun { ask_id, input, idempotency_key } = request;
    answer(app, principal, run, key.or_body(idempotency_key)?, ask_id, input).await
}

/// Answers what a run asks: the oldest open question where none is named.
///
/// # Errors
/// Those of the endpoint.
pub(crate) async fn answer(
    app: &App,
    principal: &Principal,
    run: Uuid,
    key: Option<String>,
    ask_id: Option<Uuid>,
    input: Value,
) -> Result<Commanded, ApiError> {
    let most = app.config.gateway.max_prompt_bytes;
    if input.to_string().len() > most {
        return Err(ApiError::invalid_field("input", format!("is longer than {most} bytes")));
    }
    let ask_id = ask_id.map(AskId::from_uuid);
    let body = CommandBody::Input { user_id: principal.user, ask_id, input };
    give(app, principal, run, key, body, |state| asked(state, ask_id)).await
}

/// Goes on only when the run asks that.
fn asked(state: &RunState, ask: Option<AskId>) -> Result<(), ApiError> {
    let nothing = || ApiError::new(Code::NothingAsked, "the run does not ask that");
    let Some(ask) = ask else {
        let open = state.running_steps().any(|step| step.open_ask().is_some());
        return if open { Ok(()) } else { Err(nothing()) };
    };
    let step = state.asking(ask).ok_or_else(nothing)?;
    if step.open_ask().is_some() {
        return Ok(());
    }
    Err(ApiError::new(Code::AlreadyAnswered, "the question was answered, or is not asked any more"))
}
