//! `POST /api/v1/sessions`: open a session.

use std::time::Duration;

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use garde::Validate;
use rand::RngCore as _;
use sba_service::config::GatewayConfig;
use sba_store::sessions::{self, Session};
use sba_subjects::id::SessionId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    api::{
        idempotency::{Claimed, KeyHeader, claim},
        times,
    },
    app::App,
    auth::{Principal, SessionToken},
    error::{ApiError, Code},
    extract::{Checked as _, Json},
};

/// Name under which keys of this endpoint are kept.
const ENDPOINT: &str = "POST /api/v1/sessions";

/// How many sessions that ended long ago are removed where a new one is opened: more go than come.
const TIDY: u32 = 10;

/// Largest metadata, in bytes of JSON.
const MAX_METADATA: usize = 8 * 1024;

/// What a session is opened with.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"ttl_seconds": 3600, "metadata": {"app": "console"}}))]
pub(crate) struct CreateSession {
    /// Seconds until it ends; as `gateway.session_ttl_seconds` says when none are named, at most as
    /// `gateway.session_max_ttl_seconds` says.
    #[serde(default, alias = "ttlSeconds")]
    #[garde(inner(range(min = 60)))]
    #[schema(minimum = 60)]
    ttl_seconds: Option<u64>,
    /// What the client wants to find again.
    #[serde(default)]
    #[garde(custom(small))]
    #[schema(value_type = Object)]
    metadata: Map<String, Value>,
    /// May stand here instead of in the header `Idempotency-Key`.
    #[serde(default, alias = "idempotencyKey", skip_serializing)]
    #[garde(skip)]
    idempotency_key: Option<String>,
}

fn small<C>(metadata: &Map<String, Value>, _context: &C) -> garde::Result {
    let bytes = serde_json::to_vec(metadata).map_or(usize::MAX, |json| json.len());
    if bytes <= MAX_METADATA {
        return Ok(());
    }
    Err(garde::Error::new(format!("is larger than {MAX_METADATA} bytes of JSON")))
}

/// A session that was opened.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CreatedSession {
    /// The session.
    session_id: Uuid,
    /// What whoever watches the session's runs shows beside the JWT. Told once: absent when the same request is sent
    /// again.
    #[serde(skip_serializing_if = "Option::is_none")]
    session_token: Option<String>,
    /// Address of a run's stream; put the run's id in the place of `{run_id}`.
    #[schema(example = "wss://sba.example.com/api/v1/runs/{run_id}/stream")]
    websocket_url: String,
    /// When it ends.
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
}

/// Open a session
///
/// The runs of a session can be watched only by those who show its token.
#[utoipa::path(
    post, path = "/api/v1/sessions", tag = "sessions",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again")),
    request_body = CreateSession,
    responses(
        (status = 201, description = "The session is open", body = CreatedSession),
        (status = 400, description = "`invalid_request`, `validation_failed`", body = crate::error::ErrorBody),
        (status = 409, description = "`idempotency_conflict`", body = crate::error::ErrorBody),
        (status = 503, description = "`unavailable`", body = crate::error::ErrorBody),
    ),
)]
pub(crate) async fn create_session(
    State(app): State<App>,
    principal: Principal,
    key: KeyHeader,
    Json(request): Json<CreateSession>,
) -> Result<impl IntoResponse, ApiError> {
    let mut request = request.checked(&())?;
    let key = key.of(ENDPOINT, request.idempotency_key.take(), &(principal.user, &request))?;
    let ttl = lifetime(&app.config.gateway, request.ttl_seconds)?;
    let now = times::as_stored(app.clock.now());
    let token = new_token();
    let session = Session {
        id: SessionId::from_uuid(app.ids.uuid()),
        user_id: principal.user,
        token_hash: token.hash(),
        metadata: Value::Object(request.metadata),
        created_at: now,
        expires_at: now + ttl,
    };
    let mut tx = app.store.begin(principal.tenant).await?;
    if let Claimed::Before(id) = claim(&app, &mut tx, key.as_ref(), session.id.as_uuid(), now).await? {
        let stored = sessions::get(&mut tx, SessionId::from_uuid(id)).await?;
        let stored = stored.ok_or_else(|| ApiError::new(Code::SessionExpired, "the session is over"))?;
        return Ok(answer(&app, &stored, None));
    }
    sessions::create(&mut tx, &session).await?;
    sessions::delete_expired(&mut tx, now - app.key_lifetime(), TIDY).await?;
    tx.commit().await?;
    Ok(answer(&app, &session, Some(&token)))
}

/// How long a session may last that is asked to last so many seconds.
fn lifetime(config: &GatewayConfig, asked: Option<u64>) -> Result<Duration, ApiError> {
    let seconds = asked.unwrap_or(config.session_ttl_seconds);
    let most = config.session_max_ttl_seconds;
    if seconds > most {
        return Err(ApiError::invalid_field("ttl_seconds", format!("is larger than {most}")));
    }
    Ok(Duration::from_secs(seconds))
}

fn answer(app: &App, session: &Session, token: Option<&SessionToken>) -> impl IntoResponse + use<> {
    let socket = app.public_url.replacen("http", "ws", 1);
    let created = CreatedSession {
        session_id: session.id.as_uuid(),
        session_token: token.map(|token| token.reveal().to_owned()),
        websocket_url: format!("{socket}/api/v1/runs/{{run_id}}/stream"),
        expires_at: session.expires_at,
    };
    let location = [(header::LOCATION, format!("/api/v1/sessions/{}", session.id))];
    (StatusCode::CREATED, location, Json(created))
}

fn new_token() -> SessionToken {
    let mut bytes = [0; 32];
    rand::rng().fill_bytes(&mut bytes);
    SessionToken::from_random(bytes)
}
