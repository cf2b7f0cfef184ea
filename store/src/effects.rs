//! Effects of tools: recorded before they happen, so that a call is never done twice unknowingly.
//!
//! [`begin`] is committed before the effect. [`finish`] stores what came of it: in a transaction of its own, or, for a
//! tool that writes to Postgres itself, in the one that has the effect.

use sba_subjects::id::CallId;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::{
    StoreError, TenantTx,
    text::{clean, clean_json},
};

/// A call of a tool that changes something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Its id, also the key that is passed outward.
    pub id: CallId,
    /// The tool.
    pub tool_name: String,
    /// SHA-256 of what it is given, in a canonical form.
    pub params_hash: [u8; 32],
}

impl Call {
    /// A call of a tool that is given `params`.
    #[must_use]
    pub fn of(id: CallId, tool_name: &str, params: &Value) -> Self {
        let params_hash = Sha256::digest(canonical(params).to_string()).into();
        Self { id, tool_name: tool_name.to_owned(), params_hash }
    }
}

/// What is known of a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Begun {
    /// It was not begun before; it is now.
    Fresh,
    /// It was begun and nobody knows how far it came.
    Unfinished,
    /// It was done, and this is what was stored.
    Done(Value),
    /// The id stands for a call of another tool, or with other parameters.
    Other,
}

/// Records that a call begins, unless it was recorded before.
///
/// Two that begin at once wait for each other: the second sees what the first has committed.
///
/// # Errors
/// `missing_reference` for a tenant that does not exist, else only those of the connection.
pub async fn begin(tx: &mut TenantTx, call: &Call) -> Result<Begun, StoreError> {
    let tool = clean(&call.tool_name);
    let made = sqlx::query!(
        "insert into tool_effects (tenant_id, call_id, tool_name, params_hash) values ($1, $2, $3, $4)
         on conflict (tenant_id, call_id) do nothing",
        tx.tenant().as_uuid(),
        call.id.as_uuid(),
        tool,
        call.params_hash.as_slice(),
    )
    .execute(tx.conn())
    .await?;
    if made.rows_affected() > 0 {
        return Ok(Begun::Fresh);
    }
    let stored =
        sqlx::query!("select tool_name, params_hash, result from tool_effects where call_id = $1", call.id.as_uuid())
            .fetch_one(tx.conn())
            .await?;
    Ok(match stored.result {
        _ if stored.tool_name != tool || stored.params_hash != call.params_hash => Begun::Other,
        Some(result) => Begun::Done(result),
        None => Begun::Unfinished,
    })
}

/// Records what came of a call that was begun. The first to say so is believed; `false` for any other.
///
/// # Errors
/// Only those of the connection.
pub async fn finish(tx: &mut TenantTx, call: CallId, result: &Value) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "update tool_effects set finished_at = now(), result = $2 where call_id = $1 and finished_at is null",
        call.as_uuid(),
        clean_json(result),
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// The same value with the keys of every object in order: its text then depends on nothing else.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(canonical).collect(),
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(key, _)| *key);
            Value::Object(fields.into_iter().map(|(key, value)| (key.clone(), canonical(value))).collect())
        }
        plain => plain.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_order_of_keys_does_not_matter_and_that_of_items_does() {
        let text = |value: Value| canonical(&value).to_string();
        assert_eq!(text(json!({"a": {"x": 1, "y": 2}, "b": []})), text(json!({"b": [], "a": {"y": 2, "x": 1}})));
        assert_ne!(text(json!([1, 2])), text(json!([2, 1])));
    }
}
