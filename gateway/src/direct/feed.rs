//! A tenant's feed: all events of all its runs, kept for its readers with their position.
//!
//! It is a consumer on each of the streams that keep the logs of runs, in memory, and is removed when nobody has read it
//! for a while. There is one for each tenant: its name is the tenant's key, by which the servers hold each tenant to its
//! own. What one reader acknowledges, no other is given.

use async_nats::jetstream::{
    ErrorCode,
    consumer::DeliverPolicy,
    context::ConsumerInfoErrorKind,
    stream::{ConsumerError, ConsumerErrorKind, Stream},
};
use sba_subjects::{
    boundary::DOMAIN,
    consumer::{self, FeedPace},
    id::TenantKey,
    name::FeedVerb,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::Answer;
use crate::{
    app::App,
    auth::Principal,
    error::{ApiError, Code},
    extract::parse_or_nothing,
};

/// Where the feed begins.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct OpenFeed {
    /// `now`, `beginning`, or a time as RFC 3339 has it: a feed that is there is made anew from there. Where it is left
    /// out, one that is there goes on, and one that is not begins now.
    #[serde(default)]
    from: Option<String>,
    /// Whether token frames are wanted. A feed that is there is made anew where this is said.
    #[serde(default)]
    tokens: Option<bool>,
}

/// A feed that can be read.
#[derive(Debug, Serialize)]
struct Opened {
    /// The JetStream domain that a client names.
    domain: &'static str,
    /// The consumer.
    consumer: TenantKey,
    /// The streams that have a part of it each.
    streams: Vec<String>,
    /// Whether it was made now: it was not there, or was to begin elsewhere.
    made: bool,
    /// Time after which what was not acknowledged comes again.
    ack_wait_ms: u64,
    /// Time after which it is removed when nobody reads it.
    idle_ms: u64,
}

/// Opens or closes the feed of the caller's tenant.
///
/// # Errors
/// `forbidden`, `validation_failed`, `invalid_request`, `overloaded`, `unavailable`.
pub(super) async fn carry_out(
    app: &App,
    principal: &Principal,
    verb: FeedVerb,
    body: &[u8],
) -> Result<Answer, ApiError> {
    match verb {
        FeedVerb::Open => Answer::of(&open(app, &principal.key, parse_or_nothing(body)?).await?),
        FeedVerb::Close => close(app, &principal.key).await,
    }
}

async fn open(app: &App, tenant: &TenantKey, asked: OpenFeed) -> Result<Opened, ApiError> {
    let accounts = &app.config.accounts;
    let anew = asked.from.is_some() || asked.tokens.is_some();
    let from = asked.from.as_deref().map_or(Ok(DeliverPolicy::New), position)?;
    let pace = FeedPace {
        ack_wait: accounts.feed_ack_wait_ms.into(),
        max_ack_pending: accounts.feed_max_ack_pending.into(),
        idle: accounts.feed_idle_ms.into(),
    };
    let config = consumer::feed(tenant, from, asked.tokens.unwrap_or(true), &pace);
    let streams: Vec<_> = app.config.nats.sizing().run_shards.names().collect();
    let mut made = false;
    for name in &streams {
        let stream = app.jetstream.get_stream_no_info(name).await.map_err(away)?;
        let there = exists(&stream, tenant).await?;
        if there && !anew {
            continue;
        }
        if there {
            remove(&stream, tenant).await?;
        }
        // Consumers of a stream are limited, and SBA's own are among them.
        let held = stream.get_info().await.map_err(away)?.state.consumer_count;
        if held >= usize::try_from(accounts.max_feeds).unwrap_or(usize::MAX) {
            return Err(ApiError::new(Code::Overloaded, "there is no room for another feed"));
        }
        stream.create_consumer(config.clone()).await.map_err(away)?;
        made = true;
    }
    Ok(Opened {
        domain: DOMAIN,
        consumer: tenant.clone(),
        streams,
        made,
        ack_wait_ms: accounts.feed_ack_wait_ms.get(),
        idle_ms: accounts.feed_idle_ms.get(),
    })
}

async fn close(app: &App, tenant: &TenantKey) -> Result<Answer, ApiError> {
    for name in app.config.nats.sizing().run_shards.names() {
        let stream = app.jetstream.get_stream_no_info(&name).await.map_err(away)?;
        remove(&stream, tenant).await?;
    }
    Answer::of(&json!({}))
}

/// A position that a client may name. Sequences of streams are none: they are other ones after a restore.
fn position(text: &str) -> Result<DeliverPolicy, ApiError> {
    match text {
        "now" => Ok(DeliverPolicy::New),
        "beginning" => Ok(DeliverPolicy::All),
        time => {
            let start_time = OffsetDateTime::parse(time, &Rfc3339).map_err(|_| {
                ApiError::invalid_field("from", "expected now, beginning, or a time such as 2030-01-31T12:00:00Z")
            })?;
            Ok(DeliverPolicy::ByStartTime { start_time })
        }
    }
}

async fn exists<I>(stream: &Stream<I>, tenant: &TenantKey) -> Result<bool, ApiError> {
    match stream.consumer_info(tenant.as_str()).await {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ConsumerInfoErrorKind::NotFound => Ok(false),
        Err(error) => Err(away(error)),
    }
}

async fn remove<I>(stream: &Stream<I>, tenant: &TenantKey) -> Result<(), ApiError> {
    match stream.delete_consumer(tenant.as_str()).await {
        Ok(_) => Ok(()),
        Err(error) if is_gone(&error) => Ok(()),
        Err(error) => Err(away(error)),
    }
}

/// Whether there was nothing to remove.
fn is_gone(error: &ConsumerError) -> bool {
    matches!(error.kind(), ConsumerErrorKind::JetStream(said)
        if said.error_code() == ErrorCode::CONSUMER_NOT_FOUND)
}

fn away(error: impl std::error::Error + Send + Sync + 'static) -> ApiError {
    ApiError::new(Code::Unavailable, "the feed cannot be opened or closed now").caused_by(error)
}
