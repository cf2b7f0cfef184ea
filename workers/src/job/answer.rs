//! The result of a tool call, on its way to the run.

use sba_service::publish;
use sba_subjects::{
    command::{Command, CommandBody},
    envelope::VERSION,
    event::ToolResult,
    id::{CommandId, RunId, TenantKey},
    name::Verb,
    subject::Subject,
};

use super::Worker;
use crate::error::WorkError;

/// Stores the result among the run's commands.
///
/// The command's id follows from the call, so that a repeat is recognised as one.
pub(super) async fn send(worker: &Worker, tenant: &TenantKey, run: RunId, result: ToolResult) -> Result<(), WorkError> {
    let command = Command {
        v: VERSION,
        id: CommandId::from_uuid(tenant.derive("result", &result.call_id.to_string())),
        ts: worker.clock.now_millis(),
        body: CommandBody::Result(result),
    };
    let subject = Subject::Cmd { tenant: tenant.clone(), run, verb: Verb::Result };
    publish::message(&worker.jetstream, &subject, &command, worker.policy.answer).await?;
    Ok(())
}
