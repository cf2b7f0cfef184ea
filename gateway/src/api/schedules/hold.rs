//! `POST /api/v1/schedules/{schedule_id}/pause` and `…/resume`: hold a schedule, and let it go on.

use axum::extract::State;
use sba_store::{
    TenantTx,
    audit::Actor,
    schedules::{self, Schedule, ScheduleStatus},
};
use sba_subjects::id::ScheduleId;
use uuid::Uuid;

use super::{view::ScheduleView, wake};
use crate::{
    app::App,
    auth::Principal,
    error::{ApiError, Code},
    extract::{Json, Path},
    http::RequestId,
};

/// Pause a schedule
///
/// No run is started from the answer on, until it is resumed. One that is paused stays so.
#[utoipa::path(
    post, path = "/api/v1/schedules/{schedule_id}/pause", tag = "schedules",
    params(("schedule_id" = Uuid, Path, description = "The schedule")),
    responses(
        (status = 200, description = "The schedule as it is now", body = ScheduleView),
        (status = 403, description = "`forbidden`", body = crate::error::ErrorBody),
        (status = 404, description = "`not_found`", body = crate::error::ErrorBody),
        (status = 409, description = "`schedule_ended`", body = crate::error::ErrorBody),
        (status = 503, description = "`unavailable`", body = crate::error::ErrorBody),
    ),
)]
pub(crate) async fn pause_schedule(
    State(app): State<App>,
    principal: Principal,
    RequestId(request_id): RequestId,
    Path(schedule): Path<Uuid>,
) -> Result<Json<ScheduleView>, ApiError> {
    let actor = Actor { user_id: Some(principal.user), request_id: Some(request_id) };
    let id = ScheduleId::from_uuid(schedule);
    let mut tx = app.store.begin(principal.tenant).await?;
    let stands = standing(&mut tx, id).await?.status;
    if stands == ScheduleStatus::Ended {
        return Err(ended());
    }
    schedules::pause(&mut tx, id, &actor).await?;
    let paused = standing(&mut tx, id).await?;
    // Its message stays, and wakes for nothing: taken back now, it might be the one that a resumption has just set.
    tx.commit().await?;
    Ok(Json(paused.into()))
}

/// Resume a schedule
///
/// It goes on with the next moment that lies in the future: those that passed meanwhile were not missed.
#[utoipa::path(
    post, path = "/api/v1/schedules/{schedule_id}/resume", tag = "schedules",
    params(("schedule_id" = Uuid, Path, description = "The schedule")),
    responses(
        (status = 200, description = "The schedule as it is now", body = ScheduleView),
        (status = 403, description = "`forbidden`", body = crate::error::ErrorBody),
        (status = 404, description = "`not_found`", body = crate::error::ErrorBody),
        (status = 409, description = "`schedule_ended`", body = crate::error::ErrorBody),
        (status = 503, description = "`unavailable`", body = crate::error::ErrorBody),
    ),
)]
pub(crate) async fn resume_schedule(
    State(app): State<App>,
    principal: Principal,
    RequestId(request_id): RequestId,
    Path(schedule): Path<Uuid>,
) -> Result<Json<ScheduleView>, ApiError> {
    let actor = Actor { user_id: Some(principal.user), request_id: Some(request_id) };
    let id = ScheduleId::from_uuid(schedule);
    let mut tx = app.store.begin(principal.tenant).await?;
    let schedule = standing(&mut tx, id).await?;
    match schedule.status {
        ScheduleStatus::Active => return Ok(Json(schedule.into())),
        ScheduleStatus::Ended => return Err(ended()),
        ScheduleStatus::Paused => {}
    }
    let next_at = schedule.timing.first(app.clock.now()).ok().flatten().ok_or_else(ended)?;
    schedules::resume(&mut tx, id, next_at, &actor).await?;
    wake::set(&app, &principal, id, next_at).await?;
    let resumed = standing(&mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(resumed.into()))
}

/// The schedule, which nobody else changes until the transaction ends.
async fn standing(tx: &mut TenantTx, id: ScheduleId) -> Result<Schedule, ApiError> {
    schedules::lock(tx, id).await?.ok_or_else(|| ApiError::not_found("schedule"))
}

fn ended() -> ApiError {
    ApiError::new(Code::ScheduleEnded, "the schedule has no moment left")
}
