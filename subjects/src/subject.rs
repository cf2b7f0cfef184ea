//! The grammar of subjects.
//!
//! ```text
//! sba.<tenant>.run.<p>.<run>.ev|tok         RUNS    the log of a run
//! sba.<tenant>.snap.<p>.<run>               SNAP    its latest folded state
//! sba.<tenant>.cmd.<p>.<run>.<verb>         CMDS    commands for it
//! sba.<tenant>.job.<p>.<queue>.<call>       JOBS    jobs for SBA's workers
//! sba.<tenant>.jobx.<tool>.<call>           JOBX    jobs for tools that a customer serves
//! sba.<tenant>.timer.<p>.<run>.<name>       TIMERS  timers of a run
//! sba.<tenant>.fired.<p>.<run>.<name>       TIMERS  what a timer emits when its time has come
//! sba.<tenant>.schedule.<p>.<schedule>      TIMERS  the next moment of a tenant's schedule
//! sba.<tenant>.due.<p>.<schedule>           TIMERS  what it emits when the moment has come
//! sba.<tenant>.dead.<origin>.…              DEAD    what could not be done
//! sba.<tenant>.surplus.cmd|job.…            CMDS, JOBS  what is beyond the tenant's share of a queue
//! sba.<tenant>.audit.<action>               AUDIT   who did what
//! sba.<tenant>.answer.<slot>                ANSWERS answers of models, for while none can be reached
//! live.<tenant>.<run>.ev|tok                        the log as it grows, to viewers
//! cmd.<tenant>.<caller>.start                       a tenant's own commands, before they are checked
//! cmd.<tenant>.<caller>.<verb>.<run>
//! feed.<tenant>.<caller>.<verb>                     what it asks of its feed
//! serve.<tenant>.<caller>.<verb>.<tool>             what it asks to serve a tool
//! srv.<tenant>.<verb>[.<service>[.<id>]]            what it asks to find services
//! ctl.<instance>                                    to one process
//! stop.<call>                                       to the worker that has a call: give it up
//! hb.<instance>                                     heartbeats
//! ```
//!
//! `<p>` follows from the run (or from the call, for a job, or from the schedule), so a subject whose `<p>` is another's is
//! refused. See [`filter`] for the patterns that consumers and subscriptions use.

use std::{fmt, str::FromStr};

use crate::{
    answer::Slot,
    caller::CallerKey,
    id::{CallId, InstanceId, InvalidId, Partition, RunId, ScheduleId, TenantKey},
    name::{AuditAction, Discovery, Origin, Queue, RunKind, ServiceName, TimerName, ToolName, Verb},
};

mod ask;
pub mod filter;
mod parse;
mod surplus;

pub use surplus::Surplus;

pub use ask::Ask;

