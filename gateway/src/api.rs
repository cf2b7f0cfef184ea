//! The endpoints, one a file.

mod ag_ui;
mod artifacts;
mod documents;
pub(crate) mod idempotency;
mod keys;
mod nats;
mod page;
mod schedules;
mod sessions;
mod tasks;
mod tenants;

pub(crate) mod openapi;
pub(crate) mod runs;
pub(crate) mod times;
pub(crate) mod tools;

pub use self::runs::{Projected, RunView};

use axum::{Router, extract::DefaultBodyLimit, middleware};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::{
    app::App,
    auth::guard,
    http::{Taking, admit, in_time},
};

/// Room for the parts of a form around a document, in bytes.
const FORM: usize = 64 * 1024;

/// The endpoints of the API, and what describes them.
pub(crate) fn router(app: &App) -> (Router<App>, OpenApi) {
    let limits = &app.config.gateway;
    let document = usize::try_from(app.config.knowledge.max_document_bytes).unwrap_or(usize::MAX);
    // Everything that the API does is behind it.
    let guard = || middleware::from_fn_with_state(app.clone(), guard);
    let plain = documented().split_for_parts();
    let uploads = documents::uploads().split_for_parts();
    let plain_routes = plain
        .0
        // What is admitted is as small as it must be.
        .layer(DefaultBodyLimit::disable())
        .route_layer(middleware::from_fn_with_state((app.clone(), Taking::Whole(limits.max_body_bytes)), admit))
        .route_layer(guard())
        .layer(middleware::from_fn_with_state(limits.request_timeout_ms.duration(), in_time));
    // A poll waits as long as it likes before it is answered.
    let answered = limits.request_timeout_ms.duration() + limits.max_poll_wait_ms.duration();
    let watching_routes =
        watching().split_for_parts().0.route_layer(guard()).layer(middleware::from_fn_with_state(answered, in_time));
    let upload_size = document.saturating_add(FORM);
    let upload_routes = uploads
        .0
        .layer(DefaultBodyLimit::max(upload_size))
        .route_layer(middleware::from_fn_with_state((app.clone(), Taking::Pieces(upload_size)), admit))
        .route_layer(guard())
        .layer(middleware::from_fn_with_state(limits.upload_timeout_ms.duration(), in_time));
    (plain_routes.merge(watching_routes).merge(upload_routes), openapi::document())
}

/// Every endpoint for watching.
fn watching() -> OpenApiRouter<App> {
    runs::watching().merge(sessions::watching())
}

/// Every endpoint but those for uploads and for watching.
fn documented() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(ag_ui::router())
        .merge(tenants::router())
        .merge(keys::router())
        .merge(nats::router())
        .merge(tools::router())
        .merge(sessions::router())
        .merge(runs::router())
        .merge(schedules::router())
        .merge(artifacts::router())
        .merge(documents::router())
        .merge(tasks::router())
}
