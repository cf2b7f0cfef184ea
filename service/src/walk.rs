//! A walk through a stream: what stands in it, in order, up to where it ended when the walk began.
//!
//! For operators and for what looks after streams now and then; whoever follows a stream as it grows has a consumer.

use std::{collections::VecDeque, time::Duration};

use async_nats::{
    HeaderMap,
    jetstream::{
        Context, ErrorCode, Message,
        consumer::{AckPolicy, DeliverPolicy, PullConsumer, pull},
        context::GetStreamErrorKind,
        stream::Info,
    },
};
use bytes::Bytes;
use futures::StreamExt as _;
use time::OffsetDateTime;
use tokio::time::{sleep, timeout};

use crate::backoff::Backoff;

/// Messages that are asked for at once: without their bodies, and with them, which may be large.
const HEADS: usize = 1_000;
const WHOLE: usize = 64;

/// A consumer that nobody asks anything for so long is removed by the server.
const INACTIVE: Duration = Duration::from_secs(30);

/// How often one place is tried, and the pauses between.
const TRIES: u32 = 5;
const PAUSES: Backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(1));

/// The size of a body that was left out.
const SIZE: &str = "Nats-Msg-Size";

/// What to walk through.
#[derive(Debug, Clone)]
pub struct Route {
    /// The stream, by its name.
    pub stream: String,
    /// The subjects, a pattern.
    pub filter: String,
    /// Where the walk begins.
    pub from: From,
    /// Whether bodies are left out.
    pub heads_only: bool,
}

/// Where a walk begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// Behind this sequence; 0 for the start.
    After(u64),
    /// With the first message that was stored at this time or later.
    Time(OffsetDateTime),
}

/// A message that stands on the way.
#[derive(Debug, Clone)]
pub struct Passed {
    /// Where it stands.
    pub sequence: u64,
    /// When it was stored.
    pub stored_at: OffsetDateTime,
    /// Its subject.
    pub subject: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body; empty where bodies are left out.
    pub body: Bytes,
    /// Size of its body in bytes.
    pub bytes: u64,
}

/// Why a walk cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum WalkError {
    /// There is no such stream: no process of SBA was ever started, or it was deleted.
    #[error("there is no stream {0}")]
    NoStream(String),
    /// JetStream did not answer, at each try.
    #[error("JetStream did not answer: {0}")]
    Unavailable(String),
}

impl WalkError {
    /// A stable name for the kind of failure.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoStream(_) => "stream_missing",
            Self::Unavailable(_) => "jetstream_unavailable",
        }
    }
}

/// A walk under way. A place that is lost (a connection that broke, a consumer that is gone) is found again.
#[derive(Debug)]
pub struct Walk {
    jetstream: Context,
    route: Route,
    /// The last sequence of the stream when the walk began.
    end: u64,
    /// Longest wait for an answer.
    answer: Duration,
    consumer: Option<PullConsumer>,
    /// How many messages this consumer gave.
    given: u64,
    fetched: VecDeque<Passed>,
    over: bool,
}

impl Walk {
    /// Begins a walk; `answer` bounds each request to the server.
    ///
    /// # Errors
    /// [`WalkError`].
    pub async fn begin(jetstream: Context, route: Route, answer: Duration) -> Result<Self, WalkError> {
        let end = known(&jetstream, &route.stream, answer).await?.state.last_sequence;
        let fetched = VecDeque::new();
        Ok(Self { jetstream, route, end, answer, consumer: None, given: 0, fetched, over: end == 0 })
    }

