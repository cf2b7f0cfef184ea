//! `/api/v1/runs`

mod get;
mod links;
mod list;
mod start;
mod stream;
mod view;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app::App;

/// The endpoints of runs.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(start::start_run, list::list_runs))
        .routes(routes!(get::get_run))
        .routes(routes!(stream::stream_run))
}
