//! Tells a run without progress to look at itself.
//!
//! That is all: what follows is decided by the run's own rules, and nothing where it has gone on meanwhile.

use sba_service::publish;
use sba_subjects::{
    command::{Command, CommandBody},
    envelope::VERSION,
    id::CommandId,
    job::SuperviseJob,
    subject::Subject,
};

use super::{Worker, guard, read::Typed};
use crate::error::WorkError;

/// Handles one delivery. An error means that the run was not told.
pub(super) async fn handle(worker: &Worker, typed: &Typed, job: &SuperviseJob) -> Result<(), WorkError> {
    let SuperviseJob { run, seq, reason } = *job;
    let key = format!("{run}\0{seq}\0{reason}\0{}", typed.job.ts);
    let command = Command {
        v: VERSION,
        // The same for a job that is delivered again.
        id: CommandId::from_uuid(typed.tenant.derive("poke", &key)),
        ts: worker.clock.now_millis(),
        body: CommandBody::Poke { seq, reason },
    };
    let subject = Subject::Cmd { tenant: typed.tenant.clone(), run, verb: command.body.verb() };
    guard::patiently(worker, || async {
        publish::message(&worker.jetstream, &subject, &command, worker.policy.answer).await?;
        Ok(())
    })
    .await
}
