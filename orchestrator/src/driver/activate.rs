//! From a command to a run that this process holds.

use async_nats::HeaderMap;
use sba_service::{
    heartbeat::Liveness,
    log::{AppendError, Loaded, ReadError},
    telemetry::trace,
};
use sba_subjects::{
    command::{Command, CommandBody},
    id::{RunId, TenantKey},
    record::Record,
    state::RunState,
};

use super::{
    Driver,
    commands::{Addressed, Fate, pause},
    held::{Held, Stop},
};

impl Driver {
    /// Does what a command asks, and drives its run until it parks or ends.
    pub(super) async fn activate(&self, addressed: Addressed, deliveries: u32) -> Fate {
        let Addressed { tenant, run, command } = addressed;
        if let CommandBody::Start(created) = &command.body
            && created.tenant_id != tenant.id()
        {
            return Fate::Dead("wrong_tenant", "the command names another tenant than its subject".to_owned());
        }
        // This very process may hold the run: it acks its own delivery when the run parks, and whatever this
        // one asks is looked at then.
        let Some(place) = self.roll.enter(run, self.limits.owned_elsewhere, &self.metrics).await else {
            return Fate::Later(self.limits.owned_elsewhere);
        };
        let fate = match self.found(&tenant, run, &command).await {
            Ok(Some(loaded)) => self.hold(tenant, loaded, command, deliveries).await,
            Ok(None) if deliveries >= self.limits.deliveries => {
                Fate::Dead("run_unknown", "no run with this id was ever accepted".to_owned())
            }
            Ok(None) => Fate::Later(pause(deliveries)),
            Err(stop) => self.fate(stop, deliveries),
        };
        drop(place);
        fate
    }

    /// The run as it stands; a `start` whose `created` was never stored stores it.
    async fn found(&self, tenant: &TenantKey, run: RunId, command: &Command) -> Result<Option<Loaded>, Stop> {
        let loaded = self.log.load(tenant, run).await?;
        match (&loaded, &command.body) {
            (None, CommandBody::Start(created)) => {
                let first = command.first_event(run, created.clone());
                let state = RunState::begin(&first).map_err(ReadError::from)?;
                let record = Record::of(self.ids.make(), &[first]).map_err(Stop::Unsayable)?;
                let Some(record) = record else { return Ok(None) };
                let mut headers = HeaderMap::new();
                trace::inject(&mut headers);
                match self.log.append(tenant, run, &record, 0, &headers, self.limits.append).await {
                    Ok(fence) => Ok(Some(Loaded { state, fence })),
                    // The gateway's own append came in between: it says the same.
                    Err(AppendError::Fenced { .. }) => Ok(self.log.load(tenant, run).await?),
                    Err(error) => Err(error.into()),
                }
            }
            _ => Ok(loaded),
        }
    }

    /// Drives a run, unless another process that lives owns it.
    async fn hold(&self, tenant: TenantKey, loaded: Loaded, command: Command, deliveries: u32) -> Fate {
        let other = loaded.state.owner().filter(|owner| *owner != self.instance);
        if let Some(owner) = other {
            match self.peers.alive(owner) {
                Liveness::Dead => tracing::info!(%owner, "the owner of the run is gone; taking it over"),
                // It lives, and says that it does not hold the run any more.
                Liveness::Alive if self.peers.claims(owner, loaded.state.run) == Some(false) => {
                    tracing::info!(%owner, "the owner of the run gave it up; taking it over");
                }
                _ => return Fate::Later(self.limits.owned_elsewhere),
            }
        }
        let mut held = Held::new(self, tenant, loaded);
        match held.drive(command).await {
            Ok(()) => Fate::Settled,
            Err(stop) => self.fate(stop, deliveries),
        }
    }

    /// What becomes of the command when the run could not be driven to where it parks.
    fn fate(&self, stop: Stop, deliveries: u32) -> Fate {
        match stop {
            Stop::Fenced => {
                tracing::info!("another process took the run over");
                Fate::Leave
            }
            Stop::CutOff => {
                tracing::warn!("this process does not hear itself; giving the run back");
                Fate::Later(pause(deliveries))
            }
            stop if stop.is_final() && deliveries >= self.limits.deliveries => {
                Fate::Dead("undecidable", stop.to_string())
            }
            stop => {
                tracing::warn!(error = %stop, code = stop.code(), deliveries, "the run is given back for now");
                Fate::Later(pause(deliveries))
            }
        }
    }
}
