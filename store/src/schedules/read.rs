//! Reading schedules.

use sba_subjects::id::{InvalidId, ScheduleId, UserId};
use serde::de::DeserializeOwned;
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Schedule, ScheduleStatus};
use crate::{Listed, Page, StoreError, TenantTx};

/// Columns of a schedule.
pub(super) struct Row {
    pub(super) id: Uuid,
    pub(super) name: String,
    pub(super) status: String,
    pub(super) timing: Value,
    pub(super) missed: String,
    pub(super) request: Value,
    pub(super) created_by: Uuid,
    pub(super) next_at: Option<OffsetDateTime>,
    pub(super) last_firing: Option<Value>,
    pub(super) created_at: OffsetDateTime,
    pub(super) updated_at: OffsetDateTime,
}

impl TryFrom<Row> for Schedule {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let word = |column| move |source| StoreError::Unreadable { column, source };
        Ok(Self {
            id: ScheduleId::from_uuid(row.id),
            name: row.name,
            status: row.status.parse().map_err(word("status"))?,
            timing: json("timing", row.timing)?,
            missed: row.missed.parse().map_err(word("missed"))?,
            request: row.request,
            created_by: UserId::from_uuid(row.created_by),
            next_at: row.next_at,
            // What a newer version noted of the past stands in nobody's way.
            last: row.last_firing.and_then(|last| serde_json::from_value(last).ok()),
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

fn json<T: DeserializeOwned>(column: &'static str, value: Value) -> Result<T, StoreError> {
    serde_json::from_value(value)
        .map_err(|error| StoreError::Unreadable { column, source: InvalidId::new(column, &error.to_string()) })
}

/// Reads a schedule.
///
/// # Errors
/// Only those of the connection, and `database_unreadable`.
pub async fn get(tx: &mut TenantTx, id: ScheduleId) -> Result<Option<Schedule>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        "select id, name, status, timing, missed, request, created_by, next_at, last_firing, created_at, updated_at
         from schedules where id = $1",
        id.as_uuid(),
    )
    .fetch_optional(tx.conn())
    .await?;
    row.map(Schedule::try_from).transpose()
}

/// Reads a schedule, and keeps others from changing it before the transaction ends: who sees to a moment and who pauses
/// the schedule come one after the other.
///
/// # Errors
/// As [`get`].
pub async fn lock(tx: &mut TenantTx, id: ScheduleId) -> Result<Option<Schedule>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        "select id, name, status, timing, missed, request, created_by, next_at, last_firing, created_at, updated_at
         from schedules where id = $1 for update",
        id.as_uuid(),
    )
    .fetch_optional(tx.conn())
    .await?;
    row.map(Schedule::try_from).transpose()
}

/// Active schedules whose moment has passed since before `oldest`: nobody was woken for it, or nobody was there. At most
/// `limit`, behind this one, each with its moment.
///
/// # Errors
/// Only those of the connection.
pub async fn overdue(
    tx: &mut TenantTx,
    oldest: OffsetDateTime,
    behind: Option<ScheduleId>,
    limit: u32,
) -> Result<Vec<(ScheduleId, OffsetDateTime)>, StoreError> {
    let rows = sqlx::query!(
        r#"select id, next_at as "next_at!" from schedules
           where next_at < $1 and ($2::uuid is null or id > $2) order by id limit $3"#,
        oldest,
        behind.map(|id| id.as_uuid()) as Option<Uuid>,
        i64::from(limit),
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| (ScheduleId::from_uuid(row.id), row.next_at)).collect())
}

/// Whether the tenant has fewer than `most` schedules. Until the transaction ends, nobody else is told so, so that two at
/// once do not take the same room.
///
/// # Errors
/// Only those of the connection.
pub async fn room(tx: &mut TenantTx, most: u32) -> Result<bool, StoreError> {
    let tenant = tx.tenant().as_uuid();
    sqlx::query!("select id from tenants where id = $1 for no key update", tenant).fetch_optional(tx.conn()).await?;
    let count = sqlx::query_scalar!(r#"select count(*) as "n!" from schedules"#).fetch_one(tx.conn()).await?;
    Ok(count < i64::from(most))
}

/// Lists schedules, the newest first; those of one status, or all.
///
/// # Errors
/// As [`get`].
pub async fn list(
    tx: &mut TenantTx,
    status: Option<ScheduleStatus>,
    page: Page,
) -> Result<Listed<Schedule>, StoreError> {
    let status = status.map(ScheduleStatus::as_str);
    let total =
        sqlx::query_scalar!(r#"select count(*) as "n!" from schedules where $1::text is null or status = $1"#, status)
            .fetch_one(tx.conn())
            .await?;
    let rows = sqlx::query_as!(
        Row,
        "select id, name, status, timing, missed, request, created_by, next_at, last_firing, created_at, updated_at
         from schedules where $1::text is null or status = $1
         order by created_at desc, id desc limit $2 offset $3",
        status,
        page.sql_limit(),
        page.sql_offset(),
    )
    .fetch_all(tx.conn())
    .await?;
    let items = rows.into_iter().map(Schedule::try_from).collect::<Result<_, _>>()?;
    Ok(Listed::new(items, total, page))
}
