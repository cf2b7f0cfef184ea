//! `GET /api/v1/sessions/{session_id}`: see a session.

use axum::extract::State;
use sba_subjects::id::SessionId;
use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    app::App,
    auth::Principal,
    error::ApiError,
    extract::{Json, Path},
};

/// A session.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionView {
    /// The session.
    session_id: Uuid,
    /// Whose it is.
    user_id: Uuid,
    /// Whether it can still be used.
    active: bool,
    /// What the client wanted to find again.
    #[schema(value_type = Object)]
    metadata: Value,
    /// When it was opened.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// When it ends, or ended.
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
}

/// See a session
///
/// A user sees their own sessions only.
#[utoipa::path(
    get, path = "/api/v1/sessions/{session_id}", tag = "sessions",
    params(("session_id" = Uuid, Path, description = "The session")),
    responses(
        (status = 200, description = "The session", body = SessionView),
        (status = 404, description = "`not_found`", body = crate::error::ErrorBody),
        (status = 503, description = "`unavailable`", body = crate::error::ErrorBody),
    ),
)]
pub(crate) async fn get_session(
    State(app): State<App>,
    principal: Principal,
    Path(session): Path<Uuid>,
) -> Result<Json<SessionView>, ApiError> {
    let session = app.sessions.get(principal.tenant, SessionId::from_uuid(session)).await?;
    if session.user_id != principal.user {
        return Err(ApiError::not_found("session"));
    }
    Ok(Json(SessionView {
        session_id: session.id.as_uuid(),
        user_id: session.user_id.as_uuid(),
        active: session.expires_at > app.clock.now(),
        metadata: session.metadata.clone(),
        created_at: session.created_at,
        expires_at: session.expires_at,
    }))
}
