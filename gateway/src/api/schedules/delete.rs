//! `DELETE /api/v1/schedules/{schedule_id}`: have no more runs started.

use axum::{extract::State, http::StatusCode};
use sba_store::{audit::Actor, schedules};
use sba_subjects::id::ScheduleId;
use uuid::Uuid;

use super::wake;
use crate::{app::App, auth::Principal, error::ApiError, extract::Path, http::RequestId};

/// Delete a schedule
///
/// No run is started from the answer on. Runs that were started go on.
#[utoipa::path(
    delete, path = "/api/v1/schedules/{schedule_id}", tag = "schedules",
    params(("schedule_id" = Uuid, Path, description = "The schedule")),
    responses(
        (status = 204, description = "The schedule is gone"),
        (status = 403, description = "`forbidden`", body = crate::error::ErrorBody),
        (status = 404, description = "`not_found`", body = crate::error::ErrorBody),
        (status = 503, description = "`unavailable`", body = crate::error::ErrorBody),
    ),
)]
pub(crate) async fn delete_schedule(
    State(app): State<App>,
    principal: Principal,
    RequestId(request_id): RequestId,
    Path(schedule): Path<Uuid>,
) -> Result<StatusCode, ApiError> {
    let actor = Actor { user_id: Some(principal.user), request_id: Some(request_id) };
    let schedule = ScheduleId::from_uuid(schedule);
    let mut tx = app.store.begin(principal.tenant).await?;
    if !schedules::delete(&mut tx, schedule, &actor).await? {
        return Err(ApiError::not_found("schedule"));
    }
    tx.commit().await?;
    wake::forget(&app, &principal, schedule).await;
    Ok(StatusCode::NO_CONTENT)
}
