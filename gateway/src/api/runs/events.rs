//! `GET /api/v1/runs/{run_id}/events`: watch a run without a WebSocket.

use std::time::Duration;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use sba_service::log::Standing;
use sba_subjects::id::RunId;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::time::timeout;
use tracing::{Span, field::display};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::seat::{self, Pass};
use crate::{
    app::App,
    auth::{Principal, SessionToken},
    error::{ApiError, Code},
    extract::{Path, Query},
    stream::{
        BATCH, Feed, Frame, From, Keeping, Start,
        sse::{self, LAST_EVENT_ID},
    },
};

/// The media type of server-sent events.
const EVENT_STREAM: &str = "text/event-stream";

/// Where a viewer goes on, and for how long it waits.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventsQuery {
    /// The `seq` of the last event that the client has: what follows it is answered. 0, the default, is the start.
    #[serde(default)]
    #[param(example = 0)]
    after: u64,
    /// Longest wait for an event, in milliseconds, at most `gateway.max_poll_wait_ms`, the default. Not for server-sent events.
    #[param(example = 20_000)]
    wait_ms: Option<u64>,
}

/// Events that follow each other.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventsView {
    /// The events, as a WebSocket has them; none, where none came in time.
    #[schema(value_type = Vec<Object>)]
    events: Vec<Box<RawValue>>,
    /// The `after` of the next request.
    #[schema(example = 35)]
    after: u64,
    /// Whether nothing will follow.
    ended: bool,
}

/// Watch a run without a WebSocket
///
/// A client that accepts `text/event-stream` gets server-sent events, with the `seq` of each as its id, until the run has
/// ended. One that comes back with `Last-Event-ID` goes on behind it, and gets `204` once nothing will follow.
/// Any other gets the next events as JSON, and waits for them: it asks again with the `after` of the answer until `ended`.
#[utoipa::path(
    get, path = "/api/v1/runs/{run_id}/events", tag = "runs",
    params(
        ("run_id" = Uuid, Path, description = "The run"),
        EventsQuery,
        ("Last-Event-ID" = Option<u64>, Header, description = "With server-sent events: goes before `after`"),
        ("X-Session-Token" = Option<String>, Header, description = "Needed when the run belongs to a session"),
    ),
    responses(
        (status = 200, description = "The events", content((EventsView = "application/json"), (String = "text/event-stream"))),
        (status = 204, description = "Nothing will follow; with server-sent events only"),
        (status = 400, description = "`invalid_request`", body = crate::error::ErrorBody),
        (status = 403, description = "`forbidden`, `session_token_invalid`, `session_expired`", body = crate::error::ErrorBody),
        (status = 404, description = "`not_found`", body = crate::error::ErrorBody),
        (status = 429, description = "`rate_limited`", body = crate::error::ErrorBody),
        (status = 503, description = "`overloaded`, `unavailable`", body = crate::error::ErrorBody),
    ),
)]
pub(crate) async fn run_events(
    State(app): State<App>,
    principal: Principal,
    Path(run): Path<Uuid>,
    Query(query): Query<EventsQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let run = RunId::from_uuid(run);
    Span::current().record("run_id", display(run));
    let pass = Pass::Token(SessionToken::shown(&headers));
    if accepts_events(&headers) {
        let after = last_event(&headers)?.unwrap_or(query.after);
        let feed = seat::take(&app, &principal, run, Start::new(after, From::History), &pass).await?;
        if after > 0 && nothing_follows(&app, &principal, run, after).await {
            return Ok(StatusCode::NO_CONTENT.into_response());
        }
        let until = seat::until(&principal, app.clock.now());
        return Ok(speak(&app, feed, Keeping::of(&app.config.gateway, until, principal.lost(&app))));
    }
    let most = app.config.gateway.max_poll_wait_ms.get();
    let wait = query.wait_ms.unwrap_or(most);
    if wait > most {
        let message = format!("wait_ms: at most {most} can be waited for");
        return Err(ApiError::new(Code::InvalidRequest, message));
    }
    let feed = seat::take(&app, &principal, run, Start::new(query.after, From::History), &pass).await?;
    let polled = tokio::select! {
        polled = next(feed, query.after, Duration::from_millis(wait)) => polled?,
        code = principal.lost(&app) => return Err(ApiError::new(code, "the key does not hold any more")),
        // Another gateway has what follows.
        () = app.hub.stopped() => EventsView { events: Vec::new(), after: query.after, ended: false },
    };
    Ok(Json(polled).into_response())
}

fn accepts_events(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted
        .flat_map(|value| value.split(','))
        .any(|range| range.split(';').next().is_some_and(|name| name.trim() == EVENT_STREAM))
}

fn last_event(headers: &HeaderMap) -> Result<Option<u64>, ApiError> {
    let Some(value) = headers.get(LAST_EVENT_ID) else { return Ok(None) };
    let number = value.to_str().ok().and_then(|text| text.trim().parse().ok());
    number.map(Some).ok_or_else(|| ApiError::new(Code::InvalidRequest, "Last-Event-ID: expected the id of an event"))
}

/// Whether the run has ended, and the client has seen its end: then it must be told not to come again, for it would do so
/// for ever. Where the log cannot be read now, it is told the next time.
async fn nothing_follows(app: &App, principal: &Principal, run: RunId, after: u64) -> bool {
    let standing = app.log.standing(&principal.key, run).await;
    matches!(standing, Ok(Standing::Ended { seq }) if seq <= after)
}

/// Server-sent events.
fn speak(app: &App, feed: Feed, keeping: Keeping) -> Response {
    match feed {
        Feed::Late(said) if said.is_empty() => StatusCode::NO_CONTENT.into_response(),
        feed => sse::show(feed, &app.hub, keeping),
    }
}

/// The next events, or none after the wait.
async fn next(mut feed: Feed, after: u64, wait: Duration) -> Result<EventsView, ApiError> {
    let frames: Vec<Frame> = match timeout(wait, feed.next(BATCH)).await {
        Ok(frames) => frames?,
        Err(_) => return Ok(EventsView { events: Vec::new(), after, ended: false }),
    };
    // What is left of a run without a log comes at once.
    let late = matches!(feed, Feed::Late(_));
    let (after, ended) = frames.last().map_or((after, true), |last| (last.seq, last.last || late));
    let events = frames.iter().map(raw).collect::<Result<_, _>>()?;
    Ok(EventsView { events, after, ended })
}

fn raw(frame: &Frame) -> Result<Box<RawValue>, ApiError> {
    RawValue::from_string(frame.json()?.as_str().to_owned())
        .map_err(|error| ApiError::new(Code::Internal, "an event cannot be shown").caused_by(error))
}
