//! `GET /api/v1/schedules/{schedule_id}`: see a schedule.

use axum::extract::State;
use sba_store::schedules;
use sba_subjects::id::ScheduleId;
use uuid::Uuid;

use super::view::ScheduleView;
use crate::{
    app::App,
    auth::Principal,
    error::ApiError,
    extract::{Json, Path},
};

/// See a schedule
///
/// With its next moment, and the run that was started for the last one.
#[utoipa::path(
    get, path = "/api/v1/schedules/{schedule_id}", tag = "schedules",
    params(("schedule_id" = Uuid, Path, description = "The schedule")),
    responses(
        (status = 200, description = "The schedule", body = ScheduleView),
        (status = 404, description = "`not_found`", body = crate::error::ErrorBody),
        (status = 503, description = "`unavailable`", body = crate::error::ErrorBody),
    ),
)]
pub(crate) async fn get_schedule(
    State(app): State<App>,
    principal: Principal,
    Path(schedule): Path<Uuid>,
) -> Result<Json<ScheduleView>, ApiError> {
    let mut tx = app.store.begin(principal.tenant).await?;
    let found = schedules::get(&mut tx, ScheduleId::from_uuid(schedule)).await?;
    drop(tx);
    let schedule = found.ok_or_else(|| ApiError::not_found("schedule"))?;
    Ok(Json(schedule.into()))
}