    /// The last sequence of the stream when the walk began.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.end
    }

    /// The next message; `None` at the end.
    ///
    /// # Errors
    /// [`WalkError`]; the walk can be gone on with.
    pub async fn next(&mut self) -> Result<Option<Passed>, WalkError> {
        let mut tries = 0;
        while self.fetched.is_empty() && !self.over {
            let Err(error) = self.fetch().await else { continue };
            self.consumer = None;
            tries += 1;
            if tries >= TRIES {
                return Err(error);
            }
            sleep(PAUSES.pause(tries)).await;
        }
        Ok(self.fetched.pop_front())
    }

    /// Asks for the messages that come next. A message that got lost on the way shows by its number.
    async fn fetch(&mut self) -> Result<(), WalkError> {
        let (answer, end) = (self.answer, self.end);
        let silent = |error: &dyn std::fmt::Display| WalkError::Unavailable(error.to_string());
        let most = if self.route.heads_only { HEADS } else { WHOLE };
        let consumer = self.consumer().await?;
        let batch = consumer.fetch().max_messages(most).messages();
        let mut batch =
            timeout(answer, batch).await.map_err(|_| unanswered(answer))?.map_err(|error| silent(&error))?;
        let mut count = 0;
        while let Some(message) = timeout(answer, batch.next()).await.map_err(|_| unanswered(answer))? {
            let message = message.map_err(|error| silent(&error))?;
            let (number, pending, passed) = passed(message).map_err(|error| silent(&error))?;
            self.given += 1;
            if number != self.given {
                return Err(silent(&"a message was lost on the way"));
            }
            count += 1;
            self.over = pending == 0 || passed.sequence >= end;
            self.route.from = From::After(passed.sequence);
            if passed.sequence <= end {
                self.fetched.push_back(passed);
            }
            if self.over {
                return Ok(());
            }
        }
        // What was announced and is not there was removed meanwhile.
        self.over = count == 0;
        Ok(())
    }

    async fn consumer(&mut self) -> Result<PullConsumer, WalkError> {
        if let Some(consumer) = &self.consumer {
            return Ok(consumer.clone());
        }
        let deliver_policy = match self.route.from {
            From::After(sequence) => DeliverPolicy::ByStartSequence { start_sequence: sequence.saturating_add(1) },
            From::Time(start_time) => DeliverPolicy::ByStartTime { start_time },
        };
        let config = pull::Config {
            filter_subject: self.route.filter.clone(),
            deliver_policy,
            ack_policy: AckPolicy::None,
            headers_only: self.route.heads_only,
            memory_storage: true,
            num_replicas: 1,
            inactive_threshold: INACTIVE,
            ..pull::Config::default()
        };
        let made = self.jetstream.create_consumer_on_stream(config, self.route.stream.as_str());
        let made = timeout(self.answer, made).await.map_err(|_| unanswered(self.answer))?;
        let consumer = made.map_err(|error| WalkError::Unavailable(error.to_string()))?;
        self.given = 0;
        Ok(self.consumer.insert(consumer).clone())
    }
}

/// Every message of a stream that is on its own subject has a number with its consumer, and says how many follow.
fn passed(message: Message) -> Result<(u64, u64, Passed), async_nats::Error> {
    let info = message.info()?;
    let (number, pending, sequence) = (info.consumer_sequence, info.pending, info.stream_sequence);
    let stored_at = info.published;
    let message = message.message;
    let headers = message.headers.unwrap_or_default();
    let left_out = headers.get(SIZE).and_then(|size| size.as_str().parse().ok());
    let bytes = left_out.unwrap_or(message.payload.len() as u64);
    let subject = message.subject.to_string();
    Ok((number, pending, Passed { sequence, stored_at, subject, headers, body: message.payload, bytes }))
}

fn unanswered(limit: Duration) -> WalkError {
    WalkError::Unavailable(format!("no answer within {} ms", limit.as_millis()))
}

/// Sees whether a stream is there; `answer` bounds the request.
///
/// # Errors
/// [`WalkError`].
pub async fn known(jetstream: &Context, stream: &str, answer: Duration) -> Result<Info, WalkError> {
    let found = timeout(answer, jetstream.get_stream(stream)).await.map_err(|_| unanswered(answer))?;
    match found {
        Ok(found) => Ok(found.cached_info().clone()),
        Err(error) => Err(match error.kind() {
            GetStreamErrorKind::JetStream(said) if said.error_code() == ErrorCode::STREAM_NOT_FOUND => {
                WalkError::NoStream(stream.to_owned())
            }
            _ => WalkError::Unavailable(error.to_string()),
        }),
    }
}
