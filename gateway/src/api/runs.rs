//! `/api/v1/runs`, and tool calls, which are runs too.

pub(crate) mod control;
mod events;
mod execute;
mod fork;
mod get;
mod keyed;
mod links;
mod list;
pub(crate) mod seat;
mod start;
mod stream;
mod view;

use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) use self::start::start_as_asked;
pub use self::view::{Projected, RunView};
pub(super) use self::{
    start::{Bounds, StartOptions, StartRun, start},
    view::FailureView,
};
use crate::app::App;

/// Watching runs: whoever does so for long has a place of its own, and takes none of those for requests.
pub(super) fn watching() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(stream::stream_run)).routes(routes!(events::run_events))
}

/// The other endpoints of runs.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(start::start_run, list::list_runs))
        .routes(routes!(get::get_run))
        .routes(routes!(control::continue_run))
        .routes(routes!(control::cancel_run))
        .routes(routes!(control::pause_run))
        .routes(routes!(control::resume_run))
        .routes(routes!(fork::fork_run))
        .routes(routes!(execute::execute_tool))
}
