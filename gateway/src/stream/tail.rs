//! What keeps a watched run's ring in step with its log.

use std::{slice, sync::Arc};

use sba_service::log::{Beginning, ReadError, RunLog, Stored};
use sba_subjects::{envelope::Envelope, event::Event};
use tracing::warn;

use super::{
    frame::Frame,
    watch::{Opened, Phase, Watch},
};

/// Follows a run until it ends, nobody watches it or its log cannot be read.
pub(super) struct Tail {
    pub(super) log: RunLog,
    pub(super) watch: Arc<Watch>,
}

impl Tail {
    pub(super) async fn follow(self) {
        let stop = self.watch.stop.clone();
        let followed = tokio::select! {
            followed = self.run() => followed,
            () = stop.cancelled() => Ok(()),
        };
        if let Err(lost) = followed {
            let transient = lost.may_pass();
            let error: &dyn std::error::Error = &lost;
            let (run_id, tenant_id) = (self.watch.run, self.watch.tenant.id());
            warn!(%run_id, %tenant_id, error, transient, "a run can no longer be shown to its viewers");
            self.watch.enter(Phase::Broken { transient });
        }
    }

    async fn run(&self) -> Result<(), ReadError> {
        let mut follow = self.log.follow(&self.watch.tenant, self.watch.run).await?;
        let opened = match follow.beginning().await? {
            Beginning::Nowhere => {
                self.watch.enter(Phase::NoRun);
                return Ok(());
            }
            Beginning::Promised(first) => {
                let frame = Frame::promised(&first)?;
                self.watch.grow(|ring| ring.push(vec![frame]));
                opened(slice::from_ref(&*first))
            }
            Beginning::Stored => {
                let records = follow.next().await?;
                let first = records.first().ok_or(ReadError::Gone)?.events()?;
                self.push(records)?;
                opened(&first)
            }
        };
        self.watch.enter(Phase::Open(opened?));
        while !self.watch.ring().ended() {
            tokio::select! {
                records = follow.next() => self.push(records?)?,
                () = self.watch.behind.notified() => follow.check(),
            }
        }
        Ok(())
    }

    fn push(&self, records: Vec<Stored>) -> Result<(), ReadError> {
        for stored in records {
            let frames = Frame::of(&stored)?;
            self.watch.grow(|ring| ring.push(frames));
        }
        Ok(())
    }
}

/// What the first events of a log say about the run.
fn opened(events: &[Envelope]) -> Result<Opened, ReadError> {
    let created = events.iter().find_map(|event| match &event.payload {
        Event::Created(created) => Some(Opened::from(created)),
        _ => None,
    });
    created.ok_or(ReadError::Gone)
}
