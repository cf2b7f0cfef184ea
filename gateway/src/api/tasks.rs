//! `/api/v1/tasks`

mod complete;
mod create;
mod get;
mod list;
mod update;
mod view;

use sba_store::tasks::{MAX_DESCRIPTION, MAX_TITLE};
use time::OffsetDateTime;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{api::times, app::App, error::ApiError};

/// The endpoints of tasks.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create::create_task, list::list_tasks))
        .routes(routes!(get::get_task, update::update_task))
        .routes(routes!(complete::complete_task))
}

/// A title stands in one line.
fn one_line<C>(text: &str, _context: &C) -> garde::Result {
    if text.chars().any(char::is_control) { Err(garde::Error::new("has more than one line")) } else { Ok(()) }
}

/// When a task must be done, as a client wrote it.
fn due_at(text: &str) -> Result<OffsetDateTime, ApiError> {
    times::read(text).ok_or_else(|| ApiError::invalid_field("due_at", times::EXPECTED))
}
