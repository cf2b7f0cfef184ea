//! What a decision asks of the world, besides calling the model: jobs, timers, and taking both back.

use async_nats::{HeaderMap, jetstream::stream::RawMessageErrorKind};
use futures::future::try_join_all;
use sba_service::publish;
use sba_subjects::{
    codec,
    command::{Command, CommandBody},
    envelope::VERSION,
    id::CommandId,
    job::{Job, JobBody, ToolJob, queue_of},
    state::CallState,
    stream::Stream,
    subject::Subject,
};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use uuid::Uuid;

use super::held::{Held, Stop};
use crate::domain::{Action, Timer};

/// When a message is emitted, and where to.
const SCHEDULE: &str = "Nats-Schedule";
const TARGET: &str = "Nats-Schedule-Target";
/// How long what was emitted is kept for the forwarder.
const KEPT: (&str, &str) = ("Nats-Schedule-TTL", "24h");

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
        let queue = queue_of(&request.tool_name);
        let subject = Subject::Job { tenant: self.tenant.clone(), queue, call: request.call_id };
        let stored = publish::message(&self.driver.jetstream, &subject, &job, self.driver.limits.publish).await;
        stored.map(drop).map_err(Stop::Job)
    }

    /// Takes a call out of the queue, then tells the worker that may have it: one that took it before is told,
    /// one that takes it later finds that it is gone.
    async fn stop(&self, step: u32) -> Result<(), Stop> {
        let Some(call) = self.pending(step) else { return Ok(()) };
        let (call_id, queue) = (call.request.call_id, queue_of(&call.request.tool_name));
        let subject = Subject::Job { tenant: self.tenant.clone(), queue, call: call_id };
        self.take_out(&subject).await?;
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
        let mut headers = HeaderMap::new();
        headers.insert(SCHEDULE, format!("@at {}", moment(at)));
        let target = Subject::Fired { tenant: tenant.clone(), run, name: name.clone() };
        headers.insert(TARGET, target.to_string());
        headers.insert(KEPT.0, KEPT.1);
        let subject = Subject::Timer { tenant, run, name };
        let deadline = self.driver.limits.publish;
        let stored = publish::confirmed(&self.driver.jetstream, &subject, headers, body, deadline).await;
        stored.map(drop).map_err(Stop::Timer)
    }

    async fn forget(&self, timer: Timer) -> Result<(), Stop> {
        let Some(name) = timer.name() else { return Ok(()) };
        let subject = Subject::Timer { tenant: self.tenant.clone(), run: self.state.run, name }.to_string();
        let purged = async {
            let timers = self.driver.jetstream.get_stream_no_info(Stream::Timers.as_str()).await;
            let timers = timers.map_err(|error| error.to_string())?;
            timers.purge().filter(subject).await.map_err(|error| error.to_string())
        };
        // It fires then, and `decide` finds that it is settled.
        if let Err(error) = purged.await {
            tracing::debug!(error, "a timer was not taken back");
        }
        Ok(())
    }

    /// Takes a job out of its queue, where it stands there.
    ///
    /// By its sequence: a purge by subject makes the server (2.15.1) lose count of what else the queue's consumer has
    /// under way, and what it forgets it never delivers again.
    async fn take_out(&self, job: &Subject) -> Result<(), Stop> {
        let failed = |error: &dyn std::fmt::Display| Stop::TakeOut(error.to_string());
        let jobs = self.driver.jetstream.get_stream_no_info(Stream::Jobs.as_str()).await;
        let (jobs, subject) = (jobs.map_err(|error| failed(&error))?, job.to_string());
        let stands = async || match jobs.get_last_raw_message_by_subject(&subject).await {
            Ok(message) => Ok(Some(message.sequence)),
            Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(None),
            Err(error) => Err(failed(&error)),
        };
        let Some(sequence) = stands().await? else { return Ok(()) };
        match jobs.delete_message(sequence).await {
            // Its worker may have been faster.
            Err(error) if stands().await?.is_some() => Err(failed(&error)),
            _ => Ok(()),
        }
    }
}

/// A time as a schedule takes it, rounded up to whole seconds: schedules know no fractions.
fn moment(millis: u64) -> String {
    let seconds = i64::try_from(millis.div_ceil(1_000)).unwrap_or(i64::MAX);
    let moment = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    moment.format(&Rfc3339).unwrap_or_default()
}
