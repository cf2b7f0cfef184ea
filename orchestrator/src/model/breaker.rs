//! Leaves a provider alone that failed several times in a row, so that no run waits for what is down.
//!
//! After that many failures the circuit is open: calls fail at once with [`ModelError::Unavailable`]. When its time
//! has passed one call tries the provider; its first piece of an answer closes the circuit, its failure opens it again.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::{StreamExt, stream};
use sba_service::metrics::IntGauge;
use tokio::time::Instant;

use super::{Model, ModelChunk, ModelError, ModelRequest, ModelStream, Standing, Wait};

/// Others that come while one call tries the provider come again after this part of the open time.
const PROBE_PART: u32 = 10;

/// What a provider is forgiven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Failures in a row after which it is left alone; at least 1.
    pub failures: u32,
    /// The longest time from the first to the last of them.
    pub window: Duration,
    /// How long it is left alone.
    pub open: Duration,
}

/// A model that is not called while its provider is down.
pub struct Breaker {
    inner: Arc<dyn Model>,
    circuit: Arc<Circuit>,
}

impl Breaker {
    /// Calls `inner`, which bounds its own waits, as far as `patience` goes. `name` stands in the log; `shown` shows
    /// operators how the circuit stands: 0 closed, 1 tried, 2 open.
    #[must_use]
    pub fn new(inner: Arc<dyn Model>, name: impl Into<String>, patience: Patience, shown: IntGauge) -> Self {
        let state =
            Mutex::new(State { era: 0, phase: Phase::Closed { failures: VecDeque::new() }, out_since: None, shown });
        Self { inner, circuit: Arc::new(Circuit { name: name.into(), patience, state }) }
    }
}

#[async_trait]
impl Model for Breaker {
    async fn stream(&self, request: ModelRequest) -> Result<ModelStream, ModelError> {
        let mut ticket = self.circuit.admit()?;
        let opened = self.inner.stream(request).await;
        let stream = opened.inspect_err(|error| ticket.failed(error))?;
        Ok(stream::unfold((stream, ticket), |(mut stream, mut ticket)| async move {
            let chunk = stream.next().await?;
            match &chunk {
                Ok(ModelChunk::End { .. }) => ticket.answered(),
                Ok(_) => ticket.answers(),
                Err(error) => ticket.failed(error),
            }
            Some((chunk, (stream, ticket)))
        })
        .boxed())
    }

    fn standing(&self) -> Standing {
        Standing { out_since: self.circuit.lock().out_since, is_fallback: false }
    }
}

/// What all calls of a provider know of it.
struct Circuit {
    name: String,
    patience: Patience,
    state: Mutex<State>,
}

struct State {
    /// Grows with each change of phase: what a call of an earlier one tells is no news.
    era: u64,
    phase: Phase,
    /// The first of the failures for which the circuit is not closed.
    out_since: Option<Instant>,
    shown: IntGauge,
}

enum Phase {
    /// Calls go through; when the last ones failed.
    Closed { failures: VecDeque<Instant> },
    /// No call goes through until then.
    Open { until: Instant },
    /// One call tries.
    Probing,
}

impl Circuit {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a call through, or tells how long to wait.
    fn admit(self: &Arc<Self>) -> Result<Ticket, ModelError> {
        let mut state = self.lock();
        let probe = match &state.phase {
            Phase::Closed { .. } => false,
            Phase::Probing => return Err(ModelError::Unavailable { retry_after: self.patience.open / PROBE_PART }),
            Phase::Open { until } => {
                let left = until.saturating_duration_since(Instant::now());
                if !left.is_zero() {
                    return Err(ModelError::Unavailable { retry_after: left });
                }
                state.enter(Phase::Probing);
                true
            }
        };
        Ok(Ticket { circuit: Arc::clone(self), era: state.era, probe })
    }

    fn open(&self, state: &mut State) {
        let open = self.patience.open;
        tracing::warn!(model = %self.name, ?open, "the model failed several times in a row and is left alone");
        if let Phase::Closed { failures } = &state.phase {
            state.out_since = failures.front().copied();
        }
        state.enter(Phase::Open { until: Instant::now() + open });
    }

    fn close(&self, state: &mut State) {
        tracing::info!(model = %self.name, "the model answers again");
        state.out_since = None;
        state.enter(Phase::Closed { failures: VecDeque::new() });
    }
}

impl State {
    fn enter(&mut self, phase: Phase) {
        self.era += 1;
        self.shown.set(match phase {
            Phase::Closed { .. } => 0,
            Phase::Probing => 1,
            Phase::Open { .. } => 2,
        });
        self.phase = phase;
    }
}

/// A call that went through.
struct Ticket {
    circuit: Arc<Circuit>,
    era: u64,
    /// Whether this call tries a provider that was left alone, and nothing came of it yet.
    probe: bool,
}

impl Ticket {
    /// The first pieces of an answer came. That does not make up for earlier failures: a provider may break off each time.
    fn answers(&mut self) {
        if std::mem::take(&mut self.probe) {
            let mut state = self.circuit.lock();
            self.circuit.close(&mut state);
            self.era = state.era;
        }
    }

    /// The provider did what it is there for, or refused what no provider would do.
    fn answered(&mut self) {
        self.answers();
        let mut state = self.circuit.lock();
        if let (true, Phase::Closed { failures }) = (state.era == self.era, &mut state.phase) {
            failures.clear();
        }
    }

    fn failed(&mut self, error: &ModelError) {
        if !error.is_outage() {
            // Whoever waited for SBA itself learned nothing of the provider.
            let learned = !matches!(error, ModelError::Timeout { wait: Wait::Turn | Wait::Answer, .. });
            if learned {
                self.answered();
            }
            return;
        }
        let mut state = self.circuit.lock();
        if std::mem::take(&mut self.probe) {
            return self.circuit.open(&mut state);
        }
        let Patience { failures: most, window, .. } = self.circuit.patience;
        let current = state.era == self.era;
        let Phase::Closed { failures } = &mut state.phase else { return };
        let now = Instant::now();
        if current {
            failures.push_back(now);
        }
        while failures.front().is_some_and(|failed| now.duration_since(*failed) > window) {
            failures.pop_front();
        }
        if failures.len() >= most.max(1) as usize {
            self.circuit.open(&mut state);
        }
    }
}

impl Drop for Ticket {
    /// A call that was given up while it tried the provider leaves the trial to the next one.
    fn drop(&mut self) {
        if self.probe {
            self.circuit.lock().enter(Phase::Open { until: Instant::now() });
        }
    }
}

#[cfg(test)]
mod tests;
