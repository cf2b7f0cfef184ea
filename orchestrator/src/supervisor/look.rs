//! Looking at a quiet run.

use sba_service::{
    heartbeat::Liveness,
    publish::{self, Stored},
    standing,
};
use sba_subjects::{
    envelope::VERSION,
    id::{CallId, TenantKey},
    job::{Job, JobBody, SuperviseJob, place},
    name::{Queue, Verb},
    run::{RunStatus, Stall},
    state::RunState,
    stream::Stream,
    subject::{Subject, filter},
};

use super::{Supervisor, Trouble, open::Quiet};
use crate::domain::outlook::{Moment, moments};

/// A quiet run is looked at again after as long as it has been quiet, and after this many times the stall at the latest.
const SELDOM: u64 = 16;

/// What was seen of a run.
pub(super) enum Seen {
    /// It has ended, or is gone.
    Ended,
    /// It waits for what will come. It is to be looked at again then, in milliseconds since 1970; never, before it is
    /// heard of, where only a person brings it on.
    Well { again: Option<u64> },
    /// It is stuck, and is being driven on.
    Stuck,
}

impl Supervisor {
    /// Looks at a run, and queues a job for it where it does not go on by itself.
    pub(super) async fn look(&self, quiet: &Quiet) -> Result<Seen, Trouble> {
        let tenant = &quiet.tenant;
        let Some(state) = self.state(quiet).await? else { return Ok(Seen::Ended) };
        let now = self.clock.now_millis();
        let moments = moments(&state, &self.settings.build(&state));
        let Some(reason) = self.stall(tenant, &state, &moments, quiet, now).await? else {
            return Ok(Seen::Well { again: self.again(&state, &moments, quiet, now) });
        };
        // What was missing may have arrived while it was looked for.
        match self.state(quiet).await? {
            None => return Ok(Seen::Ended),
            Some(later) if later.seq != state.seq && !is_by_the_clock(reason) => {
                return Ok(Seen::Well { again: self.again(&later, &moments, quiet, now) });
            }
            Some(_) => {}
        }
        self.drive_on(tenant, &state, reason).await?;
        Ok(Seen::Stuck)
    }

    /// A run that has not ended.
    async fn state(&self, quiet: &Quiet) -> Result<Option<RunState>, Trouble> {
        let loaded = self.log.load(&quiet.tenant, quiet.run).await?;
        Ok(loaded.map(|loaded| loaded.state).filter(|state| !state.status.is_terminal()))
    }

    /// Why the run does not go on by itself; `None` while it does.
    async fn stall(
        &self,
        tenant: &TenantKey,
        state: &RunState,
        moments: &[Moment],
        quiet: &Quiet,
        now: u64,
    ) -> Result<Option<Stall>, Trouble> {
        if let Some(late) = moments.iter().find(|moment| self.late_at(moment) < now) {
            let reason = late.due.stall();
            let told = match is_by_the_clock(reason) {
                true => self.is_poked(tenant, state).await?,
                false => self.is_told(tenant, state).await?,
            };
            return Ok((!told).then_some(reason));
        }
        if now.saturating_sub(quiet.heard_at) < self.patience.stall_ms() {
            return Ok(None);
        }
        let reason = match state.status {
            RunStatus::Created => Stall::NotStarted,
            RunStatus::Running if !self.is_driven(state) => Stall::Ownerless,
            RunStatus::WaitingTool | RunStatus::WaitingInput if self.lacks_a_call(tenant, state).await? => {
                Stall::CallLost
            }
            _ => return Ok(None),
        };
        // Whoever handles a command drives the run on; where the queue is long, it does so late.
        Ok((!self.is_told(tenant, state).await?).then_some(reason))
    }

    /// When it is too late for something to happen: its own timer comes first.
    fn late_at(&self, moment: &Moment) -> u64 {
        let slack = if moment.due.has_timer() { self.patience.stall_ms() } else { 0 };
        moment.at.saturating_add(slack)
    }

    /// Whether the process that the log names lives, and says that it drives the run.
    fn is_driven(&self, state: &RunState) -> bool {
        state.owner().is_some_and(|owner| {
            self.peers.alive(owner) == Liveness::Alive && self.peers.claims(owner, state.run) == Some(true)
        })
    }

    /// Whether a command for the run waits, or is worked on.
    async fn is_told(&self, tenant: &TenantKey, state: &RunState) -> Result<bool, Trouble> {
        self.stands(Stream::Cmds, filter::run_commands(tenant, state.run)).await
    }

    async fn is_poked(&self, tenant: &TenantKey, state: &RunState) -> Result<bool, Trouble> {
        let poke = Subject::Cmd { tenant: tenant.clone(), run: state.run, verb: Verb::Poke };
        self.stands(Stream::Cmds, [poke]).await
    }

    /// Whether a call that the run waits for stands in no queue: a worker settles it only after its result is stored.
    async fn lacks_a_call(&self, tenant: &TenantKey, state: &RunState) -> Result<bool, Trouble> {
        for call in state.running_steps().filter_map(|step| step.pending_call()) {
            let (stream, job) = place(tenant, &call.request.tool_name, call.request.call_id);
            if !self.stands(stream, job.places()).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn stands(&self, stream: Stream, subjects: impl IntoIterator<Item: ToString>) -> Result<bool, Trouble> {
        Ok(standing::stands(&self.jetstream, stream, subjects, self.patience.answer).await?)
    }

    /// When a run that is well is to be looked at again.
    fn again(&self, state: &RunState, moments: &[Moment], quiet: &Quiet, now: u64) -> Option<u64> {
        let stall = self.patience.stall_ms();
        let polled = matches!(state.status, RunStatus::Created | RunStatus::Running)
            || state.running_steps().any(|step| step.pending_call().is_some());
        let pause = now.saturating_sub(quiet.heard_at).clamp(stall, stall.saturating_mul(SELDOM));
        let due = moments.iter().map(|moment| self.late_at(moment).max(now.saturating_add(stall / 4)));
        due.chain(polled.then(|| now.saturating_add(pause))).min()
    }

    async fn drive_on(&self, tenant: &TenantKey, state: &RunState, reason: Stall) -> Result<(), Trouble> {
        let job = Job {
            v: VERSION,
            id: CallId::of_supervision(state.run),
            tenant_id: state.tenant_id,
            user_id: state.user_id,
            ts: self.clock.now_millis(),
            body: JobBody::Supervise(SuperviseJob { run: state.run, seq: state.seq, reason }),
        };
        let subject = Subject::Job { tenant: tenant.clone(), queue: Queue::AgentSupervisor, call: job.id };
        // The queue takes one job for each run; one that stands there says enough.
        if let Stored::Now(_) = publish::message(&self.jetstream, &subject, &job, self.patience.answer).await? {
            self.metrics.stalled(reason.as_str());
            let (run_id, tenant_id, status) = (state.run, state.tenant_id, state.status);
            tracing::warn!(%run_id, %tenant_id, %status, %reason, "a run does not go on by itself; driving it on");
        }
        Ok(())
    }
}

/// Whether only the time counts, and not what the run does meanwhile.
const fn is_by_the_clock(reason: Stall) -> bool {
    matches!(reason, Stall::CallLate | Stall::Overtime)
}
