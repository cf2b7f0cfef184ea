//! Effects: what was done to the world, held against what the log says was done.

use std::collections::BTreeMap;

use sba_subjects::{
    run::{Effect, StepStatus},
    state::StepState,
    tool::{TASK_COMPLETE, TASK_CREATE, TASK_UPDATE},
};
use sqlx::Row as _;

use super::{Audit, Logged};
use crate::chaos::site::World;

/// Whether a step has called this tool, and the tool has done it.
fn did(step: &StepState, tool: &str) -> bool {
    let result = step.call.as_ref().and_then(|call| call.result.as_ref());
    result.is_some_and(|result| result.success && result.tool_name.as_str() == tool)
}

impl Audit {
    /// What must not be repeated was not, what may be was done under one key, and what the log calls done was done.
    pub(super) fn effects(&self, world: &World) -> anyhow::Result<usize> {
        let (ledger, restored) = (&world.ledger, world.restored());
        let mut looked = 0;
        for ((run, step), done) in ledger.all() {
            let Some(Logged { state, .. }) = self.runs.get(&run.into()) else { continue };
            looked += 1;
            let known = state.step(step);
            let forgotten = restored.is_some_and(|(moment, _)| done.at < moment);
            anyhow::ensure!(
                forgotten || known.is_some_and(|step| step.call.is_some()),
                "{done:?} for run {run}, which did not call"
            );
            anyhow::ensure!(
                done.effect != Effect::AtMostOnce || done.times == 1,
                "an effect that may take place once at most did {} times: step {step} of run {run}: {known:?}",
                done.times,
            );
            anyhow::ensure!(done.keys.len() == 1, "step {step} of run {run} acted under {:?}", done.keys);
        }
        for (run, Logged { state, .. }) in &self.runs {
            for step in &state.steps {
                let acted = did(step, TASK_UPDATE) || did(step, TASK_COMPLETE);
                let entered = ledger.of(run.as_uuid(), step.number).is_some();
                anyhow::ensure!(!acted || entered, "step {} of run {run} claims an effect: {step:?}", step.number);
            }
        }
        Ok(looked)
    }

    /// The effects that are rows: one task for each call that created one, and no other.
    pub(super) async fn created_tasks(&self, world: &World) -> anyhow::Result<()> {
        let restored = world.restored().map(|(_, moment)| moment);
        let mut expected: BTreeMap<_, BTreeMap<_, i64>> = BTreeMap::new();
        for (run, Logged { tenant, state }) in &self.runs {
            let created = state.steps.iter().filter(|step| did(step, TASK_CREATE)).count();
            // Of a call that was cut off, and was given up, nobody knows.
            let known = state.steps.iter().all(|step| step.call.is_none() || step.status == StepStatus::Completed);
            if known {
                expected.entry(tenant.id()).or_default().insert(run.as_uuid(), i64::try_from(created)?);
            }
        }
        for (tenant, runs) in expected {
            let mut found: BTreeMap<uuid::Uuid, (i64, i64)> = BTreeMap::new();
            let mut tx = self.owner.begin().await?;
            sqlx::query("select set_tenant($1)").bind(tenant.as_uuid()).execute(&mut *tx).await?;
            let rows = "select run_id, count(*), count(*) filter (where created_at < $1) from tasks
                where run_id is not null group by run_id";
            for row in sqlx::query(rows).bind(restored).fetch_all(&mut *tx).await? {
                found.insert(row.try_get(0)?, (row.try_get(1)?, row.try_get(2)?));
            }
            for (run, created) in runs {
                let (there, forgotten) = found.get(&run).copied().unwrap_or_default();
                anyhow::ensure!(
                    (there - forgotten..=there).contains(&created),
                    "run {run} created {created} tasks, and there are {there}"
                );
            }
        }
        Ok(())
    }
}
