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

/// Writes what events say about runs: each row once, however much they say.
///
/// # Errors
/// Only those of the connection.
pub async fn write(tx: &mut TenantTx, new: &[NewRun], updates: &[RunUpdate]) -> Result<(), StoreError> {
    let mut later = merge(updates);
    let mut created: Vec<(&NewRun, Merged)> = Vec::with_capacity(new.len());
    for run in new {
        let merged = later.remove(&run.id.as_uuid()).filter(|merged| merged.seq > run.seq);
        created.push((run, merged.unwrap_or_else(|| Merged::at(run.seq, run.at))));
    }
    // One statement cannot change a row twice.
    created.sort_by_key(|(run, _)| run.id);
    created.dedup_by_key(|(run, _)| run.id);
    forget_former(tx, &created).await?;
    create(tx, &created).await?;
    change(tx, later).await
}

/// Removes rows whose log is gone because the stream was restored to a time before it: the same runs were asked for again
/// and began at another moment. What was known of their former lives would pass for later than what happens now.
///
/// # Errors
/// Only those of the connection.
async fn forget_former(tx: &mut TenantTx, runs: &[(&NewRun, Merged)]) -> Result<(), StoreError> {
    if runs.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = runs.iter().map(|(run, _)| run.id.as_uuid()).collect();
    let created: Vec<OffsetDateTime> = runs.iter().map(|(run, _)| run.at).collect();
    sqlx::query!(
        "delete from agent_runs as former using unnest($1::uuid[], $2::timestamptz[]) as u (id, created_at)
         where former.id = u.id and former.id = any($1) and former.created_at <> u.created_at",
        &ids,
        &created,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Adds runs, with what later events say about them. One that is known already is changed by what is later than it.
///
/// # Errors
/// Only those of the connection.
async fn create(tx: &mut TenantTx, runs: &[(&NewRun, Merged)]) -> Result<(), StoreError> {
    if runs.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = runs.iter().map(|(r, _)| r.id.as_uuid()).collect();
    let users: Vec<Uuid> = runs.iter().map(|(r, _)| r.user_id.as_uuid()).collect();
    let sessions: Vec<Option<Uuid>> = runs.iter().map(|(r, _)| r.session_id.map(|s| s.as_uuid())).collect();
    let workflows: Vec<String> = runs.iter().map(|(r, _)| clean(&r.workflow)).collect();
    let prompts: Vec<String> = runs.iter().map(|(r, _)| clean(&r.prompt)).collect();
    let requests: Vec<Value> = runs.iter().map(|(r, _)| clean_json(&r.request)).collect();
    let created: Vec<OffsetDateTime> = runs.iter().map(|(r, _)| r.at).collect();
    let later = Columns::of(runs.iter().map(|(_, merged)| merged));
    // Every event from the first on is in hand, so what they do not say was never said.
    sqlx::query!(
        "insert into agent_runs as r
             (tenant_id, id, user_id, session_id, workflow, prompt, request, created_at,
              seq, updated_at, attempt, status, input_tokens, output_tokens, cost_micros,
              error_code, error_message, started_at, ended_at)
         select $1, u.id, user_id, session_id, workflow, prompt, request, created_at,
                seq, at, coalesce(attempt, 0), coalesce(status, 'created'),
                coalesce(input_tokens, 0), coalesce(output_tokens, 0), coalesce(cost_micros, 0),
                case when status = 'completed' then null else error_code end,
                case when status = 'completed' then null else error_message end, started_at, ended_at
         from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::jsonb[], $8::timestamptz[],
                     $9::bigint[], $10::timestamptz[], $11::integer[], $12::text[], $13::bigint[], $14::bigint[],
                     $15::bigint[], $16::text[], $17::text[], $18::timestamptz[], $19::timestamptz[])
             as u (id, user_id, session_id, workflow, prompt, request, created_at,
                   seq, at, attempt, status, input_tokens, output_tokens, cost_micros,
                   error_code, error_message, started_at, ended_at)
         on conflict (tenant_id, id) do update
             set seq = excluded.seq, updated_at = excluded.updated_at, attempt = excluded.attempt,
                 status = excluded.status, input_tokens = excluded.input_tokens,
                 output_tokens = excluded.output_tokens, cost_micros = excluded.cost_micros,
                 error_code = excluded.error_code, error_message = excluded.error_message,
                 started_at = excluded.started_at, ended_at = excluded.ended_at
             where r.seq < excluded.seq",
        tx.tenant().as_uuid(),
        &ids,
        &users,
        &sessions as &[Option<Uuid>],
        &workflows,
        &prompts,
        &requests,
        &created,
        &later.seqs,
        &later.times,
        &later.attempts as &[Option<i32>],
        &later.statuses as &[Option<&str>],
        &later.input as &[Option<i64>],
        &later.output as &[Option<i64>],
        &later.costs as &[Option<i64>],
        &later.codes as &[Option<&str>],
        &later.messages as &[Option<&str>],
        &later.started as &[Option<OffsetDateTime>],
        &later.ended as &[Option<OffsetDateTime>],
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

/// The same, a column each.
struct Columns<'a> {
    seqs: Vec<i64>,
    times: Vec<OffsetDateTime>,
    attempts: Vec<Option<i32>>,
    statuses: Vec<Option<&'a str>>,
    input: Vec<Option<i64>>,
    output: Vec<Option<i64>>,
    costs: Vec<Option<i64>>,
    codes: Vec<Option<&'a str>>,
    messages: Vec<Option<&'a str>>,
    started: Vec<Option<OffsetDateTime>>,
    ended: Vec<Option<OffsetDateTime>>,
}

impl<'a> Columns<'a> {
    fn of(rows: impl Iterator<Item = &'a Merged> + Clone) -> Self {
        Self {
            seqs: rows.clone().map(|m| to_i64(m.seq)).collect(),
            times: rows.clone().map(|m| m.at).collect(),
            attempts: rows.clone().map(|m| m.attempt.map(to_i32)).collect(),
            statuses: rows.clone().map(|m| m.status.map(RunStatus::as_str)).collect(),
            input: rows.clone().map(|m| m.usage.map(|u| to_i64(u.input_tokens))).collect(),
            output: rows.clone().map(|m| m.usage.map(|u| to_i64(u.output_tokens))).collect(),
            costs: rows.clone().map(|m| m.usage.map(|u| to_i64(u.cost_micros))).collect(),
            codes: rows.clone().map(|m| m.error.as_ref().map(|e| e.0.as_str())).collect(),
            messages: rows.clone().map(|m| m.error.as_ref().map(|e| e.1.as_str())).collect(),
            started: rows.clone().map(|m| m.started_at).collect(),
            ended: rows.map(|m| m.ended_at).collect(),
        }
    }
}

/// Applies later events to runs. An update of a run that is not there is dropped: its first event is gone
/// from the log. Rows are locked in the order of their ids, so that two batches never wait for each other in a circle.
async fn change(tx: &mut TenantTx, runs: BTreeMap<Uuid, Merged>) -> Result<(), StoreError> {
    if runs.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = runs.keys().copied().collect();
    let later = Columns::of(runs.values());
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
         where r.id = u.id and r.id = any($1) and r.seq < u.seq",
        &ids,
        &later.seqs,
        &later.times,
        &later.attempts as &[Option<i32>],
        &later.statuses as &[Option<&str>],
        &later.input as &[Option<i64>],
        &later.output as &[Option<i64>],
        &later.codes as &[Option<&str>],
        &later.messages as &[Option<&str>],
        &later.started as &[Option<OffsetDateTime>],
        &later.ended as &[Option<OffsetDateTime>],
        &later.costs as &[Option<i64>],
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
