//! From a command to a run that this process holds.

use sba_service::{
    delivery::Fate,
    heartbeat::Liveness,
    log::{Loaded, ReadError},
};
use sba_subjects::{command::CommandBody, id::InstanceId};

use super::{
    Driver,
    commands::Addressed,
    held::{Held, Stop},
    roll::{Handed, Place},
};

/// How often a command is tried on a run that others change meanwhile, before it is given back.
const ROUNDS: u32 = 8;

/// What one try came to.
enum Tried {
    Fate(Fate),
    /// The run was changed by another process in between: look again.
    Again,
}

fn dead(reason: &'static str, detail: &str) -> Fate {
    Fate::Dead { reason, detail: detail.to_owned() }
}

impl Driver {
    /// Does what a command asks, and drives its run until it parks or ends.
    pub(super) async fn activate(&self, addressed: Addressed, deliveries: u32) -> Fate {
        if let CommandBody::Start(created) = &addressed.command.body
            && created.tenant_id != addressed.tenant.id()
        {
            return dead("wrong_tenant", "the command names another tenant than its subject");
        }
        for round in 0..ROUNDS {
            let run = addressed.run;
            let Some(place) = self.roll.enter(run, addressed.command.id, &self.metrics) else {
                match self.roll.hand(run, addressed.command.clone()).await {
                    Handed::Stored => return Fate::Settled,
                    Handed::Driving => return Fate::Leave,
                    Handed::Full => return Fate::Later(self.limits.owned_elsewhere),
                    Handed::Gone => continue,
                }
            };
            match self.attempt(&addressed, place, deliveries, round == 0).await {
                Tried::Fate(fate) => return fate,
                Tried::Again => {}
            }
        }
        Fate::Later(self.limits.owned_elsewhere)
    }

    /// Finds the run and drives it, unless another process that lives owns it. Where it may be `guessed` how the run
    /// stands, it is not read first; whether the guess was right shows when something is stored.
    async fn attempt(&self, addressed: &Addressed, mut place: Place, deliveries: u32, guessed: bool) -> Tried {
        let guess = if guessed { self.guess(addressed, deliveries).await } else { None };
        let guessed = guess.is_some();
        let found = match guess {
            Some(loaded) => Ok(Some(loaded)),
            None => self.found(addressed).await,
        };
        let loaded = match found {
            Ok(Some(loaded)) => loaded,
            // Its log was purged since somebody looked at it.
            Ok(None) if matches!(addressed.command.body, CommandBody::Poke { .. }) => {
                return Tried::Fate(Fate::Settled);
            }
            Ok(None) if deliveries >= self.limits.deliveries => {
                return Tried::Fate(dead("run_unknown", "no run with this id was ever accepted"));
            }
            Ok(None) => return Tried::Fate(Fate::Later(self.limits.command_backoff.pause(deliveries))),
            Err(stop) => return Tried::Fate(self.fate(stop, deliveries)),
        };
        if let Some(owner) = loaded.state.owner().filter(|owner| *owner != self.instance)
            && let Some(tried) = self.elsewhere(addressed, owner).await
        {
            return tried;
        }
        let fence = loaded.fence;
        let mut held = Held::new(self, addressed.tenant.clone(), loaded, &mut place.mailbox);
        let actions = match held.obey(addressed.command.clone()).await {
            // Nothing was stored that would prove the guess.
            Ok(_) if guessed && held.fence == fence => return Tried::Again,
            Ok(actions) => actions,
            Err(Stop::Fenced) => return Tried::Again,
            Err(stop) => return Tried::Fate(self.fate(stop, deliveries)),
        };
        Tried::Fate(match held.drive(actions).await {
            Ok(()) => {
                if let Some(parked) = held.leave() {
                    self.memory.keep(parked).await;
                }
                Fate::Settled
            }
            Err(stop) if stop.is_final() => match held.give_up(&stop).await {
                Ok(()) => Fate::Settled,
                Err(_) => self.fate(stop, deliveries),
            },
            Err(stop) => self.fate(stop, deliveries),
        })
    }

    /// How the run stands if nobody but this process drove it. A `start` that comes for the first time begins one.
    async fn guess(&self, addressed: &Addressed, deliveries: u32) -> Option<Loaded> {
        if let Some(remembered) = self.memory.take(addressed.run).await {
            return Some(remembered);
        }
        let first = deliveries == 1;
        Loaded::promised(addressed.run, &addressed.command).ok().flatten().filter(|_| first)
    }

    /// The run as it stands; where nothing is stored of it, its `start` says how it begins.
    async fn found(&self, addressed: &Addressed) -> Result<Option<Loaded>, Stop> {
        match self.log.load(&addressed.tenant, addressed.run).await? {
            Some(loaded) => Ok(Some(loaded)),
            None => Ok(Loaded::promised(addressed.run, &addressed.command).map_err(ReadError::from)?),
        }
    }

    /// Passes a command to the process that owns its run; `None` when that process is dead, or holds it no more.
    async fn elsewhere(&self, addressed: &Addressed, owner: InstanceId) -> Option<Tried> {
        if self.peers.alive(owner) == Liveness::Dead {
            tracing::info!(%owner, "the owner of the run is gone; taking it over");
            return None;
        }
        match self.hand_over(addressed, owner).await {
            Some(Handed::Stored) => Some(Tried::Fate(Fate::Settled)),
            Some(Handed::Driving) => Some(Tried::Fate(Fate::Leave)),
            // It lives, and does not hold the run: it parked it in between, or gave it up.
            Some(Handed::Gone) => None,
            Some(Handed::Full) | None => Some(Tried::Fate(Fate::Later(self.limits.owned_elsewhere))),
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
                Fate::Later(self.limits.command_backoff.pause(deliveries))
            }
            stop if stop.is_final() && deliveries >= self.limits.deliveries => dead("undecidable", &stop.to_string()),
            stop => {
                tracing::warn!(error = %stop, code = stop.code(), deliveries, "the run is given back for now");
                Fate::Later(self.limits.command_backoff.pause(deliveries))
            }
        }
    }
}
