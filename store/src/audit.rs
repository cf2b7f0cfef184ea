//! The audit trail: who changed what. Entries can be added and read, never changed.
//!
//! What is to be audited writes its entry itself, in the transaction of the change.

use sba_subjects::id::UserId;
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Listed, Page, StoreError, TenantTx,
    text::{clean, clean_json},
};

/// On whose behalf something is done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Actor {
    /// The person or service; none when SBA acts by itself.
    pub user_id: Option<UserId>,
    /// The request that led to it.
    pub request_id: Option<String>,
}

impl Actor {
    /// A user without a request, e.g. from a job.
    #[must_use]
    pub const fn user(user_id: UserId) -> Self {
        Self { user_id: Some(user_id), request_id: None }
    }
}

/// What an entry records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// A tenant was made.
    TenantCreated,
    /// A tenant's settings were changed.
    TenantUpdated,
    /// A tenant was deleted.
    TenantDeleted,
    /// A document was added.
    DocumentCreated,
    /// A document's content was replaced.
    DocumentReplaced,
    /// A document was deleted.
    DocumentDeleted,
    /// An artifact was made.
    ArtifactCreated,
    /// A task was created.
    TaskCreated,
    /// A task was changed or completed.
    TaskUpdated,
    /// An operator let a run branch off from another.
    RunForked,
    /// What could not be done was given to those who work on it once more.
    DeadLetterRedriven,
    /// What could not be done was removed.
    DeadLetterDropped,
    /// A schedule was made.
    ScheduleCreated,
    /// A schedule was held.
    SchedulePaused,
    /// A schedule goes on.
    ScheduleResumed,
    /// A schedule was deleted.
    ScheduleDeleted,
    /// A key for a machine was made.
    KeyCreated,
    /// A key was given another secret.
    KeyRotated,
    /// A key was taken back.
    KeyRevoked,
    /// Somebody was let into the tenant's account on NATS.
    NatsCredentialsIssued,
    /// One who was let in was put out.
    NatsCredentialsRevoked,
    /// All who were let in were put out.
    NatsAccessRevoked,
    /// A tool that the tenant serves was registered, or registered otherwise.
    ToolRegistered,
    /// A tool that the tenant served was removed.
    ToolRemoved,
}

impl Action {
    /// The word that is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TenantCreated => "tenant_created",
            Self::TenantUpdated => "tenant_updated",
            Self::TenantDeleted => "tenant_deleted",
            Self::DocumentCreated => "document_created",
            Self::DocumentReplaced => "document_replaced",
            Self::DocumentDeleted => "document_deleted",
            Self::ArtifactCreated => "artifact_created",
            Self::TaskCreated => "task_created",
            Self::TaskUpdated => "task_updated",
            Self::RunForked => "run_forked",
            Self::DeadLetterRedriven => "dead_letter_redriven",
            Self::DeadLetterDropped => "dead_letter_dropped",
            Self::ScheduleCreated => "schedule_created",
            Self::SchedulePaused => "schedule_paused",
            Self::ScheduleResumed => "schedule_resumed",
            Self::ScheduleDeleted => "schedule_deleted",
            Self::KeyCreated => "key_created",
            Self::KeyRotated => "key_rotated",
            Self::KeyRevoked => "key_revoked",
            Self::NatsCredentialsIssued => "nats_credentials_issued",
            Self::NatsCredentialsRevoked => "nats_credentials_revoked",
            Self::NatsAccessRevoked => "nats_access_revoked",
            Self::ToolRegistered => "tool_registered",
            Self::ToolRemoved => "tool_removed",
        }
    }
}

/// A stored entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its id.
    pub id: Uuid,
    /// Who; none when SBA acted by itself.
    pub user_id: Option<UserId>,
    /// What, e.g. `document_deleted`.
    pub action: String,
    /// Details of the change.
    pub payload: Value,
    /// The request that led to it.
    pub request_id: Option<String>,
    /// When.
    pub created_at: OffsetDateTime,
}

/// Adds an entry.
///
/// # Errors
/// `missing_reference` when the tenant does not exist, else only those of the connection.
pub async fn record(tx: &mut TenantTx, actor: &Actor, action: Action, payload: &Value) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into audit_logs (tenant_id, user_id, action, payload, request_id) values ($1, $2, $3, $4, $5)",
        tx.tenant().as_uuid(),
        actor.user_id.map(|u| u.as_uuid()),
        action.as_str(),
        clean_json(payload),
        actor.request_id.as_deref().map(clean),
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Lists entries, newest first.
///
/// # Errors
/// Only those of the connection.
pub async fn list(tx: &mut TenantTx, page: Page) -> Result<Listed<Entry>, StoreError> {
    let total = sqlx::query_scalar!(r#"select count(*) as "n!" from audit_logs"#).fetch_one(tx.conn()).await?;
    let rows = sqlx::query!(
        "select id, user_id, action, payload, request_id, created_at from audit_logs
         order by created_at desc, id limit $1 offset $2",
        page.sql_limit(),
        page.sql_offset(),
    )
    .fetch_all(tx.conn())
    .await?;
    let items = rows
        .into_iter()
        .map(|row| Entry {
            id: row.id,
            user_id: row.user_id.map(UserId::from_uuid),
            action: row.action,
            payload: row.payload,
            request_id: row.request_id,
            created_at: row.created_at,
        })
        .collect();
    Ok(Listed::new(items, total, page))
}
