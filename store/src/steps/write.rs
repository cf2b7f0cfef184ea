//! What the projector writes about steps.

use std::collections::BTreeMap;

use sba_subjects::{id::RunId, run::Failure};
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{StepFinish, StepStart};
use crate::{
    StoreError, TenantTx,
    text::{clean, clean_json, to_i32, to_i64},
    tool_calls::CallRequest,
};

/// The id of a step follows from its run and number.
pub(crate) fn step_id(run: RunId, number: u32) -> Uuid {
    Uuid::new_v5(&run.as_uuid(), &number.to_be_bytes())
}

/// The latest of each step.
fn latest<T>(all: &[T], key: impl Fn(&T) -> (RunId, u32), seq: impl Fn(&T) -> u64) -> BTreeMap<(RunId, u32), &T> {
    let mut latest: BTreeMap<(RunId, u32), &T> = BTreeMap::new();
    for one in all {
        let slot = latest.entry(key(one)).or_insert(one);
        if seq(slot) < seq(one) {
            *slot = one;
        }
    }
    latest
}

/// A step that began, with what came of it by now.
struct Begun<'a> {
    start: &'a StepStart,
    finish: Option<&'a StepFinish>,
    call: Option<&'a CallRequest>,
}

/// Writes what events say about steps: each row once, however much they say. `calls` name the tool calls of steps.
///
/// # Errors
/// Only those of the connection.
pub async fn write(
    tx: &mut TenantTx,
    starts: &[StepStart],
    finishes: &[StepFinish],
    calls: &[CallRequest],
) -> Result<(), StoreError> {
    let starts = latest(starts, |s| (s.run, s.number), |s| s.seq);
    let mut finishes = latest(finishes, |s| (s.run, s.number), |s| s.seq);
    let mut calls = latest(calls, |c| (c.run, c.step), |c| c.seq);
    let mut begun = Vec::with_capacity(starts.len());
    for (key, start) in starts {
        // What an earlier attempt made of the step is void.
        let finish = finishes.remove(&key).filter(|finish| finish.seq > start.seq);
        let call = calls.remove(&key).filter(|call| call.seq > start.seq);
        begun.push(Begun { start, finish, call });
    }
    start(tx, &begun).await?;
    name_calls(tx, &calls).await?;
    let finishes: Vec<&StepFinish> = finishes.into_values().collect();
    finish(tx, &finishes).await
}

/// How steps ended, a column each.
struct Ends {
    statuses: Vec<Option<&'static str>>,
    outputs: Vec<Option<Value>>,
    input_tokens: Vec<Option<i64>>,
    output_tokens: Vec<Option<i64>>,
    costs: Vec<Option<i64>>,
    codes: Vec<Option<String>>,
    messages: Vec<Option<String>>,
    times: Vec<Option<OffsetDateTime>>,
}

impl Ends {
    fn of<'a>(steps: impl Iterator<Item = Option<&'a StepFinish>> + Clone) -> Self {
        fn each<'a, T>(
            steps: impl Iterator<Item = Option<&'a StepFinish>>,
            column: impl Fn(&'a StepFinish) -> T,
        ) -> Vec<Option<T>> {
            steps.map(|step| step.map(&column)).collect()
        }
        let failures = |of: fn(&Failure) -> &str| {
            let failure = move |step: Option<&'a StepFinish>| step?.error.as_ref().map(|error| clean(of(error)));
            steps.clone().map(failure).collect()
        };
        Self {
            statuses: each(steps.clone(), |s| s.status.as_str()),
            outputs: each(steps.clone(), |s| clean_json(&s.output)),
            input_tokens: each(steps.clone(), |s| to_i64(s.usage.input_tokens)),
            output_tokens: each(steps.clone(), |s| to_i64(s.usage.output_tokens)),
            costs: each(steps.clone(), |s| to_i64(s.usage.cost_micros)),
            codes: failures(|error| &error.code),
            messages: failures(|error| &error.message),
            times: each(steps, |s| s.at),
        }
    }
}

