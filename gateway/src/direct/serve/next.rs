//! `next`: a call for the worker that asks.

use std::time::Duration;

use async_nats::jetstream::{AckKind, Message};
use futures::StreamExt as _;
use sba_service::delivery::attempts;
use sba_store::served_tools;
use sba_subjects::{
    codec,
    consumer::{self, ServePace},
    id::{CallId, RunId, UserId},
    job::{Job, JobBody, ToolJob},
    name::ToolName,
    receipt::Receipt,
    run::Effect,
    stream::Stream,
    subject::Subject,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::Instant;
use tracing::error;

use super::outcome::{self, Known};
use crate::{
    api::tools::unknown,
    app::App,
    auth::Principal,
    error::{ApiError, Code},
};

/// How long a worker waits where it does not say, and at most, in milliseconds.
const WAIT: u64 = 5_000;
const MOST_WAIT: u64 = 20_000;

/// Time after which what this version cannot read is looked at again, by one that may.
const LATER: Duration = Duration::from_secs(30);

/// What a worker asks.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Next {
    /// How long to wait for a call, in milliseconds.
    wait_ms: u64,
}

impl Default for Next {
    fn default() -> Self {
        Self { wait_ms: WAIT }
    }
}

/// What it is given.
#[derive(Debug, Serialize)]
pub(super) struct Given {
    /// The call; null where none came in time.
    job: Option<Handed>,
}

/// A call.
#[derive(Debug, Serialize)]
struct Handed {
    /// Its id; also the key under which an effect that may be repeated is the same one.
    call_id: CallId,
    /// The run that waits for it.
    run_id: RunId,
    /// On whose behalf.
    user_id: UserId,
    /// The tool.
    tool: ToolName,
    /// What it is given.
    params: Value,
    /// What repeating it does.
    effect: Effect,
    /// How often it was handed out, this time included.
    attempt: u32,
    /// What the worker shows when it says something of the call.
    receipt: Receipt,
    /// How long the worker may say nothing, in milliseconds.
    ack_wait_ms: u64,
}

pub(super) async fn next(app: &App, principal: &Principal, tool: &ToolName, asked: Next) -> Result<Given, ApiError> {
    if asked.wait_ms > MOST_WAIT {
        return Err(ApiError::invalid_field("wait_ms", format!("is more than {MOST_WAIT}")));
    }
    let mut tx = app.store.begin(principal.tenant).await?;
    let registered = served_tools::has(&mut tx, tool).await?;
    tx.commit().await?;
    if !registered {
        return Err(unknown());
    }
    tokio::select! {
        given = wait(app, principal, tool, Instant::now() + Duration::from_millis(asked.wait_ms)) => given,
        // The worker asks again, and another gateway answers.
        () = app.hub.stopped() => Ok(Given { job: None }),
    }
}

async fn wait(app: &App, principal: &Principal, tool: &ToolName, until: Instant) -> Result<Given, ApiError> {
    let accounts = &app.config.accounts;
    let pace = ServePace { ack_wait: accounts.tool_ack_wait_ms.into(), idle: accounts.tool_idle_ms.into() };
    let config = consumer::served(&principal.key, tool, &pace);
    let consumer = app
        .jetstream
        .create_consumer_on_stream(config, Stream::Jobx.as_str())
        .await
        .map_err(|error| away(error.into()))?;
    loop {
        let left = until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        let asked = consumer.batch().max_messages(1).expires(left).messages().await;
        let mut messages = asked.map_err(|error| away(error.into()))?;
        let Some(message) = messages.next().await else { return Ok(Given { job: None }) };
        if let Some(job) = handed(app, principal, tool, message.map_err(away)?).await? {
            return Ok(Given { job: Some(job) });
        }
    }
}

/// The call that a message is, ready to be made; `None` where it is settled, or not for this version.
async fn handed(
    app: &App,
    principal: &Principal,
    tool: &ToolName,
    message: Message,
) -> Result<Option<Handed>, ApiError> {
    let receipt = message.reply.as_deref().and_then(|reply| Receipt::of(reply, &principal.key, tool));
    let (Some((job, call)), Some(receipt)) = (read(principal, tool, &message), receipt) else {
        error!(subject = %message.subject, "a call of a served tool cannot be read");
        message.ack_with(AckKind::Nak(Some(LATER))).await.map_err(away)?;
        return Ok(None);
    };
    if let Known::Settled(result) = outcome::begin(app, principal, job.id, &call).await? {
        outcome::send(app, principal, call.run, *result).await?;
        message.ack().await.map_err(away)?;
        return Ok(None);
    }
    Ok(Some(Handed {
        call_id: job.id,
        run_id: call.run,
        user_id: job.user_id,
        tool: call.tool_name,
        params: call.params,
        effect: call.effect,
        attempt: attempts(&message),
        receipt,
        ack_wait_ms: app.config.accounts.tool_ack_wait_ms.get(),
    }))
}

/// Reads a message, and holds it against its subject.
fn read(principal: &Principal, tool: &ToolName, message: &Message) -> Option<(Job, ToolJob)> {
    let Ok(Subject::Jobx { tenant, tool: named, call }) = message.subject.parse() else { return None };
    let job: Job = codec::versioned(&message.payload).ok()?;
    let JobBody::Tool(asked) = job.body.clone() else { return None };
    let same = tenant == principal.key && job.tenant_id == tenant.id() && job.id == call;
    (same && named == *tool && asked.tool_name == *tool).then_some((job, asked))
}

fn away(error: async_nats::Error) -> ApiError {
    ApiError::new(Code::Unavailable, "calls cannot be handed out now").caused_by(Away(error))
}

#[derive(Debug, thiserror::Error)]
#[error("the queue of served tools cannot be read")]
struct Away(#[source] async_nats::Error);
