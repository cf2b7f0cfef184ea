//! Reads a message as a job.

use sba_subjects::{
    codec::{self, CodecError},
    id::{CallId, RunId, TenantId, TenantKey},
    job::Job,
    name::{Queue, ToolName},
    subject::Subject,
};
use serde::Deserialize;

use crate::error::WorkError;

/// A job with where it came from.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Typed {
    /// The tenant of its subject; the job's own is the same.
    pub(super) tenant: TenantKey,
    /// The queue of its subject.
    pub(super) queue: Queue,
    pub(super) job: Job,
    /// How often it was delivered, this time included.
    pub(super) attempt: u32,
}

/// Why a message is not done.
#[derive(Debug)]
pub(super) enum Unreadable {
    /// Written by a newer version: another worker can read it.
    Future(CodecError),
    /// It is no job.
    Broken(Box<WorkError>, Option<Waiting>),
}

/// The run that waits for what cannot be read.
#[derive(Debug, PartialEq)]
pub(super) struct Waiting {
    pub(super) tenant: TenantKey,
    pub(super) run: RunId,
    pub(super) call: CallId,
    pub(super) tool_name: ToolName,
}

/// As much of a tool call as it takes to answer it.
#[derive(Deserialize)]
struct Rest {
    id: CallId,
    tenant_id: TenantId,
    body: RestOfBody,
}

#[derive(Deserialize)]
struct RestOfBody {
    body: RestOfCall,
}

#[derive(Deserialize)]
struct RestOfCall {
    run: RunId,
    tool_name: ToolName,
}

/// Reads a message as a job, and holds it against its subject: what a message says of itself is not believed.
pub(super) fn read(subject: &str, payload: &[u8], attempt: u32) -> Result<Typed, Unreadable> {
    let broken = |message: &'static str| Unreadable::Broken(Box::new(WorkError::lasting("job_invalid", message)), None);
    let (tenant, queue, call) = match subject.parse().map(Subject::within_share).map_err(CodecError::from) {
        Ok(Subject::Job { tenant, queue, call }) => (tenant, queue, call),
        Ok(_) => return Err(broken("the subject is not that of a job")),
        Err(error) if error.is_from_the_future() => return Err(Unreadable::Future(error)),
        Err(_) => return Err(broken("the subject cannot be read")),
    };
    let job: Job = match codec::versioned(payload) {
        Ok(job) => job,
        Err(error) if error.is_from_the_future() => return Err(Unreadable::Future(error)),
        Err(error) => {
            let error = WorkError::lasting("job_invalid", "the message cannot be read as a job").caused_by(error);
            return Err(Unreadable::Broken(Box::new(error), waiting(tenant, call, payload)));
        }
    };
    if job.tenant_id != tenant.id() {
        return Err(broken("the job names another tenant than its subject"));
    }
    if job.id != call {
        return Err(broken("the job names another call than its subject"));
    }
    Ok(Typed { tenant, queue, job, attempt })
}

/// Who waits for a tool call that is broken elsewhere.
fn waiting(tenant: TenantKey, call: CallId, payload: &[u8]) -> Option<Waiting> {
    let rest: Rest = codec::decode(payload).ok()?;
    let RestOfCall { run, tool_name } = rest.body.body;
    let same = rest.tenant_id == tenant.id() && rest.id == call;
    same.then_some(Waiting { tenant, run, call, tool_name })
}

#[cfg(test)]
mod tests;
