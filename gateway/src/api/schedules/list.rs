//! `GET /api/v1/schedules`: the tenant's schedules, the newest first.

use axum::extract::State;
use sba_store::schedules::{self, ScheduleStatus};
use serde::Deserialize;
use utoipa::IntoParams;

use super::view::ScheduleView;
use crate::{
    api::page::Paged,
    app::App,
    auth::Principal,
    error::ApiError,
    extract::{Json, List, PageQuery},
};

/// Which schedules are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ScheduleQuery {
    /// Only schedules that stand so: `active`, `paused` or `ended`.
    #[param(value_type = Option<String>, example = "active")]
    status: Option<ScheduleStatus>,
}

/// List schedules
#[utoipa::path(
    get, path = "/api/v1/schedules", tag = "schedules",
    params(PageQuery, ScheduleQuery),
    responses(
        (status = 200, description = "One page, the newest first", body = Paged<ScheduleView>),
        (status = 400, description = "`invalid_request`, `validation_failed`", body = crate::error::ErrorBody),
        (status = 503, description = "`unavailable`", body = crate::error::ErrorBody),
    ),
)]
pub(crate) async fn list_schedules(
    State(app): State<App>,
    principal: Principal,
    List { page, only }: List<ScheduleQuery>,
) -> Result<Json<Paged<ScheduleView>>, ApiError> {
    let mut tx = app.store.begin(principal.tenant).await?;
    let listed = schedules::list(&mut tx, only.status, page).await?;
    drop(tx);
    Ok(Json(Paged::of(listed, ScheduleView::from)))
}
