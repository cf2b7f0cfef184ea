//! Jobs for workers: the messages of the `JOBS` stream.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    codec::Versioned,
    envelope::VERSION,
    id::{CallId, DocumentId, RunId, TenantId, TenantKey, UserId},
    name::{Queue, ToolName},
    run::{Effect, Stall},
    stream::Stream,
    subject::Subject,
    tool::{is_served, spec},
};

/// A job, whole: a worker needs nothing else to do it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Version of the wire.
    pub v: u16,
    /// The call; also the idempotency key that is passed outward.
    pub id: CallId,
    /// The tenant, as Postgres names it. The subject's tenant must be the same.
    pub tenant_id: TenantId,
    /// On whose behalf.
    pub user_id: UserId,
    /// When it was given, in milliseconds since 1970 (UTC).
    pub ts: u64,
    /// What is to be done.
    pub body: JobBody,
}

impl Versioned for Job {
    fn v(&self) -> u16 {
        self.v
    }

    fn knows(tag: &str) -> bool {
        JobBody::KINDS.contains(&tag)
    }
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "body", rename_all = "snake_case")]
pub enum JobBody {
    /// Call a tool for a run and send it the result.
    Tool(ToolJob),
    /// Index a document.
    Index(IndexJob),
    /// Tell a run without progress to look at itself.
    Supervise(SuperviseJob),
}

impl JobBody {
    /// The kinds of job that this version knows.
    pub const KINDS: &'static [&'static str] = &["tool", "index", "supervise"];
}

/// A tool call of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolJob {
    /// The run that waits for the result.
    pub run: RunId,
    /// The step that made the call.
    pub step: u32,
    /// The tool.
    pub tool_name: ToolName,
    /// What it is given.
    pub params: Value,
    /// What repeating it would do.
    pub effect: Effect,
}

/// A document to be indexed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexJob {
    /// The document.
    pub document_id: DocumentId,
    /// SHA-256 of the content that is to be indexed, in hex: a job for older content does nothing.
    pub content_sha256: String,
    /// Names the bytes that were handed in: a job for earlier ones does nothing either. None of an earlier version's job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload: Option<Uuid>,
}

impl IndexJob {
    /// The index job of a document with this content, which was handed in with that upload.
    #[must_use]
    pub fn new(document_id: DocumentId, content_sha256: &[u8], upload: Uuid) -> Self {
        Self { document_id, content_sha256: data_encoding::HEXLOWER.encode(content_sha256), upload: Some(upload) }
    }

    /// The job as it is given out, and the subject that it is given out on. Whoever gives it out again while it waits gives
    /// out the same.
    #[must_use]
    pub fn given(self, tenant: &TenantKey, user_id: UserId, ts: u64) -> (Subject, Job) {
        let upload = self.upload.unwrap_or_default();
        let named = format!("{} {} {upload}", self.document_id, self.content_sha256);
        let id = CallId::from_uuid(tenant.derive("index", &named));
        let job = Job { v: VERSION, id, tenant_id: tenant.id(), user_id, ts, body: JobBody::Index(self) };
        (Subject::Job { tenant: tenant.clone(), queue: Queue::Index, call: id }, job)
    }
}

/// A run without progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuperviseJob {
    /// The run.
    pub run: RunId,
    /// Its last `seq` when it was looked at.
    pub seq: u64,
    /// What was found.
    pub reason: Stall,
}

/// Where the job of a tool call stands: among those of SBA's own workers, or of the tenant's.
#[must_use]
pub fn place(tenant: &TenantKey, tool: &ToolName, call: CallId) -> (Stream, Subject) {
    let tenant = tenant.clone();
    if is_served(tool) {
        return (Stream::Jobx, Subject::Jobx { tenant, tool: tool.clone(), call });
    }
    (Stream::Jobs, Subject::Job { tenant, queue: queue_of(tool), call })
}

/// The queue that serves a tool.
#[must_use]
pub fn queue_of(tool: &ToolName) -> Queue {
    spec(tool.as_str()).map_or(Queue::ToolExec, |tool| tool.queue)
}
