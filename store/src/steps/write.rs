//! What the projector writes about steps.

use std::collections::BTreeMap;

use sba_subjects::id::RunId;
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{StepFinish, StepStart};
use crate::{
    StoreError, TenantTx,
    text::{clean, clean_json, to_i32, to_i64},
};

/// The id of a step follows from its run and number.
pub(crate) fn step_id(run: RunId, number: u32) -> Uuid {
    Uuid::new_v5(&run.as_uuid(), &number.to_be_bytes())
}

/// Adds steps, or begins them anew.
///
/// # Errors
/// Only those of the connection.
pub async fn start(tx: &mut TenantTx, steps: &[StepStart]) -> Result<(), StoreError> {
    if steps.is_empty() {
        return Ok(());
    }
    let mut latest: BTreeMap<(RunId, u32), &StepStart> = BTreeMap::new();
    for step in steps {
        let slot = latest.entry((step.run, step.number)).or_insert(step);
        if slot.seq < step.seq {
            *slot = step;
        }
    }
    let steps: Vec<&StepStart> = latest.into_values().collect();
    let ids: Vec<Uuid> = steps.iter().map(|s| step_id(s.run, s.number)).collect();
    let runs: Vec<Uuid> = steps.iter().map(|s| s.run.as_uuid()).collect();
    let numbers: Vec<i32> = steps.iter().map(|s| to_i32(s.number)).collect();
    let attempts: Vec<i32> = steps.iter().map(|s| to_i32(s.attempt)).collect();
    let kinds: Vec<&str> = steps.iter().map(|s| s.kind.as_str()).collect();
    let names: Vec<String> = steps.iter().map(|s| clean(&s.name)).collect();
    let inputs: Vec<Value> = steps.iter().map(|s| clean_json(&s.input)).collect();
    let seqs: Vec<i64> = steps.iter().map(|s| to_i64(s.seq)).collect();
    let times: Vec<OffsetDateTime> = steps.iter().map(|s| s.at).collect();
    // Joined to their runs: a step whose run is gone from the log is dropped like the run's own updates.
    sqlx::query!(
        "insert into agent_steps as old
             (tenant_id, id, run_id, number, attempt, kind, name, status, input, seq, started_at)
         select r.tenant_id, s.id, s.run_id, s.number, s.attempt, s.kind, s.name, 'running', s.input, s.seq, s.at
         from unnest($1::uuid[], $2::uuid[], $3::integer[], $4::integer[], $5::text[], $6::text[], $7::jsonb[],
                     $8::bigint[], $9::timestamptz[])
             as s (id, run_id, number, attempt, kind, name, input, seq, at)
         join agent_runs as r on r.id = s.run_id
         on conflict (tenant_id, run_id, number) do update
             set attempt = excluded.attempt, kind = excluded.kind, name = excluded.name, status = 'running',
                 input = excluded.input, output = null, error_code = null, error_message = null,
                 input_tokens = 0, output_tokens = 0, cost_micros = 0, tool_call_id = null,
                 seq = excluded.seq, started_at = excluded.started_at, ended_at = null
             where old.seq < excluded.seq",
        &ids,
        &runs,
        &numbers,
        &attempts,
        &kinds as &[&str],
        &names,
        &inputs,
        &seqs,
        &times,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Ends steps.
///
/// # Errors
/// Only those of the connection.
pub async fn finish(tx: &mut TenantTx, steps: &[StepFinish]) -> Result<(), StoreError> {
    if steps.is_empty() {
        return Ok(());
    }
    let mut latest: BTreeMap<(RunId, u32), &StepFinish> = BTreeMap::new();
    for step in steps {
        let slot = latest.entry((step.run, step.number)).or_insert(step);
        if slot.seq < step.seq {
            *slot = step;
        }
    }
    let steps: Vec<&StepFinish> = latest.into_values().collect();
    let ids: Vec<Uuid> = steps.iter().map(|s| step_id(s.run, s.number)).collect();
    let statuses: Vec<&str> = steps.iter().map(|s| s.status.as_str()).collect();
    let outputs: Vec<Value> = steps.iter().map(|s| clean_json(&s.output)).collect();
    let input_tokens: Vec<i64> = steps.iter().map(|s| to_i64(s.usage.input_tokens)).collect();
    let output_tokens: Vec<i64> = steps.iter().map(|s| to_i64(s.usage.output_tokens)).collect();
    let costs: Vec<i64> = steps.iter().map(|s| to_i64(s.usage.cost_micros)).collect();
    let text = |t: &str| clean(t);
    let codes: Vec<Option<String>> = steps.iter().map(|s| s.error.as_ref().map(|e| text(&e.code))).collect();
    let messages: Vec<Option<String>> = steps.iter().map(|s| s.error.as_ref().map(|e| text(&e.message))).collect();
    let seqs: Vec<i64> = steps.iter().map(|s| to_i64(s.seq)).collect();
    let times: Vec<OffsetDateTime> = steps.iter().map(|s| s.at).collect();
    sqlx::query!(
        "update agent_steps as old
         set status = s.status, output = s.output, input_tokens = s.input_tokens, output_tokens = s.output_tokens,
             error_code = s.error_code, error_message = s.error_message, seq = s.seq, ended_at = s.at,
             cost_micros = s.cost_micros
         from unnest($1::uuid[], $2::text[], $3::jsonb[], $4::bigint[], $5::bigint[], $6::text[], $7::text[],
                     $8::bigint[], $9::timestamptz[], $10::bigint[])
             as s (id, status, output, input_tokens, output_tokens, error_code, error_message, seq, at, cost_micros)
         where old.id = s.id and old.seq < s.seq",
        &ids,
        &statuses as &[&str],
        &outputs,
        &input_tokens,
        &output_tokens,
        &codes as &[Option<String>],
        &messages as &[Option<String>],
        &seqs,
        &times,
        &costs,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
