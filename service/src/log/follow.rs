//! A run's log as it grows: from its start, and then live, without a gap and without a repeat.
//!
//! What is stored is said again on the live subjects, at most once. So each record that is heard is held against the one
//! before it by `seq`: what is missing is read from the log. The last records of a run may be lost with nothing behind
//! them to show it; whoever follows a run that is quiet [checks](Follow::check) now and then.

use std::time::Duration;

use async_nats::{Message, Subscriber};
use futures::StreamExt as _;
use sba_subjects::{
    envelope::Envelope,
    id::{RunId, TenantKey},
    record::Head,
    subject::filter,
};
use tokio::time::sleep;

use super::{Loaded, ReadError, RunLog, Stored};

/// Pause before a replica that has not got what was announced is asked again, and how often that is done before it is
/// left to the next check.
const LAG_PAUSE: Duration = Duration::from_millis(20);
const LAG_TRIES: u32 = 10;

/// A run that is followed.
#[derive(Debug)]
pub struct Follow {
    log: RunLog,
    tenant: TenantKey,
    run: RunId,
    live: Subscriber,
    /// Stream sequence of the last record.
    position: u64,
    /// The `seq` that comes next.
    next: u64,
    /// The log has events up to this one, as was announced; 0 for nothing that is known to be missing.
    announced: u64,
    /// How often the log was read in vain for them.
    vain: u32,
    /// Whether the log may have more, so that it is read before anything is listened to.
    behind: bool,
    /// Records that were read and not given out yet.
    read: Vec<Stored>,
}

/// How a run begins that is followed.
#[derive(Debug)]
pub enum Beginning {
    /// There is no such run.
    Nowhere,
    /// Nobody has begun it yet: its command says its first event, which will be stored.
    Promised(Box<Envelope>),
    /// It stands in the log.
    Stored,
}

impl RunLog {
    /// Begins to follow a run from its start, whether it has a log yet or not.
    ///
    /// # Errors
    /// [`ReadError::Unavailable`].
    pub async fn follow(&self, tenant: &TenantKey, run: RunId) -> Result<Follow, ReadError> {
        // The server sees the subscription before the request for the log, which follows it on the same connection: what
        // is stored after the answer is heard live.
        let subject = filter::live_run(tenant, run);
        let live = self.jetstream.client().subscribe(subject).await;
        let live = live.map_err(|error| ReadError::Unavailable(error.to_string()))?;
        let (log, tenant) = (self.clone(), tenant.clone());
        Ok(Follow {
            log,
            tenant,
            run,
            live,
            position: 0,
            next: 1,
            announced: 0,
            vain: 0,
            behind: true,
            read: Vec::new(),
        })
    }
}

impl Follow {
    /// How a run begins: to be asked before anything else. A replica may not have it yet; the leader knows.
    ///
    /// # Errors
    /// [`ReadError`]; also where the leader has it and no replica gets it.
    pub async fn beginning(&mut self) -> Result<Beginning, ReadError> {
        for tries in 0..=LAG_TRIES {
            // What the leader has was mostly stored just now: it is there at the second look.
            if tries > 1 {
                sleep(LAG_PAUSE).await;
            }
            let page = self.log.history(&self.tenant, self.run, 0).await?;
            if !page.records.is_empty() {
                (self.behind, self.read) = (page.more, page.records);
                return Ok(Beginning::Stored);
            }
            if tries == 0 {
                match self.log.load(&self.tenant, self.run).await? {
                    None => return Ok(Beginning::Nowhere),
                    Some(Loaded { promised: Some(first), .. }) => return Ok(Beginning::Promised(first)),
                    Some(_) => {}
                }
            }
        }
        Err(ReadError::Unavailable("no replica has the run's log".to_owned()))
    }

    /// The records that come next, at least one. Waits for them. A future that is dropped loses nothing.
    ///
    /// # Errors
    /// [`ReadError`]; following can be gone on with, unless a part of the log is [gone](ReadError::Gone).
    pub async fn next(&mut self) -> Result<Vec<Stored>, ReadError> {
        if !self.read.is_empty() {
            let read = std::mem::take(&mut self.read);
            let new = self.take(read);
            if !new.is_empty() {
                return Ok(new);
            }
        }
        loop {
            if self.behind {
                let page = self.log.history(&self.tenant, self.run, self.position).await?;
                if page.records.first().is_some_and(|record| record.head.seq > self.next) {
                    return Err(ReadError::Gone);
                }
                self.behind = page.more && !page.records.is_empty();
                let new = self.take(page.records);
                if !new.is_empty() {
                    return Ok(new);
                }
            }
            if self.announced >= self.next && self.vain < LAG_TRIES {
                sleep(LAG_PAUSE).await;
                (self.behind, self.vain) = (true, self.vain + 1);
                continue;
            }
            let closed = || ReadError::Unavailable("the connection to NATS was closed".to_owned());
            let Some(heard) = heard(self.live.next().await.ok_or_else(closed)?) else { continue };
            let head = &heard.head;
            if head.seq > self.next {
                (self.behind, self.announced, self.vain) = (true, head.last_seq(), 0);
            } else if head.last_seq() >= self.next {
                return Ok(self.take(vec![heard]));
            }
        }
    }

    /// Reads the log on before anything else is heard: for a run that has been quiet, and after a connection was lost.
    pub const fn check(&mut self) {
        self.behind = true;
    }

    /// The records that are new.
    fn take(&mut self, records: Vec<Stored>) -> Vec<Stored> {
        let mut new = Vec::with_capacity(records.len());
        for record in records {
            if record.head.seq <= self.next && record.head.last_seq() >= self.next {
                (self.next, self.position, self.vain) = (record.head.last_seq() + 1, record.stream_sequence, 0);
                new.push(record);
            }
        }
        new
    }
}

/// A message of the live subjects as the record it repeats; `None` for anything else.
fn heard(message: Message) -> Option<Stored> {
    let headers = message.headers?;
    let stream_sequence = headers.get("Nats-Sequence")?.as_str().parse().ok()?;
    Some(Stored { stream_sequence, head: Head::read(&headers)?, body: message.payload })
}
