//! The run that a schedule starts for a moment.

use async_nats::HeaderMap;
use sba_service::{
    publish::{self, PublishFailure},
    telemetry::trace,
};
use sba_store::{StoreError, TenantTx, schedules::Schedule, sessions, tenants::Tenant};
use sba_subjects::{
    command::{Command, CommandBody},
    envelope::VERSION,
    event::{Created, OfSchedule},
    id::{CommandId, RunId},
    record::Record,
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
            PublishFailure::TooLarge { .. } | PublishFailure::Encode(_) => never(error.code(), error.to_string()),
            other => Self::Later(other.into()),
        }
    }
}

fn never(code: &str, message: impl Into<String>) -> StartError {
    StartError::Never(Failure::new(code, message))
}

impl Scheduler {
    /// Starts the run of a moment. The same moment again is the same run, and starts no other.
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
        let body = CommandBody::Start(created.clone());
        let command = Command { v: VERSION, id, ts: self.clock.now_millis(), body };
        let subject = Subject::Cmd { tenant: woken.tenant.clone(), run, verb: command.body.verb() };
        publish::message(&self.jetstream, &subject, &command, self.publish).await?;
        self.record(woken, run, &command, created).await;
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
        let unreadable = |error: serde_json::Error| never("schedule_unreadable", error.to_string());
        let created: Created = serde_json::from_value(schedule.request.clone()).map_err(unreadable)?;
        if let Some(session) = created.session_id {
            let session = sessions::get(tx, session).await?.filter(|session| session.expires_at > self.clock.now());
            session.ok_or_else(|| never("session_expired", "the session that the run belongs to is over"))?;
        }
        let settings = serde_json::from_value(tenant.config.clone());
        let settings = settings.map_err(|error| never("settings_unreadable", error.to_string()))?;
        let at = u64::try_from(at.unix_timestamp()).unwrap_or_default() * 1_000;
        Ok(Created {
            settings: Box::new(settings),
            schedule: Some(OfSchedule { schedule_id: schedule.id, at }),
            ..created
        })
    }

    /// Stores the run's first event, so that it can be seen before anybody drives it. Whoever takes the command does so too.
    async fn record(&self, woken: &Woken, run: RunId, command: &Command, created: Created) {
        let event = command.first_event(run, created);
        let Ok(Some(record)) = Record::of(self.ids.make(), &[event]) else { return };
        let mut headers = HeaderMap::new();
        trace::inject(&mut headers);
        if let Err(error) = self.log.append(&woken.tenant, run, &record, 0, &headers, self.publish).await {
            tracing::debug!(%error, "a run is recorded by whoever takes its command");
        }
    }
}
