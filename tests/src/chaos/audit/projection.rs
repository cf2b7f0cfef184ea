//! The projection: Postgres says of each run what its log says.

use anyhow::Context as _;
use sba_store::{
    TenantTx, projection,
    runs::{self, Run},
    steps::{self, Step},
    tool_calls::{self, ToolCall},
};
use sba_subjects::{
    run::Usage,
    state::{RunState, StepState},
    stream::Stream,
};

use super::{Audit, Logged};
use crate::{api::until, chaos::site::PATIENCE};

impl Audit {
    /// Waits until the projector has come as far as the log, and compares.
    pub(super) async fn projected(&self) -> anyhow::Result<()> {
        let caught_up = until("the projection to catch up", PATIENCE, async || {
            let runs = self.jetstream.get_stream(Stream::Runs.as_str()).await?;
            let last = runs.raw_message_builder().last_by_subject("sba.*.run.*.*.ev").send().await?.sequence;
            let mut tx = self.store.begin_projection().await?;
            let position = projection::position(&mut tx, Stream::Runs.as_str()).await?;
            Ok(position.is_some_and(|position| position.sequence >= last).then_some(()))
        });
        caught_up.await?;
        for (run, Logged { tenant, state }) in &self.runs {
            let mut tx = self.store.begin(tenant.id()).await?;
            let compared = compare(&mut tx, state).await;
            compared.with_context(|| format!("the projection of run {run}"))?;
        }
        Ok(())
    }
}

async fn compare(tx: &mut TenantTx, state: &RunState) -> anyhow::Result<()> {
    let row = runs::get(tx, state.run).await?.context("it is missing")?;
    same("the run", &as_projected(&row), &as_logged(state))?;
    let steps = steps::of_run(tx, state.run).await?;
    same("its number of steps", &steps.len(), &state.steps.len())?;
    let calls = tool_calls::of_run(tx, state.run).await?;
    for (row, step) in steps.iter().zip(&state.steps) {
        same("a step", &step_as_projected(row), &step_as_logged(step))?;
        if let Some(call) = &step.call {
            let row = calls.iter().find(|row| row.id == call.request.call_id).context("a call is missing")?;
            let result = call.result.as_ref();
            let logged = (step.number, result.map(|result| result.success), result.map(|result| &result.result));
            same("a call", &call_as_projected(row), &logged)?;
        }
    }
    Ok(())
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, projected: &T, logged: &T) -> anyhow::Result<()> {
    anyhow::ensure!(projected == logged, "{what}: Postgres has {projected:?}, the log {logged:?}");
    Ok(())
}

type Summary<'a> = (&'a str, u32, u64, Usage, Option<&'a str>, &'a str);

fn as_projected(row: &Run) -> Summary<'_> {
    let error = row.error.as_ref().map(|error| error.code.as_str());
    (row.status.as_str(), row.attempt, row.seq, row.usage, error, &row.prompt)
}

fn as_logged(state: &RunState) -> Summary<'_> {
    let error = state.error.as_ref().map(|error| error.code.as_str());
    (state.status.as_str(), state.attempt, state.seq, state.usage, error, &state.prompt)
}

type StepSummary<'a> = (u32, &'a str, &'a str, &'a str, &'a serde_json::Value, Option<&'a str>);

fn step_as_projected(row: &Step) -> StepSummary<'_> {
    let error = row.error.as_ref().map(|error| error.code.as_str());
    (row.number, row.kind.as_str(), &row.name, row.status.as_str(), &row.output, error)
}

fn step_as_logged(step: &StepState) -> StepSummary<'_> {
    let error = step.error.as_ref().map(|error| error.code.as_str());
    (step.number, step.kind.as_str(), &step.name, step.status.as_str(), &step.output, error)
}

fn call_as_projected(row: &ToolCall) -> (u32, Option<bool>, Option<&serde_json::Value>) {
    (row.step, row.success, row.success.map(|_| &row.result))
}