/// A subject without wildcards. `to_string` spells it, `parse` reads it back.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    /// The log of a run.
    Run {
        /// Whose run.
        tenant: TenantKey,
        /// Which run.
        run: RunId,
        /// Events or token frames.
        kind: RunKind,
    },
    /// The latest folded state of a run.
    Snap {
        /// Whose run.
        tenant: TenantKey,
        /// Which run.
        run: RunId,
    },
    /// A command for a run.
    Cmd {
        /// Whose run.
        tenant: TenantKey,
        /// Which run.
        run: RunId,
        /// What is asked.
        verb: Verb,
    },
    /// A job for SBA's own workers.
    Job {
        /// For whom.
        tenant: TenantKey,
        /// Which workers.
        queue: Queue,
        /// The job.
        call: CallId,
    },
    /// A job for a tool that a customer serves.
    Jobx {
        /// For whom, and by whom it is served.
        tenant: TenantKey,
        /// Which tool.
        tool: ToolName,
        /// The call.
        call: CallId,
    },
    /// A timer of a run.
    Timer {
        /// Whose run.
        tenant: TenantKey,
        /// Which run.
        run: RunId,
        /// Which of its timers.
        name: TimerName,
    },
    /// A timer whose time has come.
    Fired {
        /// Whose run.
        tenant: TenantKey,
        /// Which run.
        run: RunId,
        /// Which of its timers.
        name: TimerName,
    },
    /// The next moment of a schedule.
    Schedule {
        /// Whose schedule.
        tenant: TenantKey,
        /// Which schedule.
        schedule: ScheduleId,
    },
    /// A schedule whose moment has come.
    Due {
        /// Whose schedule.
        tenant: TenantKey,
        /// Which schedule.
        schedule: ScheduleId,
    },
    /// What could not be done: the subject it had, after `dead`.
    Dead(DeadLetter),
    /// What is beyond a tenant's share of a queue: the subject it would have within, after `surplus`.
    Surplus(Surplus),
    /// Who did what.
    Audit {
        /// To whom it belongs.
        tenant: TenantKey,
        /// What was done.
        action: AuditAction,
    },
    /// An answer of a model.
    Answer {
        /// To whom it was given.
        tenant: TenantKey,
        /// Where it is kept.
        slot: Slot,
    },
    /// The log of a run as it grows.
    Live {
        /// Whose run.
        tenant: TenantKey,
        /// Which run.
        run: RunId,
        /// Events or token frames.
        kind: RunKind,
    },
    /// What a tenant's client asks, before it was checked.
    Inbound {
        /// In whose account it was said.
        tenant: TenantKey,
        /// By which user of it.
        caller: CallerKey,
        /// What is asked.
        ask: Ask,
    },
    /// Whether services are there.
    Discovery {
        /// In whose account it was asked.
        tenant: TenantKey,
        /// What is asked.
        ask: Discovery,
        /// The services that are meant; all where none is named.
        service: Option<ServiceName>,
        /// The instance that is meant.
        id: Option<InstanceId>,
    },
    /// To one process.
    Ctl(InstanceId),
    /// To the worker that has a call.
    Stop(CallId),
    /// Heartbeats of one process.
    Hb(InstanceId),
}

/// The subject of a dead letter: that of the message it was, with `dead.` before its family.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DeadLetter(Box<Subject>);

impl DeadLetter {
    /// The dead-letter subject for a message that had this subject; `None` for a family that has no dead letters. What was
    /// beyond a share is dead like what was within.
    #[must_use]
    pub fn of(subject: Subject) -> Option<Self> {
        let subject = subject.within_share();
        let has = matches!(
            subject,
            Subject::Cmd { .. }
                | Subject::Job { .. }
                | Subject::Jobx { .. }
                | Subject::Fired { .. }
                | Subject::Due { .. }
        );
        has.then(|| Self(Box::new(subject)))
    }

    /// The subject that the message had.
    #[must_use]
    pub fn original(&self) -> &Subject {
        &self.0
    }

    /// The family that the message came from.
    #[must_use]
    pub fn origin(&self) -> Origin {
        match *self.0 {
            Subject::Cmd { .. } => Origin::Command,
            Subject::Jobx { .. } => Origin::External,
            Subject::Fired { .. } => Origin::Timer,
            Subject::Due { .. } => Origin::Schedule,
            _ => Origin::Job,
        }
    }
}

impl Subject {
    /// The tenant that the subject belongs to; `None` for a subject of a process.
    #[must_use]
    pub fn tenant(&self) -> Option<&TenantKey> {
        match self {
            Self::Run { tenant, .. }
            | Self::Snap { tenant, .. }
            | Self::Cmd { tenant, .. }
            | Self::Job { tenant, .. }
            | Self::Jobx { tenant, .. }
            | Self::Timer { tenant, .. }
            | Self::Fired { tenant, .. }
            | Self::Schedule { tenant, .. }
            | Self::Due { tenant, .. }
            | Self::Audit { tenant, .. }
            | Self::Answer { tenant, .. }
            | Self::Live { tenant, .. }
            | Self::Inbound { tenant, .. }
            | Self::Discovery { tenant, .. } => Some(tenant),
            Self::Dead(dead) => dead.0.tenant(),
            Self::Surplus(surplus) => surplus.within().tenant(),
            Self::Ctl(_) | Self::Stop(_) | Self::Hb(_) => None,
        }
    }

