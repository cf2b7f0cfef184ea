//! The log as it grows: the last event of every run, then each that follows. Only headers are read.

use async_nats::jetstream::{
    Context, Message,
    consumer::{
        DeliverPolicy,
        pull::{OrderedConfig, OrderedError},
    },
    stream::Stream as JetStream,
};
use futures::{
    StreamExt as _,
    stream::{BoxStream, ReadyChunks, SelectAll, select_all},
};
use sba_service::clock::to_millis;
use sba_subjects::{
    id::{RunId, TenantKey},
    record,
    stream::Shards,
    subject::{Subject, filter},
};

use super::Trouble;

/// Most records that are taken at once.
const CHUNK: usize = 512;

/// What a record says of its run.
pub(super) struct Heard {
    pub(super) tenant: TenantKey,
    pub(super) run: RunId,
    /// Whether nothing follows.
    pub(super) ended: bool,
    /// When it was stored, in milliseconds since 1970.
    pub(super) at: u64,
}

/// A message with the number of the stream that it came from.
type Numbered = (usize, Result<Message, OrderedError>);

/// A reader of the log, in all the streams that it is spread over.
pub(super) struct Follower {
    followed: Vec<Followed>,
    messages: ReadyChunks<SelectAll<BoxStream<'static, Numbered>>>,
}

/// One of these streams.
struct Followed {
    log: JetStream,
    created: String,
    /// Where the last record stands that was heard.
    sequence: u64,
    /// Whether everything was heard that the log said before this.
    caught_up: bool,
}

fn trouble(error: impl std::fmt::Display) -> Trouble {
    Trouble::Log(error.to_string())
}

impl Followed {
    async fn open(
        jetstream: &Context,
        number: usize,
        name: &str,
    ) -> Result<(Self, BoxStream<'static, Numbered>), Trouble> {
        let log = jetstream.get_stream(name).await.map_err(trouble)?;
        let created = log.cached_info().created.to_string();
        let config = OrderedConfig {
            description: Some("which runs are open".to_owned()),
            filter_subject: filter::ALL_EVENTS.to_owned(),
            deliver_policy: DeliverPolicy::LastPerSubject,
            headers_only: true,
            ..OrderedConfig::default()
        };
        let consumer = log.create_consumer(config).await.map_err(trouble)?;
        let caught_up = consumer.cached_info().num_pending == 0;
        let messages = consumer.messages().await.map_err(trouble)?.map(move |message| (number, message)).boxed();
        Ok((Self { log, created, sequence: 0, caught_up }, messages))
    }

    fn hear(&mut self, message: &Message) -> Result<Option<Heard>, Trouble> {
        let info = message.info().map_err(trouble)?;
        self.sequence = info.stream_sequence;
        self.caught_up |= info.pending == 0 || self.sequence >= self.log.cached_info().state.last_sequence;
        let at = to_millis(info.published);
        Ok(read(message, at))
    }

    async fn check(&self) -> Result<(), Trouble> {
        let info = self.log.get_info().await.map_err(trouble)?;
        let same = info.created.to_string() == self.created && info.state.last_sequence >= self.sequence;
        if same { Ok(()) } else { Err(Trouble::Another) }
    }
}

impl Follower {
    pub(super) async fn open(jetstream: &Context, shards: Shards) -> Result<Self, Trouble> {
        let (mut followed, mut messages) = (Vec::new(), Vec::new());
        for (number, name) in shards.names().enumerate() {
            let (one, said) = Followed::open(jetstream, number, &name).await?;
            followed.push(one);
            messages.push(said);
        }
        Ok(Self { followed, messages: select_all(messages).ready_chunks(CHUNK) })
    }

    /// The records that come next.
    pub(super) async fn next(&mut self) -> Result<Vec<Heard>, Trouble> {
        let chunk = self.messages.next().await.ok_or_else(|| trouble("the consumer ended"))?;
        let mut heard = Vec::with_capacity(chunk.len());
        for (number, message) in chunk {
            let message = message.map_err(trouble)?;
            if let Some(followed) = self.followed.get_mut(number) {
                heard.extend(followed.hear(&message)?);
            }
        }
        Ok(heard)
    }

    /// Whether everything was heard that the log said before it was followed.
    pub(super) fn is_caught_up(&self) -> bool {
        self.followed.iter().all(|followed| followed.caught_up)
    }

    /// Sees whether the log is still the one that was read, and not an earlier state of it.
    pub(super) async fn check(&mut self) -> Result<(), Trouble> {
        for followed in &self.followed {
            followed.check().await?;
        }
        Ok(())
    }
}

/// What is no record says nothing; the projector reports it.
fn read(message: &Message, at: u64) -> Option<Heard> {
    let Ok(Subject::Run { tenant, run, .. }) = message.subject.as_str().parse() else { return None };
    let ended = record::ends(message.headers.as_ref()?);
    Some(Heard { tenant, run, ended, at })
}
