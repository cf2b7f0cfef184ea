//! A place before a run, for whoever watches it in one way or another.

use std::time::Duration;

use sba_subjects::id::{RunId, SessionId};
use time::OffsetDateTime;
use tokio::time::Instant;

use super::view::{Projected, RunView};
use crate::{
    app::App,
    auth::{Principal, SessionToken},
    error::{ApiError, Code},
    stream::{Feed, JoinError, Lost, Start, Unwritable},
};

/// A year, in seconds: as far ahead as a timer is set.
const FAR: u64 = 31_536_000;

/// What lets a viewer watch runs that belong to a session.
#[derive(Debug)]
pub(crate) enum Pass {
    /// The token of the run's session, where one was shown.
    Token(Option<SessionToken>),
    /// The session itself, whose token was shown before by its user.
    Session(SessionId),
}

/// What somebody is given who may watch a run, from there on.
///
/// # Errors
/// `forbidden`, `not_found`, `rate_limited`, `overloaded`, `unavailable`, and those of the session's token.
pub(crate) async fn take(
    app: &App,
    principal: &Principal,
    run: RunId,
    start: Start,
    pass: &Pass,
) -> Result<Feed, ApiError> {
    let (feed, session) = find(app, principal, run, start).await?;
    match (session, pass) {
        (None, _) => {}
        (Some(session), Pass::Session(shown)) if session == *shown => {
            app.sessions.usable(principal, session, app.clock.now()).await?;
        }
        (Some(_), Pass::Session(_)) => {
            return Err(ApiError::new(Code::SessionTokenInvalid, "the run belongs to another session"));
        }
        (Some(session), Pass::Token(token)) => {
            app.sessions.admit(principal, session, token.as_ref(), app.clock.now()).await?;
        }
    }
    Ok(feed)
}

/// A feed, and the session that the run belongs to. Only a run that ended has lost its log.
async fn find(
    app: &App,
    principal: &Principal,
    run: RunId,
    start: Start,
) -> Result<(Feed, Option<SessionId>), ApiError> {
    let error = match app.hub.join(&principal.key, run, start).await {
        Ok((viewer, opened)) => return Ok((Feed::Live(Box::new(viewer)), opened.session)),
        Err(error @ JoinError::Lost(Lost::NoRun)) => error,
        Err(error) => return Err(error.into()),
    };
    let ended = Projected::read(&app.store, principal.tenant, run).await?.filter(Projected::has_ended);
    let Some(ended) = ended else { return Err(error.into()) };
    let (session, last) = (ended.session(), ended.last_seq());
    let view = RunView::projected(principal.tenant, ended);
    Ok((Feed::late(run, start, last, &view), session))
}

/// When the viewer's token ends.
pub(crate) fn until(principal: &Principal, now: OffsetDateTime) -> Instant {
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

impl From<Unwritable> for ApiError {
    fn from(error: Unwritable) -> Self {
        Self::new(Code::Internal, "an event cannot be shown").caused_by(error)
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
