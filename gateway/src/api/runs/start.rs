//! `POST /api/v1/runs`: start a run.

use async_nats::HeaderMap;
use axum::{
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use garde::Validate;
use sba_service::{log::AppendError, telemetry::trace};
use sba_subjects::{
    codec::CodecError,
    command::{Command, CommandBody},
    envelope::{Enveloped, VERSION},
    event::{Created, Event, RunOptions},
    id::{CommandId, RecordId, RunId, SessionId, TenantId, UserId},
    record::Record,
    run::{RunStatus, Workflow},
    subject::Subject,
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use tracing::{Span, field::display};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    api::{
        idempotency::{self, KeyHeader},
        times,
    },
    app::App,
    auth::{Action, Principal},
    error::{ApiError, Code},
    extract::{Checked as _, Json, no_control, not_blank},
    publish::{self, PublishFailure},
};

/// What a run is started with.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[garde(context(Bounds as bounds))]
#[schema(example = json!({
    "prompt": "Summarise the payment terms of our suppliers.",
    "options": {"locale": "en", "top_k": 6},
}))]
pub(crate) struct StartRun {
    /// The tenant; only the token's own is taken.
    #[serde(default, alias = "tenantId")]
    #[garde(skip)]
    tenant_id: Option<Uuid>,
    /// The user; only the token's own is taken.
    #[serde(default, alias = "userId")]
    #[garde(skip)]
    user_id: Option<Uuid>,
    /// What is asked.
    #[garde(length(bytes, min = 1, max = bounds.prompt_bytes), custom(no_control), custom(not_blank))]
    #[schema(min_length = 1)]
    prompt: String,
    /// How it is to be done.
    #[serde(default)]
    #[garde(dive)]
    options: Option<StartOptions>,
    /// The session that it belongs to.
    #[serde(default, alias = "sessionId")]
    #[garde(skip)]
    session_id: Option<Uuid>,
    /// The plan that it follows; `render` when none is named.
    #[serde(default)]
    #[garde(skip)]
    #[schema(value_type = Option<String>, example = "render")]
    workflow: Option<Workflow>,
    /// May stand here instead of in the header `Idempotency-Key`.
    #[serde(default, alias = "idempotencyKey")]
    #[garde(skip)]
    idempotency_key: Option<String>,
}

/// What a request may choose; what it leaves open, the configuration decides.
#[derive(Debug, Default, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[garde(context(Bounds as bounds))]
pub(crate) struct StartOptions {
    /// Language of the answer, as a BCP 47 tag.
    #[serde(default)]
    #[garde(inner(length(bytes, min = 2, max = 35), custom(language_tag)))]
    #[schema(example = "en")]
    locale: Option<String>,
    /// How many passages a look-up returns.
    #[serde(default, alias = "topK")]
    #[garde(inner(range(min = 1, max = bounds.top_k)))]
    #[schema(minimum = 1, example = 6)]
    top_k: Option<u32>,
    /// How many steps the run may take.
    #[serde(default, alias = "maxSteps")]
    #[garde(inner(range(min = 1, max = bounds.max_steps)))]
    #[schema(minimum = 1, example = 8)]
    max_steps: Option<u32>,
}

/// How large a request may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    prompt_bytes: usize,
    top_k: u32,
    max_steps: u32,
}

/// A run that was accepted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Started {
    /// The run.
    run_id: Uuid,
    /// Where it stood when it was accepted.
    #[schema(value_type = String, example = "created")]
    status: RunStatus,
    /// The session that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<Uuid>,
    /// The plan that it follows.
    #[schema(value_type = String, example = "render")]
    workflow: Workflow,
    /// When it was accepted.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// Where to go on.
    links: Links,
}

/// Addresses that belong to a run, relative to the gateway's.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Links {
    /// The run.
    #[schema(example = "/api/v1/runs/0192f0c1-7d5e-7c3a-9b1e-2f6a4d8c0e11")]
    pub(crate) run: String,
    /// Its WebSocket.
    #[schema(example = "/api/v1/runs/0192f0c1-7d5e-7c3a-9b1e-2f6a4d8c0e11/stream")]
    pub(crate) stream: String,
    /// What it made.
    #[schema(example = "/api/v1/artifacts?run_id=0192f0c1-7d5e-7c3a-9b1e-2f6a4d8c0e11")]
    pub(crate) artifacts: String,
}

