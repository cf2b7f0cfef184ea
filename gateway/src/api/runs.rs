//! `/api/v1/runs`, and tool calls, which are runs too.

mod control;
mod execute;
mod fork;
mod get;
mod links;
mod list;
mod start;
mod stream;
mod view;

use utoipa_axum::{router::OpenApiRouter, routes};

pub use self::view::{Projected, RunView};
pub(super) use self::{
    start::{Bounds, StartOptions, StartRun},
    view::FailureView,
};
use crate::app::App;

/// The endpoints of runs.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(start::start_run, list::list_runs))
        .routes(routes!(get::get_run))
        .routes(routes!(stream::stream_run))
        .routes(routes!(control::continue_run))
        .routes(routes!(control::cancel_run))
        .routes(routes!(control::pause_run))
        .routes(routes!(control::resume_run))
        .routes(routes!(fork::fork_run))
        .routes(routes!(execute::execute_tool))
}
