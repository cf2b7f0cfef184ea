//! `POST /api/v1/tenants`: provision a tenant.

use axum::{extract::State, http::StatusCode, response::IntoResponse};
use garde::Validate;
use sba_store::{
    StoreError,
    audit::Actor,
    nats_access,
    tenant_names::{self, TenantName},
    tenants::{self, NewTenant, Tenant},
};
use sba_subjects::id::TenantKey;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::settings::Settings;
use crate::{
    api::idempotency::{ClaimError, Claimed, Key, KeyHeader, claim},
    app::App,
    auth::Operator,
    error::{ApiError, Code},
    extract::{Checked as _, Json, no_control, not_blank},
    http::RequestId,
    mint::{AccountError, Standing},
};

/// Name under which keys of this endpoint are kept.
const ENDPOINT: &str = "POST /api/v1/tenants";

/// The plan of a tenant for whom none is named.
const DEFAULT_PLAN: &str = "standard";

/// What a tenant is made of.
#[derive(Debug, Deserialize, Serialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Acme", "plan": "standard", "config": {"locale": "en", "approve": ["task_create"]}}))]
pub(crate) struct CreateTenant {
    /// Its name.
    #[garde(length(chars, min = 1, max = 200), custom(no_control), custom(not_blank))]
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// Its plan; `standard` when none is named.
    #[serde(default)]
    #[garde(inner(length(chars, min = 1, max = 64), custom(no_control), custom(not_blank)))]
    #[schema(max_length = 64)]
    plan: Option<String>,
    /// Model tokens per month; unlimited when none are named.
    #[serde(default, alias = "quotaTokens")]
    #[garde(inner(range(max = i64::MAX.unsigned_abs())))]
    quota_tokens: Option<u64>,
    /// What issuers of tokens call it.
    #[serde(default, alias = "externalIds", skip_serializing_if = "Vec::is_empty")]
    #[garde(length(max = 20), dive)]
    external_ids: Vec<ExternalId>,
    /// What holds for all runs of the tenant.
    #[serde(default, deserialize_with = "by_name")]
    #[garde(dive)]
    config: Settings,
    /// May stand here instead of in the header `Idempotency-Key`.
    #[serde(default, alias = "idempotencyKey", skip_serializing)]
    #[garde(skip)]
    idempotency_key: Option<String>,
}

/// What an issuer of tokens calls a tenant.
#[derive(Debug, Deserialize, Serialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"issuer": "https://clerk.acme.example", "id": "org_2x4yb1"}))]
pub(crate) struct ExternalId {
    /// The issuer: one of `auth.issuers`.
    #[garde(length(chars, min = 1, max = 500))]
    #[schema(max_length = 500)]
    issuer: String,
    /// What the claim that names the tenant says in its tokens. No other tenant has it.
    #[garde(length(chars, min = 1, max = 255), custom(no_control), custom(not_blank))]
    #[schema(min_length = 1, max_length = 255)]
    id: String,
}

/// Settings are named: a list of values in the order of the fields would do as well, and nobody means that.
fn by_name<'de, D: Deserializer<'de>>(settings: D) -> Result<Settings, D::Error> {
    let named = Map::<String, Value>::deserialize(settings)?;
    serde_json::from_value(Value::Object(named)).map_err(D::Error::custom)
}

/// A tenant.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TenantView {
    /// The tenant.
    tenant_id: Uuid,
    /// Public key of its NATS account.
    #[schema(value_type = String, example = "ACSU3Q6LTLBVLGAQUONAGXJHVNWGSKKAUA7IY5TB4Z7PLEKSR5O6JTGR")]
    account: TenantKey,
    /// Its name.
    name: String,
    /// Its plan.
    plan: String,
    /// Model tokens per month; null means unlimited.
    quota_tokens: Option<u64>,
    /// What issuers of tokens call it.
    external_ids: Vec<ExternalId>,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
}

impl TenantView {
    fn of(tenant: Tenant, names: Vec<TenantName>) -> Self {
        Self {
            external_ids: names.into_iter().map(|name| ExternalId { issuer: name.issuer, id: name.name }).collect(),
            tenant_id: tenant.id.as_uuid(),
            account: tenant.account,
            name: tenant.name,
            plan: tenant.plan,
            quota_tokens: tenant.quota_tokens,
            created_at: tenant.created_at,
        }
    }
}

