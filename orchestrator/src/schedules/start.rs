//! The run that a schedule starts for a moment.

use sba_service::publish::PublishFailure;
use sba_store::{StoreError, TenantTx, schedules::Schedule, served_tools, sessions, tenants::Tenant};
use sba_subjects::{
    command::{Command, CommandBody},
    envelope::VERSION,
    event::{Created, OfSchedule, TenantSettings},
    id::{CommandId, RunId},
    run::Failure,
    subject::Subject,
};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Scheduler, Woken, fire::FireError};

/// Why no run was started.
#[derive(Debug)]
pub(super) enum StartError {
    /// It may be at another time.
    Later(FireError),
    /// It never will be, for this moment.
    Never(Failure),
}

impl From<StoreError> for StartError {
    fn from(error: StoreError) -> Self {
        Self::Later(error.into())
    }
}

impl From<PublishFailure> for StartError {
    fn from(error: PublishFailure) -> Self {
        match error {
            PublishFailure::TooLarge { .. } | PublishFailure::Encode(_) => {
                Self::Never(Failure::new(error.code(), error.to_string()))
            }
            other => Self::Later(other.into()),
        }
    }
}

impl Scheduler {
    /// Stores the command that makes the run of a moment. The same moment again is the same run, and the command's second
    /// coming does nothing.
    pub(super) async fn start_run(
        &self,
        tx: &mut TenantTx,
        woken: &Woken,
        tenant: &Tenant,
        schedule: &Schedule,
        at: OffsetDateTime,
    ) -> Result<RunId, StartError> {
        let created = self.created(tx, tenant, schedule, at).await?;
        let run = schedule.id.run_at(at.unix_timestamp());
        let id = CommandId::from_uuid(Uuid::new_v5(&run.as_uuid(), b"start"));
        let body = CommandBody::Start(created);
        let command = Command { v: VERSION, id, ts: self.clock.now_millis(), body };
        let subject = Subject::Cmd { tenant: woken.tenant.clone(), run, verb: command.body.verb() };
        self.shares.publish(subject, &command, self.publish).await?;
        Ok(run)
    }

    /// The run's first event: what was asked when the schedule was made, with the settings that the tenant has now.
    async fn created(
        &self,
        tx: &mut TenantTx,
        tenant: &Tenant,
        schedule: &Schedule,
        at: OffsetDateTime,
    ) -> Result<Created, StartError> {
        let created: Created = serde_json::from_value(schedule.request.clone())
            .map_err(|error| StartError::Never(Failure::new("schedule_unreadable", error.to_string())))?;
        if let Some(session) = created.session_id {
            let session = sessions::get(tx, session).await?.filter(|session| session.expires_at > self.clock.now());
            let over = "the session that the run belongs to is over";
            session.ok_or_else(|| StartError::Never(Failure::new("session_expired", over)))?;
        }
        let settings: TenantSettings = serde_json::from_value(tenant.config.clone())
            .map_err(|error| StartError::Never(Failure::new("settings_unreadable", error.to_string())))?;
        let settings = TenantSettings { served: served_tools::list(tx).await?, ..settings };
        let at = u64::try_from(at.unix_timestamp()).unwrap_or_default() * 1_000;
        Ok(Created {
            settings: Box::new(settings),
            schedule: Some(OfSchedule { schedule_id: schedule.id, at }),
            ..created
        })
    }
}
