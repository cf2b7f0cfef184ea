//! The log: every run's events without a gap or a repeat, and every run at its end.

use anyhow::Context as _;
use async_nats::jetstream::consumer::{DeliverPolicy, pull::OrderedConfig};
use futures::StreamExt as _;
use sba_subjects::{record, state::RunState, stream::Stream, subject::Subject};

use super::{Audit, Logged};
use crate::chaos::{client::Told, site::PATIENCE};

impl Audit {
    /// Folds what was stored since the last time; how many events that were.
    pub(super) async fn read_log(&mut self) -> anyhow::Result<u64> {
        let runs = self.jetstream.get_stream(Stream::Runs.as_str()).await?;
        let last = runs.get_info().await?.state.last_sequence;
        let config = OrderedConfig {
            deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: self.position + 1 },
            ..OrderedConfig::default()
        };
        let mut events = 0;
        let mut messages = runs.create_consumer(config).await?.messages().await?;
        while self.position < last {
            let message = tokio::time::timeout(PATIENCE, messages.next()).await?.context("the log ended")??;
            self.position = message.info().map_err(anyhow::Error::from_boxed)?.stream_sequence;
            let Ok(Subject::Run { tenant, run, .. }) = message.subject.as_str().parse() else {
                anyhow::bail!("{} is no run", message.subject);
            };
            let record = record::open(&message.payload)?;
            events += record.len() as u64;
            let state = self.runs.remove(&run).map(|logged| logged.state);
            let state = RunState::fold(state, &record).with_context(|| format!("the log of run {run}"))?;
            let state = state.context("a record without events")?;
            self.runs.insert(run, Logged { tenant, state });
        }
        Ok(events)
    }

    /// Every accepted run has ended, as its client was told.
    pub(super) fn all_ended(&self, told: &[Told]) -> anyhow::Result<()> {
        for (run, Logged { state, .. }) in &self.runs {
            anyhow::ensure!(state.status.is_terminal(), "run {run} has not ended: {state:?}");
        }
        for told in told {
            let run = told.run.into();
            let Logged { state, .. } = self.runs.get(&run).with_context(|| format!("{told:?} is not in the log"))?;
            let code = state.error.as_ref().map_or("", |error| error.code.as_str());
            let logged = (state.status.as_str(), code, state.seq);
            anyhow::ensure!(logged == (&told.status, &told.code, told.seq), "{told:?}, but the log says {logged:?}");
        }
        Ok(())
    }
}