/// Adds steps, or begins them anew.
async fn start(tx: &mut TenantTx, steps: &[Begun<'_>]) -> Result<(), StoreError> {
    if steps.is_empty() {
        return Ok(());
    }
    let starts = || steps.iter().map(|step| step.start);
    let ids: Vec<Uuid> = starts().map(|s| step_id(s.run, s.number)).collect();
    let runs: Vec<Uuid> = starts().map(|s| s.run.as_uuid()).collect();
    let numbers: Vec<i32> = starts().map(|s| to_i32(s.number)).collect();
    let attempts: Vec<i32> = starts().map(|s| to_i32(s.attempt)).collect();
    let kinds: Vec<&str> = starts().map(|s| s.kind.as_str()).collect();
    let names: Vec<String> = starts().map(|s| clean(&s.name)).collect();
    let inputs: Vec<Value> = starts().map(|s| clean_json(&s.input)).collect();
    let times: Vec<OffsetDateTime> = starts().map(|s| s.at).collect();
    let seqs: Vec<i64> = steps.iter().map(|s| to_i64(s.finish.map_or(s.start.seq, |finish| finish.seq))).collect();
    let calls: Vec<Option<Uuid>> = steps.iter().map(|s| s.call.map(|call| call.id.as_uuid())).collect();
    let ends = Ends::of(steps.iter().map(|step| step.finish));
    // Joined to their runs: a step whose run is gone from the log is dropped like the run's own updates.
    sqlx::query!(
        "insert into agent_steps as old
             (tenant_id, id, run_id, number, attempt, kind, name, status, input, seq, started_at, tool_call_id,
              output, input_tokens, output_tokens, cost_micros, error_code, error_message, ended_at)
         select r.tenant_id, s.id, s.run_id, s.number, s.attempt, s.kind, s.name, coalesce(s.status, 'running'), s.input,
                s.seq, s.started_at, s.tool_call_id, s.output, coalesce(s.input_tokens, 0),
                coalesce(s.output_tokens, 0), coalesce(s.cost_micros, 0), s.error_code, s.error_message, s.ended_at
         from unnest($1::uuid[], $2::uuid[], $3::integer[], $4::integer[], $5::text[], $6::text[], $7::jsonb[],
                     $8::bigint[], $9::timestamptz[], $10::uuid[], $11::text[], $12::jsonb[], $13::bigint[],
                     $14::bigint[], $15::bigint[], $16::text[], $17::text[], $18::timestamptz[])
             as s (id, run_id, number, attempt, kind, name, input, seq, started_at, tool_call_id, status, output,
                   input_tokens, output_tokens, cost_micros, error_code, error_message, ended_at)
         join agent_runs as r on r.id = s.run_id
         where r.id = any($2)
         on conflict (tenant_id, run_id, number) do update
             set attempt = excluded.attempt, kind = excluded.kind, name = excluded.name, status = excluded.status,
                 input = excluded.input, output = excluded.output, error_code = excluded.error_code,
                 error_message = excluded.error_message, input_tokens = excluded.input_tokens,
                 output_tokens = excluded.output_tokens, cost_micros = excluded.cost_micros,
                 tool_call_id = excluded.tool_call_id, seq = excluded.seq, started_at = excluded.started_at,
                 ended_at = excluded.ended_at
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
        &calls as &[Option<Uuid>],
        &ends.statuses as &[Option<&str>],
        &ends.outputs as &[Option<Value>],
        &ends.input_tokens as &[Option<i64>],
        &ends.output_tokens as &[Option<i64>],
        &ends.costs as &[Option<i64>],
        &ends.codes as &[Option<String>],
        &ends.messages as &[Option<String>],
        &ends.times as &[Option<OffsetDateTime>],
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// A step names the last call it made since it began: one of an earlier attempt is none of its own.
async fn name_calls(tx: &mut TenantTx, calls: &BTreeMap<(RunId, u32), &CallRequest>) -> Result<(), StoreError> {
    if calls.is_empty() {
        return Ok(());
    }
    let runs: Vec<Uuid> = calls.keys().map(|(run, _)| run.as_uuid()).collect();
    let steps: Vec<Uuid> = calls.keys().map(|(run, step)| step_id(*run, *step)).collect();
    let ids: Vec<Uuid> = calls.values().map(|c| c.id.as_uuid()).collect();
    let seqs: Vec<i64> = calls.values().map(|c| to_i64(c.seq)).collect();
    let times: Vec<OffsetDateTime> = calls.values().map(|c| c.at).collect();
    // A log that is projected anew comes by earlier calls of a step that names a later one already.
    sqlx::query!(
        "update agent_steps as s
         set tool_call_id = c.id
         from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::timestamptz[]) as c (step_id, id, seq, at)
         where s.id = c.step_id and s.id = any($1) and s.run_id = any($5)
           and c.at >= s.started_at and s.tool_call_id is distinct from c.id
           and not exists (select from tool_calls as later
                           where later.run_id = s.run_id and later.run_id = any($5) and later.step = s.number and later.id <> c.id
                             and later.created_at >= c.at and later.seq > c.seq)",
        &steps,
        &ids,
        &seqs,
        &times,
        &runs,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Ends steps.
async fn finish(tx: &mut TenantTx, steps: &[&StepFinish]) -> Result<(), StoreError> {
    if steps.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = steps.iter().map(|s| step_id(s.run, s.number)).collect();
    let seqs: Vec<i64> = steps.iter().map(|s| to_i64(s.seq)).collect();
    let ends = Ends::of(steps.iter().map(|step| Some(*step)));
    sqlx::query!(
        "update agent_steps as old
         set status = s.status, output = s.output, input_tokens = s.input_tokens, output_tokens = s.output_tokens,
             error_code = s.error_code, error_message = s.error_message, seq = s.seq, ended_at = s.at,
             cost_micros = s.cost_micros
         from unnest($1::uuid[], $2::text[], $3::jsonb[], $4::bigint[], $5::bigint[], $6::text[], $7::text[],
                     $8::bigint[], $9::timestamptz[], $10::bigint[])
             as s (id, status, output, input_tokens, output_tokens, error_code, error_message, seq, at, cost_micros)
         where old.id = s.id and old.id = any($1) and old.seq < s.seq",
        &ids,
        &ends.statuses as &[Option<&str>],
        &ends.outputs as &[Option<Value>],
        &ends.input_tokens as &[Option<i64>],
        &ends.output_tokens as &[Option<i64>],
        &ends.codes as &[Option<String>],
        &ends.messages as &[Option<String>],
        &seqs,
        &ends.times as &[Option<OffsetDateTime>],
        &ends.costs as &[Option<i64>],
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
