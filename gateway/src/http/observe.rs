//! The outermost layer: the request's id and span, the bodies of errors, the log line of a failure.

use axum::{
    extract::{MatchedPath, Request, State},
    http::HeaderValue,
    middleware::Next,
    response::Response,
};
use sba_service::telemetry::trace;
use tracing::{Instrument as _, Span, debug, error, field::Empty, info_span};

use super::request_id::{HEADER, RequestId};
use crate::{app::App, error::ApiError};

/// Gives the request an id and a span, writes the body of an error and logs what went wrong inside, once.
pub(crate) async fn observe(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let id = RequestId::sent(request.headers()).unwrap_or_else(|| RequestId(app.ids.uuid().to_string()));
    let span = span(&request, &id);
    trace::continue_from(&span, trace::extract_http(request.headers()));
    request.extensions_mut().insert(id.clone());
    app.metrics.request();
    async move {
        let mut response = next.run(request).await;
        if let Some(error) = response.extensions_mut().remove::<ApiError>() {
            log(&error);
            response = error.render(&id.0);
        }
        Span::current().record("status", response.status().as_u16());
        if let Ok(value) = HeaderValue::from_str(&id.0) {
            response.headers_mut().insert(HEADER, value);
        }
        response
    }
    .instrument(span)
    .await
}

fn span(request: &Request, id: &RequestId) -> Span {
    // The route, not the path: its values are bounded and hold no ids.
    let route = request.extensions().get::<MatchedPath>().map_or("unknown", MatchedPath::as_str);
    info_span!(
        "request",
        otel.kind = "server",
        request_id = %id.0,
        method = %request.method(),
        route,
        status = Empty,
        tenant_id = Empty,
        user_id = Empty,
        run_id = Empty,
    )
}

/// Logs what went wrong inside.
pub(crate) fn log(failure: &ApiError) {
    let (code, cause) = (failure.code(), failure.causes());
    if code.status().is_server_error() {
        error!(code = code.as_str(), cause, "a request failed: {failure}");
    } else {
        // What clients do wrong is theirs to know, and anybody can cause it.
        debug!(code = code.as_str(), cause, "a request was refused: {failure}");
    }
}
