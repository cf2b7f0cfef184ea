//! The way in: whether there is room for a request, and its body.

use axum::{
    body::Body,
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use tokio::sync::OwnedSemaphorePermit;

use super::body::{Pace, paced, sized, whole};
use crate::{
    app::App,
    auth::Caller,
    error::{ApiError, Code},
    places::TenantShare,
};

/// How a route takes the bodies of its requests.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Taking {
    /// Whole, before anything else is done: at most so many bytes.
    Whole(usize),
    /// Piece by piece, by the handler: at most so many bytes.
    Pieces(usize),
}

/// Lets a request in, or refuses it.
///
/// The tenant's own share is taken before the body is read, and one of all places only after that, so a client that is slow
/// with its body is in nobody's way but its tenant's. Waiting for a place would only make all of them late.
pub(crate) async fn admit(State((app, taking)): State<(App, Taking)>, request: Request, next: Next) -> Response {
    match enter(&app, taking, request).await {
        Ok((request, _places)) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

async fn enter(
    app: &App,
    taking: Taking,
    request: Request,
) -> Result<(Request, (TenantShare, OwnedSemaphorePermit)), ApiError> {
    let (parts, body) = request.into_parts();
    let caller = parts.extensions.get::<Caller>();
    let caller = caller.ok_or_else(|| ApiError::new(Code::Internal, "nobody asked who sends this request"))?;
    let share = app.requests.share(caller.tenant)?;
    let gateway = &app.config.gateway;
    let pace = Pace { behind: gateway.body_timeout_ms.duration(), bytes_per_second: gateway.body_bytes_per_second };
    let body = match taking {
        Taking::Whole(limit) => whole(sized(&parts.headers, body, limit)?, limit, pace).await?.into(),
        Taking::Pieces(limit) => Body::from_stream(paced(sized(&parts.headers, body, limit)?, pace)),
    };
    let place = app.requests.place()?;
    Ok((Request::from_parts(parts, body), (share, place)))
}
