//! What a run is started with.

use garde::Validate;
use sba_subjects::{
    event::{Created, RunOptions, TenantSettings},
    id::{SessionId, TenantId, UserId},
    name::ToolName,
    run::Workflow,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    api::idempotency,
    app::App,
    auth::Principal,
    error::{ApiError, Code},
    extract::{known_tool, language_tag, no_control, not_blank},
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
    /// The plan that it follows: `render`, which is taken when none is named, or `agentic`.
    #[serde(default)]
    #[garde(inner(custom(begun_by_prompt)))]
    #[schema(value_type = Option<String>, example = "render")]
    workflow: Option<Workflow>,
    /// May stand here instead of in the header `Idempotency-Key`.
    #[serde(default, alias = "idempotencyKey")]
    #[garde(skip)]
    pub(in crate::api) idempotency_key: Option<String>,
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
    /// The only tools that the model is offered; those that the roles allow where none are named.
    #[serde(default)]
    #[garde(inner(length(max = 50), inner(custom(known_tool))))]
    #[schema(example = json!(["knowledge_search", "task_create"]))]
    tools: Option<Vec<String>>,
    /// Whether the run waits while the model's provider is out. One that is not critical is cancelled after a while.
    #[serde(default)]
    #[garde(skip)]
    critical: Option<bool>,
    /// `false` declines answers of earlier runs, which a tenant may allow for while no model can be reached.
    #[serde(default, alias = "cachedAnswers")]
    #[garde(skip)]
    cached_answers: Option<bool>,
}

/// How large a request may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    prompt_bytes: usize,
    top_k: u32,
    max_steps: u32,
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

/// A tool call has an endpoint of its own.
fn begun_by_prompt<C>(workflow: &Workflow, _context: &C) -> garde::Result {
    match workflow {
        Workflow::Render | Workflow::Agentic => Ok(()),
        Workflow::Tool => Err(garde::Error::new("a tool is called with POST /api/v1/tools/execute")),
    }
}

impl Bounds {
    pub(in crate::api) fn of(app: &App) -> Self {
        let config = &app.config;
        Self {
            prompt_bytes: config.gateway.max_prompt_bytes,
            top_k: config.knowledge.max_top_k,
            max_steps: config.orchestrator.max_steps,
        }
    }
}

impl StartRun {
    /// Goes on only when the body names nobody but the one who asks.
    pub(in crate::api) fn acts_for(&self, principal: &Principal) -> Result<(), ApiError> {
        let tenant = self.tenant_id.is_none_or(|id| TenantId::from_uuid(id) == principal.tenant);
        let user = self.user_id.is_none_or(|id| UserId::from_uuid(id) == principal.user);
        if tenant && user {
            return Ok(());
        }
        Err(ApiError::new(Code::Forbidden, "tenant_id and user_id must be those of the token"))
    }

    /// The session that the run is to belong to.
    pub(in crate::api) fn session(&self) -> Option<SessionId> {
        self.session_id.map(SessionId::from_uuid)
    }

    /// The run's first event.
    pub(in crate::api) fn created(self, principal: &Principal, settings: TenantSettings) -> Result<Created, ApiError> {
        let (session_id, user_id) = (self.session(), principal.user);
        let workflow = self.workflow.unwrap_or(Workflow::Render);
        let options = self.options.unwrap_or_default();
        let names = |tools: Vec<String>| tools.iter().filter_map(|name| name.parse::<ToolName>().ok()).collect();
        let options = RunOptions {
            locale: options.locale,
            top_k: options.top_k,
            max_steps: options.max_steps,
            tools: options.tools.map(names),
            critical: options.critical,
            cached_answers: options.cached_answers,
        };
        let asked = Asked { user_id, session_id, workflow, prompt: &self.prompt, options: &options };
        let request_hash = data_encoding::HEXLOWER.encode(&idempotency::request_hash(&asked)?);
        Ok(Created {
            tenant_id: principal.tenant,
            user_id,
            session_id,
            workflow,
            prompt: self.prompt,
            options,
            request_hash,
            roles: principal.roles(),
            settings: Box::new(settings),
            call: None,
            fork_of: None,
            schedule: None,
        })
    }
}
