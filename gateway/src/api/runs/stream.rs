//! `GET /api/v1/runs/{run_id}/stream`: watch a run over a WebSocket.

use axum::{extract::State, http::HeaderMap, response::Response};
use sba_subjects::id::RunId;
use serde::Deserialize;
use tracing::{Span, field::display};
use utoipa::IntoParams;
use uuid::Uuid;

use crate::{
    app::App,
    auth::{Guest, SessionToken},
    error::ApiError,
    extract::{Path, Query},
    socket::{self, Handshake, Target},
    stream::{From, Start},
};

/// Where a viewer goes on.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StreamQuery {
    /// The `seq` of the last event that the client has: what follows it is sent. 0, the default, sends everything.
    #[serde(default)]
    #[param(example = 0)]
    after: u64,
    /// `history`, the default, sends every event. `snapshot` begins with the run as it stands, and gives a viewer that falls
    /// behind another snapshot in the place of what it missed.
    #[serde(default)]
    #[param(inline, example = "history")]
    from: From,
}

/// Watch a run
///
/// A WebSocket. Each message is one event of the run, in order, without gaps and without repeats. The stream is closed
/// with code 1000 after the event `done`. A client that was cut off comes back with `after`, the last `seq` it has.
/// A browser, which can set no headers here, offers `sba.bearer.<token>` and `sba.session.<token>` as subprotocols
/// beside `sba.v1.json`, `sba.v1.msgpack` or `sba.v1.cbor`, or sends its tokens in a first message. `docs/protocol.md` has
/// the messages of both sides.
#[utoipa::path(
    get, path = "/api/v1/runs/{run_id}/stream", tag = "runs",
    params(
        ("run_id" = Uuid, Path, description = "The run"),
        StreamQuery,
        ("X-Session-Token" = Option<String>, Header, description = "Needed when the run belongs to a session"),
    ),
    responses(
        (status = 101, description = "The stream begins"),
        (status = 400, description = "`invalid_request`, `unknown_subprotocol`", body = crate::error::ErrorBody),
        (status = 403, description = "`forbidden`, `session_token_invalid`, `session_expired`, `origin_refused`", body = crate::error::ErrorBody),
        (status = 404, description = "`not_found`", body = crate::error::ErrorBody),
        (status = 426, description = "`upgrade_required`", body = crate::error::ErrorBody),
        (status = 429, description = "`rate_limited`", body = crate::error::ErrorBody),
        (status = 503, description = "`overloaded`, `unavailable`", body = crate::error::ErrorBody),
    ),
)]
pub(crate) async fn stream_run(
    State(app): State<App>,
    guest: Guest,
    Path(run): Path<Uuid>,
    Query(query): Query<StreamQuery>,
    headers: HeaderMap,
    handshake: Handshake,
) -> Result<Response, ApiError> {
    let run = RunId::from_uuid(run);
    Span::current().record("run_id", display(run));
    let target = Target::Run(run, Start::new(query.after, query.from));
    // Joined before the upgrade: what stands against it is an HTTP error, and what is needed first is there already.
    let admitted = match guest.0 {
        Some(principal) => Some(socket::admit(&app, principal, target, SessionToken::shown(&headers)).await?),
        None => None,
    };
    Ok(handshake.open(app, target, admitted))
}
