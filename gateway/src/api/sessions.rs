//! `/api/v1/sessions`

mod create;
mod get;
mod stream;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app::App;

/// Watching the runs of a session: whoever does so has a place of its own, and takes none of those for requests.
pub(super) fn watching() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(stream::stream_session))
}

/// The other endpoints of sessions.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create::create_session)).routes(routes!(get::get_session))
}
