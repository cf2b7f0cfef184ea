//! Changing schedules.

use sba_subjects::id::ScheduleId;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{Firing, NewSchedule};
use crate::{
    StoreError, TenantTx,
    audit::{self, Action, Actor},
    text::{clean, clean_json},
};

/// Stores a schedule, with its audit entry.
///
/// # Errors
/// `conflict` when it exists, `invalid_value`, `missing_reference` when the tenant does not exist.
pub async fn create(tx: &mut TenantTx, schedule: &NewSchedule, actor: &Actor) -> Result<(), StoreError> {
    let name = clean(&schedule.name);
    sqlx::query!(
        "insert into schedules (tenant_id, id, name, timing, missed, request, created_by, next_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        tx.tenant().as_uuid(),
        schedule.id.as_uuid(),
        name,
        json!(schedule.timing),
        schedule.missed.as_str(),
        clean_json(&schedule.request),
        schedule.created_by.as_uuid(),
        schedule.next_at,
    )
    .execute(tx.conn())
    .await?;
    let what = json!({"schedule_id": schedule.id, "name": name, "timing": schedule.timing});
    audit::record(tx, actor, Action::ScheduleCreated, &what).await
}

/// Holds an active schedule, with an audit entry. Returns whether it was active.
///
/// # Errors
/// Only those of the connection.
pub async fn pause(tx: &mut TenantTx, id: ScheduleId, actor: &Actor) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "update schedules set status = 'paused', next_at = null, updated_at = now()
         where id = $1 and status = 'active'",
        id.as_uuid(),
    )
    .execute(tx.conn())
    .await?;
    recorded(tx, done.rows_affected(), id, Action::SchedulePaused, actor).await
}

/// Lets a paused schedule go on at `next_at`, with an audit entry. Returns whether it was paused.
///
/// # Errors
/// Only those of the connection.
pub async fn resume(
    tx: &mut TenantTx,
    id: ScheduleId,
    next_at: OffsetDateTime,
    actor: &Actor,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "update schedules set status = 'active', next_at = $2, updated_at = now()
         where id = $1 and status = 'paused'",
        id.as_uuid(),
        next_at,
    )
    .execute(tx.conn())
    .await?;
    recorded(tx, done.rows_affected(), id, Action::ScheduleResumed, actor).await
}

/// Deletes a schedule, with its audit entry. Returns whether there was one.
///
/// # Errors
/// Only those of the connection.
pub async fn delete(tx: &mut TenantTx, id: ScheduleId, actor: &Actor) -> Result<bool, StoreError> {
    let done = sqlx::query!("delete from schedules where id = $1", id.as_uuid()).execute(tx.conn()).await?;
    recorded(tx, done.rows_affected(), id, Action::ScheduleDeleted, actor).await
}

/// Notes what became of a moment, and the next one; without one, the schedule has ended.
///
/// # Errors
/// Only those of the connection.
pub async fn settle(
    tx: &mut TenantTx,
    id: ScheduleId,
    firing: &Firing,
    next_at: Option<OffsetDateTime>,
) -> Result<(), StoreError> {
    let last: Value = json!(firing);
    sqlx::query!(
        "update schedules set status = case when $2::timestamptz is null then 'ended' else 'active' end, next_at = $2,
             last_firing = $3, updated_at = now()
         where id = $1",
        id.as_uuid(),
        next_at,
        last,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

async fn recorded(
    tx: &mut TenantTx,
    rows: u64,
    id: ScheduleId,
    action: Action,
    actor: &Actor,
) -> Result<bool, StoreError> {
    if rows > 0 {
        audit::record(tx, actor, action, &json!({"schedule_id": id})).await?;
    }
    Ok(rows > 0)
}
