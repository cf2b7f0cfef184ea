//! Projecting the log: what a batch of events says about one tenant's runs, and how far the log was read.

use sba_subjects::id::{RecordId, RunId};

use crate::{
    ProjectionTx, StoreError, TenantTx,
    runs::{self, NewRun, RunUpdate},
    steps::{self, StepFinish, StepStart},
    text::to_i64,
    tool_calls::{self, CallRequest, CallResult},
};

/// What a batch of events says about one tenant's runs. The order within each list does not matter.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// Runs that were accepted.
    pub new_runs: Vec<NewRun>,
    /// What else happened to runs.
    pub run_updates: Vec<RunUpdate>,
    /// Steps that began.
    pub step_starts: Vec<StepStart>,
    /// Steps that ended.
    pub step_finishes: Vec<StepFinish>,
    /// Tools that were called.
    pub call_requests: Vec<CallRequest>,
    /// Tools that answered.
    pub call_results: Vec<CallResult>,
}

impl Facts {
    /// Adds what other events say.
    pub fn extend(&mut self, more: Self) {
        self.new_runs.extend(more.new_runs);
        self.run_updates.extend(more.run_updates);
        self.step_starts.extend(more.step_starts);
        self.step_finishes.extend(more.step_finishes);
        self.call_requests.extend(more.call_requests);
        self.call_results.extend(more.call_results);
    }
}

/// Writes facts, at most one statement or two for each list however long it is. Facts that are known
/// already, or older than what is known, change nothing.
///
/// # Errors
/// Only those of the connection.
pub async fn write(tx: &mut TenantTx, facts: &Facts) -> Result<(), StoreError> {
    runs::write(tx, &facts.new_runs, &facts.run_updates).await?;
    tool_calls::write(tx, &facts.call_requests, &facts.call_results).await?;
    steps::write(tx, &facts.step_starts, &facts.step_finishes, &facts.call_requests).await
}

/// Writes facts, or none of them: facts that the database will never take stand in nobody else's way. The inner error
/// says why they were left out.
///
/// # Errors
/// What may be over later, which takes the whole transaction with it.
pub async fn write_apart(tx: &mut TenantTx, facts: &Facts) -> Result<Result<(), StoreError>, StoreError> {
    sqlx::query!("savepoint apart").execute(tx.conn()).await?;
    match write(tx, facts).await {
        Err(error) if error.is_transient() => Err(error),
        Err(error) => {
            sqlx::query!("rollback to savepoint apart").execute(tx.conn()).await?;
            Ok(Err(error))
        }
        Ok(()) => {
            sqlx::query!("release savepoint apart").execute(tx.conn()).await?;
            Ok(Ok(()))
        }
    }
}

/// Puts facts in the place of what is stored of runs, or leaves it as it is where the database will never take them. The
/// inner error says why.
///
/// # Errors
/// As [`write_apart`].
pub async fn replace_apart(
    tx: &mut TenantTx,
    ids: &[RunId],
    facts: &Facts,
) -> Result<Result<(), StoreError>, StoreError> {
    sqlx::query!("savepoint apart").execute(tx.conn()).await?;
    let replaced = async {
        for run in ids {
            runs::forget(tx, *run).await?;
        }
        write(tx, facts).await
    };
    match replaced.await {
        Err(error) if error.is_transient() => Err(error),
        Err(error) => {
            sqlx::query!("rollback to savepoint apart").execute(tx.conn()).await?;
            Ok(Err(error))
        }
        Ok(()) => {
            sqlx::query!("release savepoint apart").execute(tx.conn()).await?;
            Ok(Ok(()))
        }
    }
}

/// How far a stream has been projected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// Which life of the stream: one that was made anew counts from 1 again.
    pub epoch: String,
    /// The stream sequence of the last message that was projected.
    pub sequence: u64,
    /// The id that this message carried. Another one there means that the stream was restored.
    pub record_id: RecordId,
}

/// Reads the position in a stream; `None` before the first batch. Other projectors of the stream wait until
/// the transaction ends.
///
/// # Errors
/// Only those of the connection.
pub async fn position(tx: &mut ProjectionTx, stream: &str) -> Result<Option<Position>, StoreError> {
    let row = sqlx::query!(
        "select epoch, sequence, record_id from projection_positions where stream = $1 for update",
        stream,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|row| Position {
        epoch: row.epoch,
        sequence: row.sequence.unsigned_abs(),
        record_id: RecordId::from_uuid(row.record_id),
    }))
}

/// Stores the position in a stream, further back too.
///
/// # Errors
/// Only those of the connection.
pub async fn set_position(tx: &mut ProjectionTx, stream: &str, position: &Position) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into projection_positions (stream, epoch, sequence, record_id) values ($1, $2, $3, $4)
         on conflict (stream) do update
             set epoch = excluded.epoch, sequence = excluded.sequence, record_id = excluded.record_id,
                 updated_at = now()",
        stream,
        position.epoch,
        to_i64(position.sequence),
        position.record_id.as_uuid(),
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
