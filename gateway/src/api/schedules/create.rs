//! `POST /api/v1/schedules`: have runs started by the clock.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use garde::Validate;
use sba_service::publish::PublishFailure;
use sba_store::{
    StoreError,
    audit::Actor,
    schedules::{self, Missed, NewSchedule, Schedule, Timing},
};
use sba_subjects::{
    event::{Created, TenantSettings},
    id::ScheduleId,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::{view::ScheduleView, wake, when::When};
use crate::{
    api::{
        idempotency::{ClaimError, Claimed, Key, KeyHeader, claim},
        runs::{Bounds, StartRun},
    },
    app::App,
    auth::Principal,
    error::{ApiError, Code},
    extract::{Checked as _, Json, no_control},
    http::RequestId,
};

/// Name under which keys of this endpoint are kept.
const ENDPOINT: &str = "POST /api/v1/schedules";

/// A schedule to be made.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[garde(context(Bounds))]
#[schema(example = json!({
    "name": "Morning report",
    "when": {"cron": "0 7 * * MON-FRI", "time_zone": "Europe/Berlin"},
    "run": {"prompt": "Summarise what is new.", "options": {"locale": "en"}},
    "missed": "once",
}))]
pub(crate) struct CreateSchedule {
    /// What people call it.
    #[serde(default)]
    #[garde(length(chars, max = 200), custom(no_control))]
    #[schema(max_length = 200)]
    name: String,
    /// When runs are started.
    #[garde(skip)]
    when: When,
    /// What they are started with, as for `POST /api/v1/runs`.
    #[garde(dive)]
    run: StartRun,
    /// What becomes of moments at which SBA is down: `once`, which is taken when nothing is named, or `skip`.
    #[serde(default = "once")]
    #[garde(skip)]
    #[schema(value_type = Option<String>, example = "once")]
    missed: Missed,
    /// May stand here instead of in the header `Idempotency-Key`.
    #[serde(default, alias = "idempotencyKey")]
    #[garde(skip)]
    idempotency_key: Option<String>,
}

const fn once() -> Missed {
    Missed::Once
}

/// What the hash of a request covers.
#[derive(Serialize)]
struct Asked<'a> {
    name: &'a str,
    when: &'a When,
    missed: Missed,
    request_hash: &'a str,
}

/// Why a schedule was not made.
#[derive(Debug, thiserror::Error)]
enum CreateError {
    #[error("the schedule was not stored")]
    Store(#[from] StoreError),
    #[error(transparent)]
    Key(#[from] ClaimError),
    #[error("the message that wakes the schedule was not stored")]
    Wake(#[from] PublishFailure),
    #[error("the tenant has {0} schedules, as many as it may")]
    NoRoom(u32),
    #[error("no moment of it lies in the future")]
    Over,
    #[error("the schedule that this key made is gone")]
    Gone,
}

impl From<CreateError> for ApiError {
    fn from(error: CreateError) -> Self {
        match error {
            CreateError::Store(error) => error.into(),
            CreateError::Key(error) => error.into(),
            CreateError::Wake(error) => error.into(),
            CreateError::NoRoom(_) => Self::new(Code::TooManySchedules, error.to_string()),
            CreateError::Over => Self::invalid_field("when", error.to_string()),
            CreateError::Gone => Self::not_found("schedule"),
        }
    }
}

/// Make a schedule
///
/// Its runs act on behalf of whoever makes it, with the roles that the token has now and the settings that the tenant has
/// then. Of one moment no more than one run is ever started.
#[utoipa::path(
    post, path = "/api/v1/schedules", tag = "schedules",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again")),
    request_body = CreateSchedule,
    responses(
        (status = 201, description = "The schedule", body = ScheduleView),
        (status = 400, description = "`invalid_request`, `validation_failed`", body = crate::error::ErrorBody),
        (status = 403, description = "`forbidden`, `session_expired`", body = crate::error::ErrorBody),
        (status = 404, description = "`not_found`: the session", body = crate::error::ErrorBody),
        (status = 409, description = "`idempotency_conflict`, `too_many_schedules`", body = crate::error::ErrorBody),
        (status = 503, description = "`unavailable`, `overloaded`", body = crate::error::ErrorBody),
    ),
)]
pub(crate) async fn create_schedule(
    State(app): State<App>,
    principal: Principal,
    RequestId(request_id): RequestId,
    key: KeyHeader,
    Json(request): Json<CreateSchedule>,
) -> Result<impl IntoResponse, ApiError> {
    let CreateSchedule { name, when, run, missed, idempotency_key } = request.checked(&Bounds::of(&app))?;
    run.acts_for(&principal)?;
    if run.idempotency_key.is_some() {
        return Err(ApiError::invalid_field("run.idempotency_key", "each run of a schedule has a key of its own"));
    }
    let now = app.clock.now();
    if let Some(session) = run.session() {
        app.sessions.usable(&principal, session, now).await?;
    }
    let timing = when.timing(app.config.gateway.min_schedule_seconds, now)?;
    let run = run.created(&principal, TenantSettings::default())?;
    let asked = Asked { name: &name, when: &when, missed, request_hash: &run.request_hash };
    let key = key.of(ENDPOINT, idempotency_key, &asked)?;
    let actor = Actor { user_id: Some(principal.user), request_id: Some(request_id) };
    let made = store(&app, &principal, Wanted { name, timing, missed, run }, key.as_ref(), now, &actor).await?;
    let location = [(header::LOCATION, format!("/api/v1/schedules/{}", made.id))];
    Ok((StatusCode::CREATED, location, Json(ScheduleView::from(made))))
}

/// What is wanted, checked.
struct Wanted {
    name: String,
    timing: Timing,
    missed: Missed,
    run: Created,
}

async fn store(
    app: &App,
    principal: &Principal,
    Wanted { name, timing, missed, run }: Wanted,
    key: Option<&Key>,
    now: OffsetDateTime,
    actor: &Actor,
) -> Result<Schedule, CreateError> {
    let mut tx = app.store.begin(principal.tenant).await?;
    let mut id: ScheduleId = app.ids.make();
    match claim(app, &mut tx, key, id.as_uuid(), now).await? {
        Claimed::Before(earlier) => id = ScheduleId::from_uuid(earlier),
        Claimed::New => {
            // After the key: the same request again is right even when its moment has come.
            let next_at = timing.first(now).ok().flatten().ok_or(CreateError::Over)?;
            let most = app.config.gateway.max_schedules_per_tenant;
            if !schedules::room(&mut tx, most).await? {
                return Err(CreateError::NoRoom(most));
            }
            let (request, created_by) = (json!(run), principal.user);
            let schedule = NewSchedule { id, name, timing, missed, request, created_by, next_at };
            schedules::create(&mut tx, &schedule, actor).await?;
            wake::set(app, principal, id, next_at).await?;
        }
    }
    let stored = schedules::get(&mut tx, id).await?.ok_or(CreateError::Gone)?;
    tx.commit().await?;
    Ok(stored)
}
