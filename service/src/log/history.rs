//! Everything that was said in a run, in pages.

use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use sba_subjects::{
    id::{RunId, TenantKey},
    subject::filter,
};
use serde::Serialize;
use tokio::time::timeout;

use super::{ReadError, RunLog, Stored};

/// Most records of one page.
pub const PAGE_RECORDS: usize = 256;

/// A replica that does not answer within this is asked again: a follower that is cut off never answers.
const PATIENCE: Duration = Duration::from_millis(300);
/// How often a page is asked for.
const TRIES: usize = 10;

/// A part of a run's log, in order.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// The records.
    pub records: Vec<Stored>,
    /// Whether more stand behind the last of them, as far as the replica that answered knows.
    pub more: bool,
}

#[derive(Serialize)]
struct Request<'a> {
    seq: u64,
    next_by_subj: &'a str,
    batch: usize,
}

impl RunLog {
    /// The records of a run behind a stream sequence (0: from the start), at most [`PAGE_RECORDS`].
    ///
    /// Served by any replica, so the end of the page may lag behind what was acknowledged.
    ///
    /// # Errors
    /// [`ReadError::Unavailable`] when no replica answers, [`ReadError::Unreadable`] for a message that is no record.
    pub async fn history(&self, tenant: &TenantKey, run: RunId, after: u64) -> Result<Page, ReadError> {
        let over = filter::run_log(tenant, run);
        let request = Request { seq: after + 1, next_by_subj: &over, batch: PAGE_RECORDS };
        let body: Bytes =
            serde_json::to_vec(&request).map_err(|error| ReadError::Unavailable(error.to_string()))?.into();
        let mut last = None;
        for _ in 0..TRIES {
            match self.page(run, body.clone()).await {
                Err(error @ ReadError::Unavailable(_)) => last = Some(error),
                page => return page,
            }
        }
        Err(last.unwrap_or_else(|| ReadError::Unavailable("no replica answered".to_owned())))
    }

    async fn page(&self, run: RunId, request: Bytes) -> Result<Page, ReadError> {
        let unavailable = |error: &dyn std::fmt::Display| ReadError::Unavailable(error.to_string());
        let client = self.jetstream.client();
        let inbox = client.new_inbox();
        let mut answers = client.subscribe(inbox.clone()).await.map_err(|error| unavailable(&error))?;
        let subject = format!("$JS.API.DIRECT.GET.{}", self.shards.of(run));
        client.publish_with_reply(subject, inbox, request).await.map_err(|error| unavailable(&error))?;
        let mut page = Page::default();
        loop {
            let message = timeout(PATIENCE, answers.next())
                .await
                .map_err(|_| unavailable(&format!("no answer within {} ms", PATIENCE.as_millis())))?
                .ok_or_else(|| unavailable(&"the connection was closed"))?;
            let header = |name: &str| message.headers.as_ref()?.get(name)?.as_str().parse::<u64>().ok();
            match message.status.map(|status| status.as_u16()) {
                Some(204) => {
                    page.more = header("Nats-Num-Pending").is_some_and(|pending| pending > 0);
                    return Ok(page);
                }
                Some(404) => return Ok(page),
                Some(status) => return Err(unavailable(&format!("status {status}"))),
                None => {
                    let sequence =
                        header("Nats-Sequence").ok_or_else(|| unavailable(&"an answer without a sequence"))?;
                    let headers = message.headers.unwrap_or_default();
                    page.records.push(Stored::from_parts(sequence, &headers, message.payload)?);
                }
            }
        }
    }
}