impl Links {
    pub(crate) fn of(run: RunId) -> Self {
        Self {
            run: format!("/api/v1/runs/{run}"),
            stream: format!("/api/v1/runs/{run}/stream"),
            artifacts: format!("/api/v1/artifacts?run_id={run}"),
        }
    }
}

/// Why a run could not be started.
#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error("the request cannot be written for NATS")]
    Encode(#[from] CodecError),
    #[error("the command to start the run was not stored")]
    Publish(#[from] PublishFailure),
    #[error("the run was not recorded")]
    Append(#[from] AppendError),
    #[error("the run that has this key could not be read")]
    Read(#[from] sba_service::log::ReadError),
    #[error("this idempotency key was used with another request")]
    KeyReused,
    #[error("the run's first record has no event")]
    Nothing,
}

impl From<StartError> for ApiError {
    fn from(error: StartError) -> Self {
        match error {
            StartError::KeyReused => idempotency::conflict(),
            StartError::Publish(failure) => failure.into(),
            StartError::Append(AppendError::Full(_)) => {
                Self::new(Code::StorageFull, "the log has no room for another run").caused_by(error)
            }
            StartError::Append(AppendError::TooLarge { .. }) => {
                Self::new(Code::PayloadTooLarge, "the request is larger than the log takes").caused_by(error)
            }
            StartError::Append(_) | StartError::Read(_) => {
                let message =
                    "it is not known whether the run was stored; send the request again with an idempotency key";
                Self::new(Code::Unavailable, message).caused_by(error)
            }
            StartError::Encode(_) | StartError::Nothing => {
                Self::new(Code::Internal, "the run could not be started").caused_by(error)
            }
        }
    }
}

/// What the hash of a request covers: all that changes what is done, and for whom.
#[derive(Serialize)]
struct Asked<'a> {
    user_id: UserId,
    session_id: Option<SessionId>,
    workflow: Workflow,
    prompt: &'a str,
    options: &'a RunOptions,
}

/// Start a run
///
/// The answer comes when the run is stored: it will be driven, whatever happens to this gateway. With an idempotency
/// key, the same request again gives the same run, from any gateway.
#[utoipa::path(
    post, path = "/api/v1/runs", tag = "runs",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again")),
    request_body = StartRun,
    responses(
        (status = 201, description = "The run is stored", body = Started),
        (status = 400, description = "`invalid_request`, `validation_failed`", body = crate::error::ErrorBody),
        (status = 403, description = "`forbidden`, `session_expired`", body = crate::error::ErrorBody),
        (status = 404, description = "`not_found`: the session", body = crate::error::ErrorBody),
        (status = 409, description = "`idempotency_conflict`", body = crate::error::ErrorBody),
        (status = 413, description = "`payload_too_large`", body = crate::error::ErrorBody),
        (status = 503, description = "`storage_full`, `unavailable`, `overloaded`", body = crate::error::ErrorBody),
    ),
)]
pub(crate) async fn start_run(
    State(app): State<App>,
    principal: Principal,
    key: KeyHeader,
    Json(request): Json<StartRun>,
) -> Result<impl IntoResponse, ApiError> {
    principal.may(Action::StartRun)?;
    let request = request.checked(&Bounds::of(&app))?;
    acts_for_itself(&request, &principal)?;
    let session = request.session_id.map(SessionId::from_uuid);
    if let Some(session) = session {
        app.sessions.usable(&principal, session, app.clock.now()).await?;
    }
    let key = key.or_body(request.idempotency_key)?;
    let run = key.map_or_else(|| app.ids.make(), |key| principal.key.run_for(&key));
    Span::current().record("run_id", display(run));

    let created = created(&principal, session, request.workflow, request.prompt, request.options.unwrap_or_default())?;
    let now = app.clock.now();
    let created_at = store(&app, &principal, run, &created, now).await?;
    let links = Links::of(run);
    let location = [(header::LOCATION, links.run.clone())];
    let started = Started {
        run_id: run.as_uuid(),
        status: RunStatus::Created,
        session_id: created.session_id.map(|session| session.as_uuid()),
        workflow: created.workflow,
        created_at,
        links,
    };
    Ok((StatusCode::CREATED, location, Json(started)))
}

