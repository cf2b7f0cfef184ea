//! `GET /api/v1/sessions/{session_id}/stream`: watch the runs of a session over one WebSocket.

use axum::{extract::State, http::HeaderMap, response::Response};
use sba_subjects::id::SessionId;
use uuid::Uuid;

use crate::{
    app::App,
    auth::{Guest, SessionToken},
    error::ApiError,
    extract::Path,
    socket::{self, Handshake, Target},
};

/// Watch the runs of a session
///
/// A WebSocket that shows the runs that the client subscribes to: those of the session, and those of the tenant that belong
/// to no session. Tokens and subprotocols are those of a run's stream; `docs/protocol.md` has the messages of both sides.
#[utoipa::path(
    get, path = "/api/v1/sessions/{session_id}/stream", tag = "sessions",
    params(
        ("session_id" = Uuid, Path, description = "The session"),
        ("X-Session-Token" = Option<String>, Header, description = "The session's token"),
    ),
    responses(
        (status = 101, description = "The stream begins"),
        (status = 400, description = "`invalid_request`, `unknown_subprotocol`", body = crate::error::ErrorBody),
        (status = 403, description = "`forbidden`, `session_token_invalid`, `session_expired`, `origin_refused`", body = crate::error::ErrorBody),
        (status = 404, description = "`not_found`", body = crate::error::ErrorBody),
        (status = 426, description = "`upgrade_required`", body = crate::error::ErrorBody),
        (status = 503, description = "`unavailable`", body = crate::error::ErrorBody),
    ),
)]
pub(crate) async fn stream_session(
    State(app): State<App>,
    guest: Guest,
    Path(session): Path<Uuid>,
    headers: HeaderMap,
    handshake: Handshake,
) -> Result<Response, ApiError> {
    let target = Target::Session(SessionId::from_uuid(session));
    let admitted = match guest.0 {
        Some(principal) => Some(socket::admit(&app, principal, target, SessionToken::shown(&headers)).await?),
        None => None,
    };
    Ok(handshake.open(app, target, admitted))
}
