//! `/api/v1/sessions`

mod create;
mod get;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app::App;

/// The endpoints of sessions.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create::create_session)).routes(routes!(get::get_session))
}
