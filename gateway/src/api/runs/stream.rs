//! `GET /api/v1/runs/{run_id}/stream`: watch a run over a WebSocket.

use axum::{
    extract::{
        FromRequestParts, State,
        ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    },
    http::{HeaderMap, request::Parts},
    response::Response,
};
use sba_subjects::id::RunId;
use serde::Deserialize;
use tracing::{Instrument as _, Span, field::display};
use utoipa::IntoParams;
use uuid::Uuid;

use super::seat::{self, Seat};
use crate::{
    app::App,
    auth::Principal,
    error::{ApiError, Code},
    extract::{Path, Query},
    stream::socket::{self, Keeping},
};

/// The subprotocol of this stream: one JSON document a message.
const PROTOCOL: &str = "sba.v1.json";

/// The other WebSocket parameters of a viewer: it says little and hears short messages.
const READ_BUFFER: usize = 4 * 1024;
const WRITE_BUFFER: usize = 16 * 1024;

/// Where a viewer goes on.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StreamQuery {
    /// The `seq` of the last event that the client has: what follows it is sent. 0, the default, sends everything.
    #[serde(default)]
    #[param(example = 0)]
    after: u64,
}

/// An upgrade to a WebSocket.
pub(crate) struct Upgrade(WebSocketUpgrade);

impl<S: Send + Sync> FromRequestParts<S> for Upgrade {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let upgrade = WebSocketUpgrade::from_request_parts(parts, state).await;
        upgrade.map(Self).map_err(|rejection: WebSocketUpgradeRejection| {
            ApiError::new(Code::UpgradeRequired, format!("this address is for WebSockets: {}", rejection.body_text()))
        })
    }
}

/// Watch a run
///
/// A WebSocket. Each message is one event of the run, in order, without gaps and without repeats. The stream is closed
/// with code 1000 after the event `done`. A client that was cut off comes back with `after`, the last `seq` it has.
/// A browser, which can set no headers here, offers `sba.bearer.<token>` and `sba.session.<token>` as subprotocols
/// beside `sba.v1.json`.
#[utoipa::path(
    get, path = "/api/v1/runs/{run_id}/stream", tag = "runs",
    params(
        ("run_id" = Uuid, Path, description = "The run"),
        StreamQuery,
        ("X-Session-Token" = Option<String>, Header, description = "Needed when the run belongs to a session"),
    ),
    responses(
        (status = 101, description = "The stream begins"),
        (status = 403, description = "`forbidden`, `session_token_invalid`, `session_expired`", body = crate::error::ErrorBody),
        (status = 404, description = "`not_found`", body = crate::error::ErrorBody),
        (status = 426, description = "`upgrade_required`", body = crate::error::ErrorBody),
        (status = 429, description = "`rate_limited`", body = crate::error::ErrorBody),
        (status = 503, description = "`overloaded`, `unavailable`", body = crate::error::ErrorBody),
    ),
)]
pub(crate) async fn stream_run(
    State(app): State<App>,
    principal: Principal,
    Path(run): Path<Uuid>,
    Query(query): Query<StreamQuery>,
    headers: HeaderMap,
    Upgrade(upgrade): Upgrade,
) -> Result<Response, ApiError> {
    let run = RunId::from_uuid(run);
    Span::current().record("run_id", display(run));
    // Joined before the upgrade: what stands against it is an HTTP error, and what is needed first is there already.
    let seat = seat::take(&app, &principal, run, query.after, &headers).await?;
    let config = &app.config.gateway;
    let keeping = Keeping::of(config, seat::until(&principal, app.clock.now()));
    let upgrade = upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_message_size(config.max_message_bytes)
        .max_frame_size(config.max_message_bytes)
        .protocols([PROTOCOL]);
    let (hub, span) = (app.hub.clone(), Span::current());
    Ok(upgrade.on_upgrade(move |socket| {
        let tracked = hub.clone();
        let shown = async move {
            match seat {
                Seat::Before(viewer) => socket::show(socket, *viewer, hub, keeping).await,
                Seat::Late { said, .. } => socket::part(socket, said, keeping).await,
            }
        };
        tracked.track(shown.instrument(span))
    }))
}