/// Why a tenant was not made.
#[derive(Debug, thiserror::Error)]
enum CreateError {
    #[error("this gateway holds no operator's key")]
    NoMint,
    #[error("the account was not made")]
    Account(#[from] AccountError),
    #[error("the tenant was not stored")]
    Store(#[from] StoreError),
    #[error("another tenant has one of the external ids, or one stands twice")]
    Taken,
    #[error("the settings cannot be written as JSON")]
    Settings(#[source] serde_json::Error),
    #[error(transparent)]
    Key(#[from] ClaimError),
}

impl From<CreateError> for ApiError {
    fn from(error: CreateError) -> Self {
        match error {
            CreateError::NoMint => {
                Self::new(Code::NotConfigured, "this gateway makes no tenants: accounts.operator_seed is not set")
            }
            CreateError::Account(error) => error.into(),
            CreateError::Store(error) => error.into(),
            CreateError::Taken => {
                Self::new(Code::ExternalIdTaken, "another tenant has one of the external ids, or one stands twice")
            }
            CreateError::Settings(_) => Self::new(Code::Internal, "the tenant could not be stored").caused_by(error),
            CreateError::Key(error) => error.into(),
        }
    }
}

/// Provision a tenant
///
/// Makes the tenant and its NATS account, which the running servers know when the answer comes.
#[utoipa::path(
    post, path = "/api/v1/tenants", tag = "tenants",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again")),
    request_body = CreateTenant,
    responses(
        (status = 201, description = "The tenant", body = TenantView),
        (status = 400, description = "`invalid_request`, `validation_failed`", body = crate::error::ErrorBody),
        (status = 403, description = "`forbidden`: the role `operator` is needed", body = crate::error::ErrorBody),
        (status = 409, description = "`idempotency_conflict`, `external_id_taken`", body = crate::error::ErrorBody),
        (status = 501, description = "`not_configured`", body = crate::error::ErrorBody),
        (status = 503, description = "`unavailable`", body = crate::error::ErrorBody),
    ),
)]
pub(crate) async fn create_tenant(
    State(app): State<App>,
    operator: Operator,
    RequestId(request_id): RequestId,
    key: KeyHeader,
    Json(request): Json<CreateTenant>,
) -> Result<impl IntoResponse, ApiError> {
    let mut request = request.checked(&())?;
    let key = key.of(ENDPOINT, request.idempotency_key.take(), &request)?;
    let actor = Actor { user_id: Some(operator.user), request_id: Some(request_id) };
    let unknown = |external: &ExternalId| app.issuers.named(&external.issuer).is_none();
    if let Some(at) = request.external_ids.iter().position(unknown) {
        return Err(ApiError::invalid_field(format!("external_ids[{at}].issuer"), "is none of auth.issuers"));
    }
    let (tenant, names) = create(&app, request, key.as_ref(), &actor).await?;
    app.tenants.remember(tenant.account.clone()).await;
    Ok((StatusCode::CREATED, Json(TenantView::of(tenant, names))))
}

async fn create(
    app: &App,
    request: CreateTenant,
    key: Option<&Key>,
    actor: &Actor,
) -> Result<(Tenant, Vec<TenantName>), CreateError> {
    let mint = app.mint.as_ref().ok_or(CreateError::NoMint)?;
    let account = mint.keys().identity(key.map(|key| key.text.as_str()))?;
    let now = app.clock.now();
    let mut tx = app.store.begin(account.id()).await?;
    let made = match tenants::get(&mut tx).await? {
        Some(_) => false,
        None => {
            let plan = request.plan.unwrap_or_else(|| DEFAULT_PLAN.to_owned());
            let account = account.clone();
            let config = serde_json::to_value(&request.config).map_err(CreateError::Settings)?;
            let tenant = NewTenant { account, name: request.name, plan, quota_tokens: request.quota_tokens, config };
            let made = tenants::create(&mut tx, &tenant, actor).await?;
            for ExternalId { issuer, id } in request.external_ids {
                tenant_names::add(&mut tx, &TenantName { issuer, name: id }).await.map_err(taken)?;
            }
            made
        }
    };
    let claimed = claim(app, &mut tx, key, account.id().as_uuid(), now).await?;
    if claimed == Claimed::New && !made {
        // The key is the tenant's for ever, so one that has run out can stand for no other tenant.
        return Err(ClaimError::Reused.into());
    }
    let tenant = tenants::get(&mut tx).await?.ok_or(ClaimError::Reused)?;
    let names = tenant_names::list(&mut tx).await?;
    // Before the commit: a tenant that can be seen can be used. An account without a row is used by nobody.
    let generation = nats_access::lock(&mut tx).await?;
    let revoked = nats_access::revoked(&mut tx, now).await?;
    let standing = Standing { key: &tenant.account, name: &tenant.name, generation, revoked };
    mint.settle(standing, now.unix_timestamp()).await?;
    tx.commit().await?;
    Ok((tenant, names))
}

/// Why a name could not be given.
fn taken(error: StoreError) -> CreateError {
    match error {
        StoreError::Conflict { .. } => CreateError::Taken,
        error => error.into(),
    }
}
