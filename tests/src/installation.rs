//! A whole installation with the scripted model, and a client of a tenant in it.

use std::time::Duration;

use anyhow::Context as _;
use sba::{
    client::{Client, Event},
    local::{Stack, StackModel, StackOptions},
};
use sba_gateway::auth::Role;
use sba_subjects::id::TenantId;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::run_log::ids;

/// Longest time that a run may take in these tests.
pub const RUN: Duration = Duration::from_secs(60);

/// An installation whose model says `text`, a word every `delay_ms`, and whose embeddings cost nothing.
///
/// # Errors
/// When it cannot be started.
pub async fn scripted(text: &str, delay_ms: u64) -> anyhow::Result<Stack> {
    let overrides = json!({"model": {"scripted": {"text": text, "delay_ms": delay_ms}}});
    with(overrides).await
}

/// An installation with the scripted model and these settings.
///
/// # Errors
/// When it cannot be started.
pub async fn with(overrides: Value) -> anyhow::Result<Stack> {
    let options = StackOptions { model: StackModel::Scripted, overrides, ..StackOptions::default() };
    Ok(Stack::start(options, |_| {}).await?)
}

/// A client of a new tenant.
///
/// # Errors
/// When the tenant cannot be made.
pub async fn tenant(stack: &Stack, name: &str) -> anyhow::Result<Client> {
    let user = ids().make();
    let operator = Client::new(stack.url(), stack.token(None, user, &[Role::Operator])?)?;
    let tenant = TenantId::from_uuid(operator.create_tenant(name).await?);
    Ok(Client::new(stack.url(), stack.token(Some(tenant), user, &[Role::TenantAdmin, Role::Member])?)?)
}

/// Hands a document in and waits until it can be found.
///
/// # Errors
/// When it cannot be read.
pub async fn document(client: &Client, source: &str, text: &str) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("document.md");
    std::fs::write(&path, text)?;
    let document = client.upload(&path, source).await?;
    let document = client.indexed(document.document_id, RUN).await?;
    anyhow::ensure!(document.status == "indexed", "{document:?}");
    Ok(())
}

/// Everything that a run says, from its start to its end.
///
/// # Errors
/// When the stream breaks, or the run does not end in time.
pub async fn everything(client: &Client, run: Uuid) -> anyhow::Result<Vec<Event>> {
    let mut watch = client.watch(run, None, 0).await?;
    let mut events = Vec::new();
    let end = tokio::time::Instant::now() + RUN;
    while let Some(event) = tokio::time::timeout_at(end, watch.next()).await.context("the run does not end")?? {
        events.push(event);
    }
    Ok(events)
}

/// The text of a step as a viewer has it in the end: what an attempt voided is cut away.
#[must_use]
pub fn text_of(events: &[Event], step: u32) -> String {
    let mut text = String::new();
    for event in events {
        match event.r#type.as_str() {
            "attempt" if event.payload["restarts_step"].as_u64() == Some(u64::from(step)) => text.clear(),
            "token" if event.step == Some(step) => text.push_str(event.payload["text"].as_str().unwrap_or_default()),
            _ => {}
        }
    }
    text
}
