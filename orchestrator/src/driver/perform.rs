//! What a decision asks of the world, besides calling the model: jobs, timers, and taking both back.

use std::time::Duration;

use futures::future::try_join_all;
use sba_service::{take_out::take_out, timer};
use sba_subjects::{
    codec,
    command::{Command, CommandBody},
    envelope::VERSION,
    id::CommandId,
    job::{Job, JobBody, ToolJob, place},
    state::CallState,
    stream::Stream,
    subject::Subject,
};
use uuid::Uuid;

use super::held::{Held, Stop};
use crate::domain::{Action, Timer};

/// How long what a timer emitted is kept for the forwarder.
const KEPT: Duration = Duration::from_secs(24 * 3_600);

impl Held<'_> {
    /// Does what was decided, all of it at once. Gives back the step to call the model for, where there is one.
    pub(super) async fn perform(&self, actions: &[Action]) -> Result<Option<u32>, Stop> {
        try_join_all(actions.iter().map(|action| self.one(action))).await?;
        Ok(actions.iter().find_map(|action| match action {
            Action::CallModel(step) => Some(*step),
            _ => None,
        }))
    }

    async fn one(&self, action: &Action) -> Result<(), Stop> {
        match *action {
            Action::CallTool(step) => self.call(step).await,
            Action::StopTool(step) => self.stop(step).await,
            Action::Wake(timer, at) => self.wake(timer, at).await,
            Action::Forget(timer) => self.forget(timer).await,
            Action::CallModel(_) | Action::Fork | Action::End => Ok(()),
        }
    }

    fn pending(&self, step: u32) -> Option<&CallState> {
        self.state.step(step)?.call.as_ref()
    }

    /// Queues the call that a step waits for. While the same call stands in the queue, it is not queued again.
    async fn call(&self, step: u32) -> Result<(), Stop> {
        let Some(call) = self.pending(step).filter(|call| call.result.is_none()) else { return Ok(()) };
        let request = &call.request;
        let job = Job {
            v: VERSION,
            id: request.call_id,
            tenant_id: self.state.tenant_id,
            user_id: self.state.user_id,
            ts: self.driver.clock.now_millis(),
            body: JobBody::Tool(ToolJob {
                run: self.state.run,
                step,
                tool_name: request.tool_name.clone(),
                params: request.params.clone(),
                effect: request.effect,
            }),
        };
        let (_, subject) = place(&self.tenant, &request.tool_name, request.call_id);
        let stored = self.driver.shares.publish(subject, &job, self.driver.limits.publish).await;
        stored.map(drop).map_err(Stop::Job)
    }

    /// Takes a call out of the queue, then tells the worker that may have it: one that took it before is told,
    /// one that takes it later finds that it is gone.
    async fn stop(&self, step: u32) -> Result<(), Stop> {
        let Some(call) = self.pending(step) else { return Ok(()) };
        let call_id = call.request.call_id;
        let (stream, subject) = place(&self.tenant, &call.request.tool_name, call_id);
        for subject in subject.places() {
            take_out(&self.driver.jetstream, stream, &subject).await.map_err(Stop::TakeOut)?;
        }
        let told = self.driver.client.publish(Subject::Stop(call_id).to_string(), self.state.run.to_string().into());
        // Whoever is not told finishes, and the run's grace bounds the wait for it.
        if let Err(error) = told.await {
            tracing::debug!(%error, "a worker was not told to stop");
        }
        Ok(())
    }

    /// Schedules a timer. The same timer again takes the place of the one before.
    async fn wake(&self, timer: Timer, at: u64) -> Result<(), Stop> {
        let Some(name) = timer.name() else { return Ok(()) };
        let (tenant, run) = (self.tenant.clone(), self.state.run);
        let id = CommandId::from_uuid(Uuid::new_v5(&run.as_uuid(), format!("timer\0{name}\0{at}").as_bytes()));
        let command = Command { v: VERSION, id, ts: at, body: CommandBody::Timer { name: name.clone() } };
        let body = codec::encode(&command).map_err(Stop::Unsayable)?;
        let target = Subject::Fired { tenant: tenant.clone(), run, name: name.clone() };
        let subject = Subject::Timer { tenant, run, name };
        let stored = timer::Timer { subject, target, at, kept: Some(KEPT), body }
            .set(&self.driver.jetstream, self.driver.limits.publish)
            .await;
        stored.map(drop).map_err(Stop::Timer)
    }

    async fn forget(&self, timer: Timer) -> Result<(), Stop> {
        let Some(name) = timer.name() else { return Ok(()) };
        let subject = Subject::Timer { tenant: self.tenant.clone(), run: self.state.run, name };
        // It fires then, and `decide` finds that it is settled.
        if let Err(error) = take_out(&self.driver.jetstream, Stream::Timers, &subject).await {
            tracing::debug!(%error, "a timer was not taken back");
        }
        Ok(())
    }
}
