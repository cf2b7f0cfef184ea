//! What the projector writes about runs.

use std::collections::BTreeMap;

use sba_subjects::{
    id::RunId,
    run::{RunStatus, Usage},
};
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{NewRun, RunUpdate};
use crate::{
    StoreError, TenantTx,
    text::{clean, clean_json, to_i32, to_i64},
};

/// Adds runs. One that is known already is left alone.
///
/// # Errors
/// Only those of the connection.
pub async fn create(tx: &mut TenantTx, runs: &[NewRun]) -> Result<(), StoreError> {
    if runs.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = runs.iter().map(|r| r.id.as_uuid()).collect();
    let users: Vec<Uuid> = runs.iter().map(|r| r.user_id.as_uuid()).collect();
    let sessions: Vec<Option<Uuid>> = runs.iter().map(|r| r.session_id.map(|s| s.as_uuid())).collect();
    let workflows: Vec<String> = runs.iter().map(|r| clean(&r.workflow)).collect();
    let prompts: Vec<String> = runs.iter().map(|r| clean(&r.prompt)).collect();
    let requests: Vec<Value> = runs.iter().map(|r| clean_json(&r.request)).collect();
    let seqs: Vec<i64> = runs.iter().map(|r| to_i64(r.seq)).collect();
    let times: Vec<OffsetDateTime> = runs.iter().map(|r| r.at).collect();
    sqlx::query!(
        "insert into agent_runs
             (tenant_id, id, user_id, session_id, workflow, status, prompt, request, seq, created_at, updated_at)
         select $1, id, user_id, session_id, workflow, 'created', prompt, request, seq, at, at
         from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::jsonb[], $8::bigint[],
                     $9::timestamptz[])
             as r (id, user_id, session_id, workflow, prompt, request, seq, at)
         on conflict (tenant_id, id) do nothing",
        tx.tenant().as_uuid(),
        &ids,
        &users,
        &sessions as &[Option<Uuid>],
        &workflows,
        &prompts,
        &requests,
        &seqs,
        &times,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Several updates of one run, as one.
#[derive(Clone)]
struct Merged {
    seq: u64,
    at: OffsetDateTime,
    attempt: Option<u32>,
    status: Option<RunStatus>,
    usage: Option<Usage>,
    error: Option<(String, String)>,
    started_at: Option<OffsetDateTime>,
    ended_at: Option<OffsetDateTime>,
}

impl Merged {
    const fn at(seq: u64, at: OffsetDateTime) -> Self {
        Self { seq, at, attempt: None, status: None, usage: None, error: None, started_at: None, ended_at: None }
    }

    fn add(&mut self, update: &RunUpdate) {
        self.seq = update.seq;
        self.at = update.at;
        self.attempt = update.attempt.or(self.attempt);
        self.usage = update.usage.or(self.usage);
        if let Some(why) = &update.error {
            self.error = Some((clean(&why.code), clean(&why.message)));
        }
        if let Some(status) = update.status {
            self.status = Some(status);
            if status == RunStatus::Running {
                self.started_at = self.started_at.or(Some(update.at));
            }
            if status.is_terminal() {
                self.ended_at = Some(update.at);
            }
        }
    }
}

fn merge(updates: &[RunUpdate]) -> BTreeMap<Uuid, Merged> {
    let mut ordered: Vec<&RunUpdate> = updates.iter().collect();
    ordered.sort_by_key(|u| u.seq);
    let mut merged = BTreeMap::new();
    for update in ordered {
        merged.entry(update.id.as_uuid()).or_insert_with(|| Merged::at(update.seq, update.at)).add(update);
    }
    merged
}

/// Applies later events to runs. An update of a run that is not there is dropped: its first event is gone
/// from the log.
///
/// # Errors
/// Only those of the connection.
pub async fn update(tx: &mut TenantTx, updates: &[RunUpdate]) -> Result<(), StoreError> {
    if updates.is_empty() {
        return Ok(());
    }
    // Rows are locked in the order of their ids, so that two batches never wait for each other in a circle.
    let (ids, merged): (Vec<Uuid>, Vec<Merged>) = merge(updates).into_iter().unzip();
    let seqs: Vec<i64> = merged.iter().map(|m| to_i64(m.seq)).collect();
    let times: Vec<OffsetDateTime> = merged.iter().map(|m| m.at).collect();
    let attempts: Vec<Option<i32>> = merged.iter().map(|m| m.attempt.map(to_i32)).collect();
    let statuses: Vec<Option<&str>> = merged.iter().map(|m| m.status.map(RunStatus::as_str)).collect();
    let input: Vec<Option<i64>> = merged.iter().map(|m| m.usage.map(|u| to_i64(u.input_tokens))).collect();
    let output: Vec<Option<i64>> = merged.iter().map(|m| m.usage.map(|u| to_i64(u.output_tokens))).collect();
    let costs: Vec<Option<i64>> = merged.iter().map(|m| m.usage.map(|u| to_i64(u.cost_micros))).collect();
    let codes: Vec<Option<&str>> = merged.iter().map(|m| m.error.as_ref().map(|e| e.0.as_str())).collect();
    let messages: Vec<Option<&str>> = merged.iter().map(|m| m.error.as_ref().map(|e| e.1.as_str())).collect();
    let started: Vec<Option<OffsetDateTime>> = merged.iter().map(|m| m.started_at).collect();
    let ended: Vec<Option<OffsetDateTime>> = merged.iter().map(|m| m.ended_at).collect();
    sqlx::query!(
        "update agent_runs as r
         set seq = u.seq, updated_at = u.at,
             attempt = coalesce(u.attempt, r.attempt), status = coalesce(u.status, r.status),
             input_tokens = coalesce(u.input_tokens, r.input_tokens),
             output_tokens = coalesce(u.output_tokens, r.output_tokens),
             cost_micros = coalesce(u.cost_micros, r.cost_micros),
             error_code = case when u.status = 'completed' then null else coalesce(u.error_code, r.error_code) end,
             error_message =
                 case when u.status = 'completed' then null else coalesce(u.error_message, r.error_message) end,
             started_at = coalesce(r.started_at, u.started_at), ended_at = coalesce(u.ended_at, r.ended_at)
         from unnest($1::uuid[], $2::bigint[], $3::timestamptz[], $4::integer[], $5::text[], $6::bigint[],
                     $7::bigint[], $8::text[], $9::text[], $10::timestamptz[], $11::timestamptz[],
                     $12::bigint[])
             as u (id, seq, at, attempt, status, input_tokens, output_tokens, error_code, error_message,
                   started_at, ended_at, cost_micros)
         where r.id = u.id and r.seq < u.seq",
        &ids,
        &seqs,
        &times,
        &attempts as &[Option<i32>],
        &statuses as &[Option<&str>],
        &input as &[Option<i64>],
        &output as &[Option<i64>],
        &codes as &[Option<&str>],
        &messages as &[Option<&str>],
        &started as &[Option<OffsetDateTime>],
        &ended as &[Option<OffsetDateTime>],
        &costs as &[Option<i64>],
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Removes a run with its steps and tool calls, so that it can be projected anew. Returns whether it was there.
///
/// # Errors
/// Only those of the connection.
pub async fn forget(tx: &mut TenantTx, id: RunId) -> Result<bool, StoreError> {
    let done = sqlx::query!("delete from agent_runs where id = $1", id.as_uuid()).execute(tx.conn()).await?;
    Ok(done.rows_affected() == 1)
}
