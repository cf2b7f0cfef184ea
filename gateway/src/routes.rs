//! Every address of the gateway, with what stands around the handlers.

use std::{any::Any, future::ready};

use axum::{
    Router,
    http::{HeaderName, HeaderValue, Method, header},
    middleware,
    response::{IntoResponse, Response},
};
use sba_service::health::Health;
use tower_http::{
    catch_panic::CatchPanicLayer,
    cors::{AllowOrigin, CorsLayer},
};
use utoipa_swagger_ui::SwaggerUi;

use crate::{
    api,
    app::App,
    console,
    error::{ApiError, Code},
    http::{fits, linger, observe},
};

/// The gateway as a service.
pub(crate) fn router(app: &App, health: &Health) -> Router {
    let (api, document) = api::router(app);
    let pages = if app.config.gateway.console { console::router() } else { Router::new() };
    let mut router = api
        .merge(pages)
        .method_not_allowed_fallback(wrong_method)
        .fallback(nowhere)
        .layer(middleware::from_fn_with_state(app.config.gateway.max_head_bytes, fits))
        .layer(middleware::map_request(|request| ready(linger(request))))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(app.clone(), observe));
    if let Some(cors) = cors(&app.config.gateway.cors_origins) {
        router = router.layer(cors);
    }
    router
        .with_state(app.clone())
        .merge(SwaggerUi::new("/docs").url("/api/v1/openapi.json", document))
        .merge(health.router())
}

/// What answers on connections that are too many.
pub(crate) fn refusal(app: &App) -> Router {
    let full = || async { ApiError::new(Code::Overloaded, "there is no room for another connection") };
    Router::new().fallback(full).layer(middleware::from_fn_with_state(app.clone(), observe))
}

async fn nowhere() -> ApiError {
    ApiError::new(Code::NotFound, "there is nothing at this address")
}

async fn wrong_method() -> ApiError {
    ApiError::new(Code::MethodNotAllowed, "this address does not take this method")
}

/// What a handler said when it panicked.
#[derive(Debug, thiserror::Error)]
#[error("a handler panicked: {0}")]
struct Panicked(String);

fn panicked(payload: Box<dyn Any + Send + 'static>) -> Response {
    let said = payload.downcast_ref::<String>().cloned();
    let said = said.or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    let cause = Panicked(said.unwrap_or_else(|| "without a word".to_owned()));
    ApiError::new(Code::Internal, "the request met a fault of SBA").caused_by(cause).into_response()
}

/// Which pages of other origins may call the API; none, unless the configuration names them.
fn cors(origins: &[String]) -> Option<CorsLayer> {
    if origins.is_empty() {
        return None;
    }
    let allowed = if origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()))
    };
    let headers = [
        header::AUTHORIZATION,
        header::CONTENT_TYPE,
        HeaderName::from_static("idempotency-key"),
        HeaderName::from_static("x-request-id"),
        HeaderName::from_static("x-session-token"),
    ];
    Some(
        CorsLayer::new()
            .allow_origin(allowed)
            .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
            .allow_headers(headers)
            .expose_headers([HeaderName::from_static("x-request-id"), header::RETRY_AFTER]),
    )
}

#[cfg(test)]
mod tests;
