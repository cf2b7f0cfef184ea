//! What the projector writes about tool calls.

use std::collections::BTreeMap;

use sba_subjects::{id::CallId, run::Failure};
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{CallRequest, CallResult};
use crate::{
    StoreError, TenantTx,
    text::{clean, clean_json, to_i32, to_i64},
};

/// Writes what events say about calls: each row once, however much they say.
///
/// # Errors
/// Only those of the connection.
pub async fn write(tx: &mut TenantTx, requests: &[CallRequest], results: &[CallResult]) -> Result<(), StoreError> {
    let mut latest: BTreeMap<CallId, &CallResult> = BTreeMap::new();
    for result in results {
        let slot = latest.entry(result.id).or_insert(result);
        if slot.seq < result.seq {
            *slot = result;
        }
    }
    // One statement cannot change a row twice: of a call that was asked for again, the first request stands.
    let mut asked: BTreeMap<CallId, &CallRequest> = BTreeMap::new();
    for request in requests {
        let slot = asked.entry(request.id).or_insert(request);
        if slot.seq > request.seq {
            *slot = request;
        }
    }
    let made: Vec<(&CallRequest, Option<&CallResult>)> =
        asked.into_values().map(|request| (request, latest.remove(&request.id))).collect();
    request(tx, &made).await?;
    let results: Vec<&CallResult> = latest.into_values().collect();
    result(tx, &results).await
}

/// What calls came to, a column each.
struct Results {
    times: Vec<Option<OffsetDateTime>>,
    successes: Vec<Option<bool>>,
    values: Vec<Option<Value>>,
    codes: Vec<Option<String>>,
    messages: Vec<Option<String>>,
    durations: Vec<Option<i64>>,
}

impl Results {
    fn of<'a>(results: impl Iterator<Item = Option<&'a CallResult>> + Clone) -> Self {
        let failures = |of: fn(&Failure) -> &str| {
            let failure = move |result: Option<&'a CallResult>| result?.error.as_ref().map(|error| clean(of(error)));
            results.clone().map(failure).collect()
        };
        Self {
            times: results.clone().map(|r| r.map(|r| r.at)).collect(),
            successes: results.clone().map(|r| r.map(|r| r.success)).collect(),
            values: results.clone().map(|r| r.map(|r| clean_json(&r.result))).collect(),
            codes: failures(|error| &error.code),
            messages: failures(|error| &error.message),
            durations: results.map(|r| r.map(|r| to_i64(r.duration_ms))).collect(),
        }
    }
}

/// Adds calls. One that is known already is only given its result.
async fn request(tx: &mut TenantTx, calls: &[(&CallRequest, Option<&CallResult>)]) -> Result<(), StoreError> {
    if calls.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = calls.iter().map(|(c, _)| c.id.as_uuid()).collect();
    let runs: Vec<Uuid> = calls.iter().map(|(c, _)| c.run.as_uuid()).collect();
    let steps: Vec<i32> = calls.iter().map(|(c, _)| to_i32(c.step)).collect();
    let tools: Vec<String> = calls.iter().map(|(c, _)| clean(&c.tool_name)).collect();
    let effects: Vec<&str> = calls.iter().map(|(c, _)| c.effect.as_str()).collect();
    let params: Vec<Value> = calls.iter().map(|(c, _)| clean_json(&c.params)).collect();
    let times: Vec<OffsetDateTime> = calls.iter().map(|(c, _)| c.at).collect();
    let seqs: Vec<i64> = calls.iter().map(|(c, r)| to_i64(r.map_or(c.seq, |r| r.seq.max(c.seq)))).collect();
    let results = Results::of(calls.iter().map(|(_, result)| *result));
    sqlx::query!(
        "insert into tool_calls as old
             (tenant_id, id, run_id, step, tool_name, effect, params, seq, created_at,
              success, result, error_code, error_message, duration_ms, ended_at)
         select r.tenant_id, c.id, c.run_id, c.step, c.tool_name, c.effect, c.params, c.seq, c.at,
                c.success, c.result, c.error_code, c.error_message, c.duration_ms, c.ended_at
         from unnest($1::uuid[], $2::uuid[], $3::integer[], $4::text[], $5::text[], $6::jsonb[], $7::bigint[],
                     $8::timestamptz[], $9::boolean[], $10::jsonb[], $11::text[], $12::text[], $13::bigint[],
                     $14::timestamptz[])
             as c (id, run_id, step, tool_name, effect, params, seq, at, success, result, error_code, error_message,
                   duration_ms, ended_at)
         join agent_runs as r on r.id = c.run_id
         where r.id = any($2)
         on conflict (tenant_id, id) do update
             set success = excluded.success, result = excluded.result, error_code = excluded.error_code,
                 error_message = excluded.error_message, duration_ms = excluded.duration_ms, seq = excluded.seq,
                 ended_at = excluded.ended_at
             where old.seq < excluded.seq and excluded.success is not null",
        &ids,
        &runs,
        &steps,
        &tools,
        &effects as &[&str],
        &params,
        &seqs,
        &times,
        &results.successes as &[Option<bool>],
        &results.values as &[Option<Value>],
        &results.codes as &[Option<String>],
        &results.messages as &[Option<String>],
        &results.durations as &[Option<i64>],
        &results.times as &[Option<OffsetDateTime>],
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Adds the results of calls.
async fn result(tx: &mut TenantTx, results: &[&CallResult]) -> Result<(), StoreError> {
    if results.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = results.iter().map(|r| r.id.as_uuid()).collect();
    let seqs: Vec<i64> = results.iter().map(|r| to_i64(r.seq)).collect();
    let results = Results::of(results.iter().map(|result| Some(*result)));
    sqlx::query!(
        "update tool_calls as c
         set success = r.success, result = r.result, error_code = r.error_code, error_message = r.error_message,
             duration_ms = r.duration_ms, seq = r.seq, ended_at = r.at
         from unnest($1::uuid[], $2::bigint[], $3::timestamptz[], $4::boolean[], $5::jsonb[], $6::text[],
                     $7::text[], $8::bigint[])
             as r (id, seq, at, success, result, error_code, error_message, duration_ms)
         where c.id = r.id and c.id = any($1) and c.seq < r.seq",
        &ids,
        &seqs,
        &results.times as &[Option<OffsetDateTime>],
        &results.successes as &[Option<bool>],
        &results.values as &[Option<Value>],
        &results.codes as &[Option<String>],
        &results.messages as &[Option<String>],
        &results.durations as &[Option<i64>],
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