/// Letters, digits and hyphens, as in `id` or `zh-Hant-TW`.
fn language_tag<C>(tag: &str, _context: &C) -> garde::Result {
    let subtag = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if tag.split('-').all(subtag) { Ok(()) } else { Err(garde::Error::new("is no language tag such as en or id")) }
}

impl Bounds {
    fn of(app: &App) -> Self {
        let config = &app.config;
        Self {
            prompt_bytes: config.gateway.max_prompt_bytes,
            top_k: config.knowledge.max_top_k,
            max_steps: config.orchestrator.max_steps,
        }
    }
}

fn acts_for_itself(request: &StartRun, principal: &Principal) -> Result<(), ApiError> {
    let tenant = request.tenant_id.is_none_or(|id| TenantId::from_uuid(id) == principal.tenant);
    let user = request.user_id.is_none_or(|id| UserId::from_uuid(id) == principal.user);
    if tenant && user {
        return Ok(());
    }
    Err(ApiError::new(Code::Forbidden, "tenant_id and user_id must be those of the token"))
}

fn created(
    principal: &Principal,
    session_id: Option<SessionId>,
    workflow: Option<Workflow>,
    prompt: String,
    options: StartOptions,
) -> Result<Created, ApiError> {
    let workflow = workflow.unwrap_or(Workflow::Render);
    let options = RunOptions { locale: options.locale, top_k: options.top_k, max_steps: options.max_steps };
    let user_id = principal.user;
    let asked = Asked { user_id, session_id, workflow, prompt: &prompt, options: &options };
    let request_hash = data_encoding::HEXLOWER.encode(&idempotency::request_hash(&asked)?);
    Ok(Created { tenant_id: principal.tenant, user_id, session_id, workflow, prompt, options, request_hash })
}

/// Stores the command that drives the run and its first event, at the same time. Gives back when the run
/// was accepted: an earlier request with the same key may have done it.
async fn store(
    app: &App,
    principal: &Principal,
    run: RunId,
    created: &Created,
    now: OffsetDateTime,
) -> Result<OffsetDateTime, StartError> {
    let (id, ts) = (app.ids.make::<CommandId>(), times::to_millis(now));
    let command = Command { v: VERSION, id, ts, body: CommandBody::Start(created.clone()) };
    let subject = Subject::Cmd { tenant: principal.key.clone(), run, verb: command.body.verb() };
    let record = first_record(app.ids.make(), run, &command, created)?;
    let mut headers = HeaderMap::new();
    trace::inject(&mut headers);
    let (published, appended) = tokio::join!(
        publish::acked(app, &subject, &command, headers.clone()),
        app.log.append(&principal.key, run, &record, 0, &headers, app.config.nats.request_timeout_ms.duration()),
    );
    let accepted = match appended {
        Ok(_) => now,
        Err(AppendError::Fenced { .. }) => same_request(app, principal, run, created).await?,
        Err(error) => return Err(error.into()),
    };
    published?;
    Ok(accepted)
}

/// The run's first event, as the log holds it.
fn first_record(id: RecordId, run: RunId, command: &Command, created: &Created) -> Result<Record, StartError> {
    let payload = Event::Created(created.clone());
    let event = Enveloped {
        v: VERSION,
        r#type: payload.kind().to_owned(),
        run,
        step: None,
        attempt: 0,
        seq: 1,
        ts: command.ts,
        cause: Some(command.id),
        key_id: None,
        payload,
    };
    Record::of(id, &[event])?.ok_or(StartError::Nothing)
}

/// When a run that was there before was accepted, if it is the same request; the key cannot stand for another as well.
async fn same_request(
    app: &App,
    principal: &Principal,
    run: RunId,
    created: &Created,
) -> Result<OffsetDateTime, StartError> {
    let stored = app.log.load(&principal.key, run).await?.map(|loaded| loaded.state);
    match stored {
        Some(stored) if stored.request_hash == created.request_hash => Ok(times::from_millis(stored.created_at)),
        _ => Err(StartError::KeyReused),
    }
}
