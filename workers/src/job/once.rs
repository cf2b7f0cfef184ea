//! Calls of tools that change something: recorded before, answered from the record after.

use std::future::Future;

use sba_store::effects::{self, Begun, Call};
use sba_subjects::{
    job::ToolJob,
    run::{Effect, Failure},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Worker, guard, read::Typed};
use crate::error::{Again, WorkError};

/// What came of a call, as it is recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// It did what was asked.
    Result(Value),
    /// It did not, and never will.
    Error(Failure),
}

impl Outcome {
    /// As it is stored.
    pub(crate) fn record(&self) -> Result<Value, WorkError> {
        serde_json::to_value(self).map_err(|error| {
            WorkError::lasting("tool_result_invalid", "the result cannot be written as JSON").caused_by(error)
        })
    }
}

/// Does what a call asks, unless it was done before, or may have been and must not be repeated.
pub(super) async fn once(
    worker: &Worker,
    typed: &Typed,
    call: &ToolJob,
    effect: Effect,
    work: impl Future<Output = Result<Value, WorkError>>,
) -> Result<Outcome, WorkError> {
    match begin(worker, typed, call).await? {
        Begun::Done(record) => return answer(record),
        Begun::Other => return Err(reused()),
        // Nobody knows how far the earlier try came.
        Begun::Unfinished if effect == Effect::AtMostOnce => {
            let message = "the call was begun before, and it is not known whether it had its effect";
            return Err(WorkError::lasting("effect_unknown", message));
        }
        Begun::Fresh | Begun::Unfinished => {}
    }
    let done = work.await.map(Outcome::Result);
    let record = match &done {
        Ok(outcome) => outcome.record()?,
        Err(error) if error.again == Again::Never => Outcome::Error(error.failure()).record()?,
        Err(_) => return done,
    };
    // What was done is answered even where it cannot be recorded.
    if let Err(error) = guard::patiently(worker, || finish(worker, typed, &record)).await {
        tracing::error!(code = error.code, error = error.chain(), "what a tool did could not be recorded");
    }
    done
}

/// Says of a call whose work was dropped how it ended, once and for all: as it was recorded where the work was faster,
/// else as stopped. What is under way in Postgres is waited for. Of an effect elsewhere that must not be repeated nobody
/// knows how far it came.
pub(super) async fn stop(worker: &Worker, typed: &Typed, call: &ToolJob, effect: Effect) -> Result<Outcome, WorkError> {
    guard::patiently(worker, || async {
        let mut tx = worker.store.begin(typed.job.tenant_id).await?;
        let known = recorded(typed, call);
        let failure = match effects::begin(&mut tx, &known).await? {
            Begun::Done(record) => return answer(record),
            Begun::Unfinished if effect == Effect::AtMostOnce => {
                Failure::new("effect_unknown", "the call was stopped, and it is not known whether it had its effect")
            }
            Begun::Other => return Err(reused()),
            Begun::Fresh | Begun::Unfinished => {
                Failure::new("call_cancelled", "the call was stopped and had no effect")
            }
        };
        let outcome = Outcome::Error(failure);
        if !effects::finish(&mut tx, typed.job.id, &outcome.record()?).await?
            && let Begun::Done(record) = effects::begin(&mut tx, &known).await?
        {
            return answer(record);
        }
        tx.commit().await?;
        Ok(outcome)
    })
    .await
}

fn reused() -> WorkError {
    WorkError::lasting("tool_call_reused", "the call's id stands for another call, or for other parameters")
}

fn recorded(typed: &Typed, call: &ToolJob) -> Call {
    Call::of(typed.job.id, call.tool_name.as_str(), &call.params)
}

async fn begin(worker: &Worker, typed: &Typed, call: &ToolJob) -> Result<Begun, WorkError> {
    let mut tx = worker.store.begin(typed.job.tenant_id).await?;
    let begun = effects::begin(&mut tx, &recorded(typed, call)).await?;
    tx.commit().await?;
    Ok(begun)
}

async fn finish(worker: &Worker, typed: &Typed, record: &Value) -> Result<(), WorkError> {
    let mut tx = worker.store.begin(typed.job.tenant_id).await?;
    effects::finish(&mut tx, typed.job.id, record).await?;
    Ok(tx.commit().await?)
}

fn answer(record: Value) -> Result<Outcome, WorkError> {
    serde_json::from_value(record).map_err(|error| {
        let message = "what the call did was recorded in a form that cannot be read";
        WorkError::lasting("effect_unreadable", message).caused_by(error)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_record_is_read_back() {
        for outcome in [Outcome::Error(Failure::new("mailbox_full", "no room")), Outcome::Result(json!([7]))] {
            let read = outcome.record().and_then(answer).map_err(|error| error.code);
            assert_eq!(read, Ok(outcome));
        }
    }
}