    /// The subject of a run's events.
    #[must_use]
    pub fn events(tenant: &TenantKey, run: RunId) -> Self {
        Self::Run { tenant: tenant.clone(), run, kind: RunKind::Event }
    }

    /// The subject of a run's token frames.
    #[must_use]
    pub fn tokens(tenant: &TenantKey, run: RunId) -> Self {
        Self::Run { tenant: tenant.clone(), run, kind: RunKind::Token }
    }

    /// The subject after `sba.<tenant>.`, with `prefix` before it.
    fn tail(&self, f: &mut fmt::Formatter<'_>, prefix: &str) -> fmt::Result {
        match self {
            Self::Run { run, kind, .. } => {
                write!(f, "{prefix}run.{}.{run}.{kind}", run.partition())
            }
            Self::Snap { run, .. } => write!(f, "{prefix}snap.{}.{run}", run.partition()),
            Self::Cmd { run, verb, .. } => {
                write!(f, "{prefix}cmd.{}.{run}.{verb}", run.partition())
            }
            Self::Job { queue, call, .. } => {
                write!(f, "{prefix}job.{}.{queue}.{call}", Partition::of(call.as_uuid()))
            }
            Self::Jobx { tool, call, .. } => write!(f, "{prefix}jobx.{tool}.{call}"),
            Self::Timer { run, name, .. } => {
                write!(f, "{prefix}timer.{}.{run}.{name}", run.partition())
            }
            Self::Fired { run, name, .. } => {
                write!(f, "{prefix}fired.{}.{run}.{name}", run.partition())
            }
            Self::Schedule { schedule, .. } => {
                write!(f, "{prefix}schedule.{}.{schedule}", Partition::of(schedule.as_uuid()))
            }
            Self::Due { schedule, .. } => write!(f, "{prefix}due.{}.{schedule}", Partition::of(schedule.as_uuid())),
            Self::Audit { action, .. } => write!(f, "{prefix}audit.{action}"),
            Self::Answer { slot, .. } => write!(f, "{prefix}answer.{slot}"),
            Self::Dead(dead) => dead.0.tail(f, "dead."),
            Self::Surplus(surplus) => surplus.within().tail(f, "surplus."),
            Self::Live { .. }
            | Self::Inbound { .. }
            | Self::Discovery { .. }
            | Self::Ctl(_)
            | Self::Stop(_)
            | Self::Hb(_) => Err(fmt::Error),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Live { tenant, run, kind } => write!(f, "live.{tenant}.{run}.{kind}"),
            Self::Inbound { tenant, caller, ask } => ask.spell(tenant, caller, f),
            Self::Discovery { tenant, ask, service, id } => {
                write!(f, "srv.{tenant}.{ask}")?;
                service.iter().try_for_each(|service| write!(f, ".{service}"))?;
                id.iter().try_for_each(|id| write!(f, ".{id}"))
            }
            Self::Ctl(instance) => write!(f, "ctl.{instance}"),
            Self::Stop(call) => write!(f, "stop.{call}"),
            Self::Hb(instance) => write!(f, "hb.{instance}"),
            of_tenant => {
                if let Some(tenant) = of_tenant.tenant() {
                    write!(f, "sba.{tenant}.")?;
                }
                of_tenant.tail(f, "")
            }
        }
    }
}

impl FromStr for Subject {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        parse::subject(text)
    }
}

impl async_nats::subject::ToSubject for &Subject {
    fn to_subject(&self) -> async_nats::Subject {
        self.to_string().into()
    }
}

#[cfg(test)]
mod tests;
