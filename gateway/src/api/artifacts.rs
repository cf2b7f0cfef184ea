//! `/api/v1/artifacts`

mod content;
mod get;
mod list;
mod view;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app::App;

/// The endpoints of artifacts.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::list_artifacts))
        .routes(routes!(get::get_artifact))
        .routes(routes!(content::get_content))
}
