//! A run, from what Postgres has of it.

use sba_store::{
    Page, Store, StoreError, artifacts,
    runs::{self, Run},
    steps::{self, Step},
    tool_calls::{self, ToolCall},
};
use sba_subjects::{
    id::{RunId, SessionId, TenantId},
    run::{RunStatus, Usage},
};

use super::{ArtifactLink, CallView, CancelView, RunSummary, RunView, StepView};
use crate::api::runs::links::Links;

impl RunSummary {
    /// From what Postgres has.
    pub(in crate::api::runs) fn stored(tenant: TenantId, run: Run) -> Self {
        Self {
            run_id: run.id.as_uuid(),
            tenant_id: tenant.as_uuid(),
            user_id: run.user_id.map(|user| user.as_uuid()),
            session_id: run.session_id.map(|session| session.as_uuid()),
            workflow: run.workflow,
            status: run.status,
            prompt: run.prompt,
            attempt: run.attempt,
            seq: run.seq,
            usage: run.usage.into(),
            error: run.error.map(Into::into),
            created_at: run.created_at,
            started_at: run.started_at,
            updated_at: run.updated_at,
            ended_at: run.ended_at,
            links: Links::of(run.id),
        }
    }
}

/// What Postgres has of a run.
#[derive(Debug)]
pub struct Projected {
    run: Run,
    steps: Vec<Step>,
    calls: Vec<ToolCall>,
    artifacts: Vec<artifacts::Artifact>,
}

/// Most artifacts that are shown with a run.
const ARTIFACTS: u32 = 100;

impl Projected {
    /// Reads a run; `None` where Postgres has none of this id.
    ///
    /// # Errors
    /// Those of the connection.
    pub async fn read(store: &Store, tenant: TenantId, run: RunId) -> Result<Option<Self>, StoreError> {
        let mut tx = store.begin(tenant).await?;
        let Some(found) = runs::get(&mut tx, run).await? else { return Ok(None) };
        let steps = steps::of_run(&mut tx, run).await?;
        let calls = tool_calls::of_run(&mut tx, run).await?;
        let artifacts = artifacts::list(&mut tx, Some(run), Page::new(1, ARTIFACTS)).await?.items;
        Ok(Some(Self { run: found, steps, calls, artifacts }))
    }

    /// The session that the run belongs to.
    #[must_use]
    pub const fn session(&self) -> Option<SessionId> {
        self.run.session_id
    }

    /// The last event that this reflects: of a run that has ended, its last.
    #[must_use]
    pub const fn last_seq(&self) -> u64 {
        self.run.seq
    }

    /// Whether the run has ended: nothing follows then, so this is all there is.
    #[must_use]
    pub const fn has_ended(&self) -> bool {
        self.run.status.is_terminal()
    }
}

impl RunView {
    /// From what Postgres has.
    #[must_use]
    pub fn projected(tenant: TenantId, projected: Projected) -> Self {
        let Projected { run, steps, mut calls, artifacts } = projected;
        let step = |step: Step| {
            let call = calls.iter().position(|call| Some(call.id) == step.tool_call_id);
            StepView::projected(step, call.map(|index| calls.swap_remove(index)))
        };
        // A run that was cancelled ended with the reason for it.
        let cancelled = run.error.as_ref().filter(|_| run.status == RunStatus::Cancelled);
        let cancel = cancelled.map(|error| CancelView { reason: error.message.clone() });
        Self {
            // Nothing that has ended asks anything; what asks is shown from its log.
            asks: Vec::new(),
            cancel,
            reason: None,
            until: None,
            steps: steps.into_iter().map(step).collect(),
            artifacts: main_forms(artifacts).map(Into::into).collect(),
            summary: RunSummary::stored(tenant, run),
        }
    }
}

/// The artifacts as the log names them: a page of HTML that was made of a Markdown document is another form of it.
fn main_forms(artifacts: Vec<artifacts::Artifact>) -> impl Iterator<Item = artifacts::Artifact> {
    let titles: Vec<String> =
        artifacts.iter().filter(|made| made.media_type == "text/markdown").map(|made| made.title.clone()).collect();
    artifacts.into_iter().filter(move |made| made.media_type != "text/html" || !titles.contains(&made.title))
}

impl StepView {
    fn projected(step: Step, call: Option<ToolCall>) -> Self {
        let used = step.usage != Usage::default();
        Self {
            number: step.number,
            kind: step.kind,
            name: step.name,
            status: step.status,
            input: step.input,
            output: step.output,
            text: None,
            tool_call: call.map(Into::into),
            usage: used.then(|| step.usage.into()),
            error: step.error.map(Into::into),
            started_at: step.started_at,
            ended_at: step.ended_at,
        }
    }
}

impl From<ToolCall> for CallView {
    fn from(call: ToolCall) -> Self {
        Self {
            call_id: call.id.as_uuid(),
            tool_name: call.tool_name,
            params: call.params,
            result: call.result,
            success: call.success,
            error: call.error.map(Into::into),
            duration_ms: call.duration_ms,
        }
    }
}

impl From<artifacts::Artifact> for ArtifactLink {
    fn from(artifact: artifacts::Artifact) -> Self {
        Self {
            artifact_id: artifact.id.as_uuid(),
            title: artifact.title,
            media_type: artifact.media_type,
            bytes: artifact.bytes,
            url: format!("/api/v1/artifacts/{}/content", artifact.id),
            citations: artifact.citations.as_array().map_or(0, Vec::len) as u64,
        }
    }
}
