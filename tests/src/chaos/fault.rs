//! What goes wrong. One fault a file: each strikes, lasts, and is over when its function returns.

mod clocks;
mod cut;
mod frozen;
mod full;
mod killed;
mod leader;
mod nats;
mod postgres;
mod quorum;
mod restored;
mod slow;

use std::{fmt, time::Duration};

use rand::{Rng as _, rngs::StdRng, seq::IndexedRandom as _};

use super::site::{PROCESSES, Site};

/// A fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Fault {
    /// SBA's own processes are killed, one after the other, and come back.
    Killed,
    /// A process stands still for so long that its runs are taken over, and wakes.
    Frozen,
    /// A process loses its connections, or they fall silent.
    Cut,
    /// The lines of a process become slow.
    Slow,
    /// The NATS server is killed, and comes back.
    Nats,
    /// Postgres is gone for a while.
    Postgres,
    /// The store of JetStream is full for a while.
    Full,
    /// Clocks jump.
    Clocks,
    /// The leader of three NATS servers is killed, and comes back.
    Leader,
    /// Two of three NATS servers stand still.
    Quorum,
    /// The log is restored to an earlier state.
    Restored,
}

impl Fault {
    /// Those that can happen to an installation with one NATS server.
    pub const ON_ONE: &[Self] = &[
        Self::Killed,
        Self::Frozen,
        Self::Cut,
        Self::Slow,
        Self::Nats,
        Self::Postgres,
        Self::Full,
        Self::Clocks,
        Self::Restored,
    ];
    /// Those that can happen to one with three.
    pub const ON_THREE: &[Self] = &[Self::Leader, Self::Quorum, Self::Killed, Self::Frozen, Self::Postgres];

    /// Lets it happen for about as long as it is told; what happened, in words.
    ///
    /// # Errors
    /// When a server or process cannot be stopped, or does not come back.
    pub async fn strike(self, site: &mut Site, lots: &mut StdRng, lasting: Duration) -> anyhow::Result<String> {
        match self {
            Self::Killed => killed::strike(site, lots, lasting).await,
            Self::Frozen => frozen::strike(site, lots, lasting).await,
            Self::Cut => cut::strike(site, lots, lasting).await,
            Self::Slow => slow::strike(site, lots, lasting).await,
            Self::Nats => nats::strike(site, lots, lasting).await,
            Self::Postgres => postgres::strike(site, lasting).await,
            Self::Full => full::strike(site, lasting).await,
            Self::Clocks => clocks::strike(site, lots, lasting).await,
            Self::Leader => leader::strike(site, lots, lasting).await,
            Self::Quorum => quorum::strike(site, lasting).await,
            Self::Restored => restored::strike(site, lasting).await,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", format!("{self:?}").to_lowercase())
    }
}

/// One of SBA's own processes, by lot.
fn somebody(lots: &mut StdRng) -> &'static str {
    PROCESSES.choose(lots).copied().unwrap_or(PROCESSES[0])
}

/// A time by lot, up to so long.
fn a_while(lots: &mut StdRng, at_most: Duration) -> Duration {
    at_most.mul_f64(lots.random_range(0.1..1.0))
}
