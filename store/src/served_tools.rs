//! The tools that a tenant serves itself.

use sba_subjects::{id::InvalidId, name::ToolName, run::Effect, tool::ServedTool};
use serde_json::{Value, json};

use crate::{
    StoreError, TenantTx,
    audit::{self, Action, Actor},
    text::{clean, clean_json, to_i64},
};

/// Columns of a tool.
struct Row {
    name: String,
    description: String,
    parameters: Value,
    effect: String,
    deadline_ms: i64,
}

impl TryFrom<Row> for ServedTool {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let effect = serde_json::from_value::<Effect>(Value::String(row.effect.clone()));
        Ok(Self {
            name: row.name.parse().map_err(|source| StoreError::Unreadable { column: "name", source })?,
            description: row.description,
            parameters: row.parameters,
            effect: effect.map_err(|_| StoreError::Unreadable {
                column: "effect",
                source: InvalidId::new("effect", &row.effect),
            })?,
            deadline_ms: row.deadline_ms.unsigned_abs(),
        })
    }
}

/// Stores a tool in the place of that of the same name, with an audit entry where that changes anything; `false` where the
/// tenant has `most` others.
///
/// # Errors
/// `invalid_value`, `missing_reference` when the tenant does not exist.
pub async fn put(tx: &mut TenantTx, tool: &ServedTool, most: u32, actor: &Actor) -> Result<bool, StoreError> {
    let others =
        sqlx::query_scalar!(r#"select count(*) as "n!" from served_tools where name <> $1"#, tool.name.as_str())
            .fetch_one(tx.conn())
            .await?;
    if others >= i64::from(most) {
        return Ok(false);
    }
    let effect = json!(tool.effect);
    let done = sqlx::query!(
        "insert into served_tools (tenant_id, name, description, parameters, effect, deadline_ms)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (tenant_id, name) do update set description = excluded.description,
             parameters = excluded.parameters, effect = excluded.effect, deadline_ms = excluded.deadline_ms,
             updated_at = now()
         where (served_tools.description, served_tools.parameters, served_tools.effect, served_tools.deadline_ms)
             is distinct from (excluded.description, excluded.parameters, excluded.effect, excluded.deadline_ms)",
        tx.tenant().as_uuid(),
        tool.name.as_str(),
        clean(&tool.description),
        clean_json(&tool.parameters),
        effect.as_str().unwrap_or_default(),
        to_i64(tool.deadline_ms),
    )
    .execute(tx.conn())
    .await?;
    if done.rows_affected() > 0 {
        let what = json!({"name": tool.name, "effect": tool.effect});
        audit::record(tx, actor, Action::ToolRegistered, &what).await?;
    }
    Ok(true)
}

/// Removes a tool, with an audit entry. Returns whether it was there.
///
/// # Errors
/// Only those of the connection.
pub async fn delete(tx: &mut TenantTx, name: &ToolName, actor: &Actor) -> Result<bool, StoreError> {
    let done = sqlx::query!("delete from served_tools where name = $1", name.as_str()).execute(tx.conn()).await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    audit::record(tx, actor, Action::ToolRemoved, &json!({"name": name})).await?;
    Ok(true)
}

/// Whether the tenant serves a tool of this name.
///
/// # Errors
/// Only those of the connection.
pub async fn has(tx: &mut TenantTx, name: &ToolName) -> Result<bool, StoreError> {
    let found =
        sqlx::query_scalar!(r#"select exists (select from served_tools where name = $1) as "known!""#, name.as_str());
    Ok(found.fetch_one(tx.conn()).await?)
}

/// All tools that the tenant serves, by name: there are few.
///
/// # Errors
/// Only those of the connection, and `database_unreadable`.
pub async fn list(tx: &mut TenantTx) -> Result<Vec<ServedTool>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        "select name, description, parameters, effect, deadline_ms from served_tools order by name"
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(ServedTool::try_from).collect()
}
