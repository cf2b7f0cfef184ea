//! What the projector writes about tool calls.

use std::collections::BTreeMap;

use sba_subjects::id::{CallId, RunId};
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{CallRequest, CallResult};
use crate::{
    StoreError, TenantTx,
    steps::step_id,
    text::{clean, clean_json, to_i32, to_i64},
};

/// Adds calls, and names each in the step that made it. One that is known already is left alone.
///
/// # Errors
/// Only those of the connection.
pub async fn request(tx: &mut TenantTx, calls: &[CallRequest]) -> Result<(), StoreError> {
    if calls.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = calls.iter().map(|c| c.id.as_uuid()).collect();
    let runs: Vec<Uuid> = calls.iter().map(|c| c.run.as_uuid()).collect();
    let steps: Vec<i32> = calls.iter().map(|c| to_i32(c.step)).collect();
    let tools: Vec<String> = calls.iter().map(|c| clean(&c.tool_name)).collect();
    let effects: Vec<&str> = calls.iter().map(|c| c.effect.as_str()).collect();
    let params: Vec<Value> = calls.iter().map(|c| clean_json(&c.params)).collect();
    let seqs: Vec<i64> = calls.iter().map(|c| to_i64(c.seq)).collect();
    let times: Vec<OffsetDateTime> = calls.iter().map(|c| c.at).collect();
    sqlx::query!(
        "insert into tool_calls (tenant_id, id, run_id, step, tool_name, effect, params, seq, created_at)
         select r.tenant_id, c.id, c.run_id, c.step, c.tool_name, c.effect, c.params, c.seq, c.at
         from unnest($1::uuid[], $2::uuid[], $3::integer[], $4::text[], $5::text[], $6::jsonb[], $7::bigint[],
                     $8::timestamptz[])
             as c (id, run_id, step, tool_name, effect, params, seq, at)
         join agent_runs as r on r.id = c.run_id
         on conflict (tenant_id, id) do nothing",
        &ids,
        &runs,
        &steps,
        &tools,
        &effects as &[&str],
        &params,
        &seqs,
        &times,
    )
    .execute(tx.conn())
    .await?;
    name_in_steps(tx, calls).await
}

/// A step names the last call it made since it began: one of an earlier attempt is none of its own.
async fn name_in_steps(tx: &mut TenantTx, calls: &[CallRequest]) -> Result<(), StoreError> {
    let mut latest: BTreeMap<(RunId, u32), &CallRequest> = BTreeMap::new();
    for call in calls {
        let slot = latest.entry((call.run, call.step)).or_insert(call);
        if slot.seq < call.seq {
            *slot = call;
        }
    }
    let steps: Vec<Uuid> = latest.keys().map(|(run, step)| step_id(*run, *step)).collect();
    let ids: Vec<Uuid> = latest.values().map(|c| c.id.as_uuid()).collect();
    let seqs: Vec<i64> = latest.values().map(|c| to_i64(c.seq)).collect();
    let times: Vec<OffsetDateTime> = latest.values().map(|c| c.at).collect();
    // A log that is projected anew comes by earlier calls of a step that names a later one already.
    sqlx::query!(
        "update agent_steps as s
         set tool_call_id = c.id
         from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::timestamptz[]) as c (step_id, id, seq, at)
         where s.id = c.step_id and c.at >= s.started_at and s.tool_call_id is distinct from c.id
           and not exists (select from tool_calls as later
                           where later.run_id = s.run_id and later.step = s.number and later.id <> c.id
                             and later.created_at >= c.at and later.seq > c.seq)",
        &steps,
        &ids,
        &seqs,
        &times,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Adds the results of calls.
///
/// # Errors
/// Only those of the connection.
pub async fn result(tx: &mut TenantTx, results: &[CallResult]) -> Result<(), StoreError> {
    if results.is_empty() {
        return Ok(());
    }
    let mut latest: BTreeMap<CallId, &CallResult> = BTreeMap::new();
    for result in results {
        let slot = latest.entry(result.id).or_insert(result);
        if slot.seq < result.seq {
            *slot = result;
        }
    }
    let results: Vec<&CallResult> = latest.into_values().collect();
    let ids: Vec<Uuid> = results.iter().map(|r| r.id.as_uuid()).collect();
    let seqs: Vec<i64> = results.iter().map(|r| to_i64(r.seq)).collect();
    let times: Vec<OffsetDateTime> = results.iter().map(|r| r.at).collect();
    let successes: Vec<bool> = results.iter().map(|r| r.success).collect();
    let values: Vec<Value> = results.iter().map(|r| clean_json(&r.result)).collect();
    let text = |t: &str| clean(t);
    let codes: Vec<Option<String>> = results.iter().map(|r| r.error.as_ref().map(|e| text(&e.code))).collect();
    let messages: Vec<Option<String>> = results.iter().map(|r| r.error.as_ref().map(|e| text(&e.message))).collect();
    let durations: Vec<i64> = results.iter().map(|r| to_i64(r.duration_ms)).collect();
    sqlx::query!(
        "update tool_calls as c
         set success = r.success, result = r.result, error_code = r.error_code, error_message = r.error_message,
             duration_ms = r.duration_ms, seq = r.seq, ended_at = r.at
         from unnest($1::uuid[], $2::bigint[], $3::timestamptz[], $4::boolean[], $5::jsonb[], $6::text[],
                     $7::text[], $8::bigint[])
             as r (id, seq, at, success, result, error_code, error_message, duration_ms)
         where c.id = r.id and c.seq < r.seq",
        &ids,
        &seqs,
        &times,
        &successes,
        &values,
        &codes as &[Option<String>],
        &messages as &[Option<String>],
        &durations,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
