//! What keeps a watched run's ring in step with its log.

use std::{sync::Arc, time::Duration};

use async_nats::{Client, Message, Subscriber};
use futures::StreamExt as _;
use sba_service::log::{Loaded, Page, ReadError, RunLog, Stored};
use sba_subjects::{envelope::Envelope, event::Event, record::Head, subject::filter};
use tokio::time::sleep;
use tracing::warn;

use super::{
    frame::Frame,
    ring::Fit,
    watch::{Opened, Phase, Watch},
};

/// Pause before a replica that has not got what was announced is asked again, and how often that is done before it is
/// left to the next comparison.
const LAG_PAUSE: Duration = Duration::from_millis(20);
const LAG_TRIES: usize = 10;

/// Follows a run until it ends, nobody watches it or its log cannot be read.
pub(super) struct Tail {
    pub(super) client: Client,
    pub(super) log: RunLog,
    pub(super) watch: Arc<Watch>,
}

/// Why a tail stops before the run's end.
#[derive(Debug, thiserror::Error)]
enum Lost {
    #[error("the log cannot be read")]
    Log(#[from] ReadError),
    #[error("the live events cannot be subscribed to")]
    Subscribe(#[from] async_nats::SubscribeError),
    #[error("the connection to NATS was closed")]
    Closed,
}

impl Tail {
    pub(super) async fn follow(self) {
        let stop = self.watch.stop.clone();
        let followed = tokio::select! {
            followed = self.run() => followed,
            () = stop.cancelled() => Ok(()),
        };
        if let Err(lost) = followed {
            let transient = !matches!(&lost, Lost::Log(ReadError::Unreadable { .. } | ReadError::Unsound(_)));
            let error: &dyn std::error::Error = &lost;
            let (run_id, tenant_id) = (self.watch.run, self.watch.tenant.id());
            warn!(%run_id, %tenant_id, error, transient, "a run can no longer be shown to its viewers");
            self.watch.enter(Phase::Broken { transient });
        }
    }

    async fn run(&self) -> Result<(), Lost> {
        // The server sees the subscription before the request for the log, which follows it on the same connection:
        // what is stored after the answer is heard live.
        let mut live = self.client.subscribe(filter::live_run(&self.watch.tenant, self.watch.run)).await?;
        if !self.open().await? {
            self.watch.enter(Phase::NoRun);
            return Ok(());
        }
        while !self.watch.ring().ended() {
            self.step(&mut live).await?;
        }
        Ok(())
    }

    async fn step(&self, live: &mut Subscriber) -> Result<(), Lost> {
        tokio::select! {
            message = live.next() => match heard(message.ok_or(Lost::Closed)?) {
                Some(stored) => self.take(&stored).await,
                None => Ok(()),
            },
            () = self.watch.behind.notified() => self.read_on().await,
        }
    }

    /// Reads the log from its start; false where there is none.
    async fn open(&self) -> Result<bool, Lost> {
        let Watch { tenant, run, .. } = &*self.watch;
        let mut first = self.log.history(tenant, *run, 0).await?;
        if first.records.is_empty() {
            // A replica may not have the run yet. The leader knows whether there is one.
            match self.log.load(tenant, *run).await? {
                None => return Ok(false),
                Some(Loaded { promised: Some(promised), .. }) => return self.expect(*promised),
                Some(_) => first = self.page_of_a_replica_that_lags().await?,
            }
        }
        let Some(record) = first.records.first() else { return Ok(false) };
        let opened = opened(&record.events()?)?;
        let more = first.more;
        self.push(first.records)?;
        self.watch.enter(Phase::Open(opened));
        if more {
            self.read_on().await?;
        }
        Ok(true)
    }

    /// Shows the first event of a run that no orchestrator has begun yet.
    fn expect(&self, promised: Envelope) -> Result<bool, Lost> {
        let opened = opened(std::slice::from_ref(&promised))?;
        let frame = Frame::promised(&promised)?;
        self.watch.grow(|ring| ring.push(vec![frame]));
        self.watch.enter(Phase::Open(opened));
        Ok(true)
    }

    async fn page_of_a_replica_that_lags(&self) -> Result<Page, Lost> {
        let Watch { tenant, run, .. } = &*self.watch;
        for _ in 0..LAG_TRIES {
            sleep(LAG_PAUSE).await;
            let page = self.log.history(tenant, *run, 0).await?;
            if !page.records.is_empty() {
                return Ok(page);
            }
        }
        Err(ReadError::Unavailable("no replica has the run's log".to_owned()).into())
    }

    /// Takes in what the log has behind the ring.
    async fn read_on(&self) -> Result<(), Lost> {
        loop {
            let position = self.watch.ring().position();
            let page = self.log.history(&self.watch.tenant, self.watch.run, position).await?;
            let more = page.more && !page.records.is_empty();
            self.push(page.records)?;
            if !more {
                return Ok(());
            }
        }
    }

    /// Takes in a record that was heard live, and what is missing before it.
    async fn take(&self, stored: &Stored) -> Result<(), Lost> {
        let head = &stored.head;
        for _ in 0..LAG_TRIES {
            let fit = self.watch.ring().fit(head.seq, head.last_seq());
            match fit {
                Fit::Repeat => return Ok(()),
                Fit::Next => {
                    let frames = Frame::of(stored)?;
                    self.watch.grow(|ring| ring.push(frames));
                    return Ok(());
                }
                Fit::Gap => self.read_on().await?,
            }
            if self.watch.ring().next() < head.seq {
                sleep(LAG_PAUSE).await;
            }
        }
        Ok(())
    }

    fn push(&self, records: Vec<Stored>) -> Result<(), Lost> {
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
    created.ok_or_else(|| ReadError::Unavailable("the start of the run's log is gone".to_owned()))
}

/// A message of the live subjects as the record it repeats; `None` for anything else.
fn heard(message: Message) -> Option<Stored> {
    let headers = message.headers?;
    let stream_sequence = headers.get("Nats-Sequence")?.as_str().parse().ok()?;
    Some(Stored { stream_sequence, head: Head::read(&headers)?, body: message.payload })
}
