//! A place before a run, for whoever watches it in one way or another.

use std::time::Duration;

use axum::{extract::ws::Utf8Bytes, http::HeaderMap};
use sba_subjects::id::{RunId, SessionId};
use time::OffsetDateTime;
use tokio::time::Instant;

use super::view::{Projected, RunView};
use crate::{
    app::App,
    auth::{Action, Principal},
    error::{ApiError, Code},
    stream::{JoinError, Lost, Viewer, farewell},
};

/// A year, in seconds: as far ahead as a timer is set.
const FAR: u64 = 31_536_000;

/// What a viewer has come for.
pub(super) enum Seat {
    /// A run with a log.
    Before(Box<Viewer>),
    /// A run whose log was removed.
    Late {
        /// What is left to be said of it.
        said: Vec<Utf8Bytes>,
        /// The `seq` of its last event.
        last: u64,
    },
}

/// A place before the run behind event `after`, for a user who may see it. A run of a session is shown to those who have the
/// session's token.
///
/// # Errors
/// `forbidden`, `not_found`, `rate_limited`, `overloaded`, `unavailable`, and those of the session's token.
pub(super) async fn take(
    app: &App,
    principal: &Principal,
    run: RunId,
    after: u64,
    headers: &HeaderMap,
) -> Result<Seat, ApiError> {
    principal.may(Action::ReadRuns)?;
    let (seat, session) = find(app, principal, run, after).await?;
    if let Some(session) = session {
        app.sessions.admit(principal.tenant, session, headers, app.clock.now()).await?;
    }
    Ok(seat)
}

/// A place, and the session that the run belongs to. Only a run that ended has lost its log.
async fn find(app: &App, principal: &Principal, run: RunId, after: u64) -> Result<(Seat, Option<SessionId>), ApiError> {
    let error = match app.hub.join(&principal.key, run, after).await {
        Ok((viewer, opened)) => return Ok((Seat::Before(Box::new(viewer)), opened.session)),
        Err(error @ JoinError::Lost(Lost::NoRun)) => error,
        Err(error) => return Err(error.into()),
    };
    let ended = Projected::read(&app.store, principal.tenant, run).await?.filter(Projected::has_ended);
    let Some(ended) = ended else { return Err(error.into()) };
    let (session, last) = (ended.session(), ended.last_seq());
    let view = RunView::projected(principal.tenant, ended);
    Ok((Seat::Late { said: farewell(run, after, last, &view), last }, session))
}

/// When the viewer's token ends.
pub(super) fn until(principal: &Principal, now: OffsetDateTime) -> Instant {
    let left = principal.expires.saturating_sub(now.unix_timestamp().unsigned_abs());
    Instant::now() + Duration::from_secs(left.min(FAR))
}

impl From<Lost> for ApiError {
    fn from(lost: Lost) -> Self {
        match lost {
            Lost::NoRun => Self::not_found("run"),
            lost if lost.is_transient() => {
                Self::new(Code::Unavailable, "the run's log cannot be read now").caused_by(lost)
            }
            lost => Self::new(Code::Internal, "the run's log cannot be read").caused_by(lost),
        }
    }
}

impl From<JoinError> for ApiError {
    fn from(error: JoinError) -> Self {
        match error {
            JoinError::Crowded => Self::new(Code::RateLimited, "the tenant has as many viewers as it may"),
            JoinError::Full => Self::new(Code::Overloaded, "there is no room for another viewer"),
            JoinError::Stopping => Self::new(Code::Unavailable, "this gateway is about to end"),
            JoinError::Lost(lost) => lost.into(),
        }
    }
}
