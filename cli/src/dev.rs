//! `sba dev`: a whole installation that stays until it is stopped.

use std::{pin::pin, time::Duration};

use anyhow::Context as _;
use indicatif::ProgressBar;
use sba_gateway::auth::Role;
use sba_service::{clock::SystemClock, ids::TimeOrderedIds};
use sba_subjects::id::{TenantId, UserId};

use crate::{
    client::Client,
    local::{Stack, StackOptions},
};

/// Starts an installation, says how to use it, and waits for Ctrl-C.
///
/// # Errors
/// When it cannot be started.
pub async fn run(options: StackOptions) -> anyhow::Result<()> {
    let mut stop = pin!(stopped());
    let _stack = tokio::select! {
        stopped = &mut stop => return Ok(stopped?),
        stack = begin(options) => stack?,
    };
    stop.await?;
    println!("Stopping.");
    Ok(())
}

async fn begin(options: StackOptions) -> anyhow::Result<Stack> {
    let spinner = ProgressBar::new_spinner();
    spinner.enable_steady_tick(Duration::from_millis(100));
    let stack = Stack::start(options, |what| spinner.set_message(what.to_owned())).await;
    spinner.finish_and_clear();
    let stack = stack.context("the installation could not be started")?;
    let user = TimeOrderedIds::shared(SystemClock::shared()).make::<UserId>();
    let operator = Client::new(stack.url(), stack.token(None, user, &[Role::Operator])?)?;
    let tenant = operator.create_tenant("Development").await?;
    let token = stack.token(Some(TenantId::from_uuid(tenant)), user, &[Role::TenantAdmin, Role::Member])?;
    let url = stack.url();
    let config = stack.config();
    // Not everybody has it on the path.
    let sba = std::env::current_exe()?;
    println!(
        "SBA runs.\n\n  address        {url}\n  console        {url}/#token={token}\n  documentation  {url}/docs\n  tenant         {tenant}\n  \
         configuration  {config}\n  token          {token}\n\n\
         Try next:\n\n  export SBA_URL={url} SBA_TOKEN={token}\n\n  \
         1. Hand documents in:\n     {sba} ingest README.md docs\n\n  \
         2. Ask for a report:\n     curl -s -H \"Authorization: Bearer $SBA_TOKEN\" -H 'Content-Type: application/json' \\\n       \
         -d '{{\"prompt\": \"How does a run survive a crash?\"}}' $SBA_URL/api/v1/runs\n\n  \
         3. Some seconds later, read it: the run, with the run_id of the answer, names its artifacts and where they are:\n     \
         curl -s -H \"Authorization: Bearer $SBA_TOKEN\" $SBA_URL/api/v1/runs/<run_id>\n     \
         curl -s -H \"Authorization: Bearer $SBA_TOKEN\" $SBA_URL/api/v1/artifacts/<artifact_id>/content\n\n\
         The commands `{sba} run`, `dead` and `projection` work with SBA_CONFIG={config}.\n\
         The model that comes with SBA is small: it shows how things go, not how well a model answers.\n\n\
         Ctrl-C stops everything and removes its data.",
        config = config.display(),
        sba = sba.display(),
    );
    Ok(stack)
}

/// Waits for Ctrl-C or SIGTERM.
///
/// # Errors
/// When the system refuses to report signals.
pub async fn stopped() -> std::io::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}
