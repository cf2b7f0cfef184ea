//! `/api/v1/schedules`

mod create;
mod delete;
mod get;
mod hold;
mod list;
mod view;
mod wake;
mod when;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app::App;

/// The endpoints of schedules.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create::create_schedule, list::list_schedules))
        .routes(routes!(get::get_schedule, delete::delete_schedule))
        .routes(routes!(hold::pause_schedule))
        .routes(routes!(hold::resume_schedule))
}
