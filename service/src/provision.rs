//! Makes the streams and consumers that SBA needs, or brings them up to date.
//!
//! Any number of processes may do so at the same time.

use std::{fmt, future::Future, time::Duration};

use async_nats::jetstream::{
    Context, ErrorCode,
    consumer::pull,
    context::{CreateStreamError, CreateStreamErrorKind},
    stream::{self, ConsumerError, ConsumerErrorKind},
};
use tokio::time::{Instant, sleep};

/// Pause before a server that is not ready is asked again.
const PAUSE: Duration = Duration::from_millis(200);

/// Why something could not be made.
#[derive(Debug, thiserror::Error)]
#[error("{what} cannot be provided: {source}")]
pub struct ProvisionError {
    /// What was asked for, e.g. `stream RUNS`.
    pub what: String,
    kind: Kind,
    source: async_nats::Error,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Unavailable,
    Refused,
}

impl ProvisionError {
    /// A stable name for the kind of failure.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self.kind {
            Kind::Unavailable => "jetstream_unavailable",
            Kind::Refused => "jetstream_refused",
        }
    }
}

/// Asks JetStream, again and again until the deadline where it is only not ready yet, as a cluster is at its start.
#[derive(Debug, Clone)]
pub struct Provision {
    jetstream: Context,
    deadline: Instant,
}

impl Provision {
    /// Everything must be there within `wait` from now.
    #[must_use]
    pub fn new(jetstream: Context, wait: Duration) -> Self {
        Self { jetstream, deadline: Instant::now() + wait }
    }

    /// Creates or updates streams; replicas stand in their configurations.
    ///
    /// # Errors
    /// For the first that JetStream refuses, or that is not there in time.
    pub async fn streams(&self, configs: impl IntoIterator<Item = stream::Config>) -> Result<(), ProvisionError> {
        for config in configs {
            let what = format!("stream {}", config.name);
            self.until(what, || self.jetstream.create_or_update_stream(config.clone()), stream_kind).await?;
        }
        Ok(())
    }

    /// Creates or updates durable pull consumers, each on the stream of that name.
    ///
    /// # Errors
    /// As [`Provision::streams`].
    pub async fn consumers<S: AsRef<str>>(
        &self,
        configs: impl IntoIterator<Item = (S, pull::Config)>,
    ) -> Result<(), ProvisionError> {
        for (stream, config) in configs {
            let name = config.durable_name.as_deref().unwrap_or_default();
            let what = format!("consumer {name} of stream {}", stream.as_ref());
            let ask = || self.jetstream.create_consumer_on_stream(config.clone(), stream.as_ref());
            self.until(what, ask, consumer_kind).await?;
        }
        Ok(())
    }

    async fn until<T, E, F>(
        &self,
        what: String,
        ask: impl Fn() -> F,
        kind_of: impl Fn(&E) -> Kind,
    ) -> Result<T, ProvisionError>
    where
        E: fmt::Display + std::error::Error + Send + Sync + 'static,
        F: Future<Output = Result<T, E>>,
    {
        loop {
            let error = match ask().await {
                Ok(made) => return Ok(made),
                Err(error) => error,
            };
            let kind = kind_of(&error);
            if kind == Kind::Refused || Instant::now() + PAUSE >= self.deadline {
                return Err(ProvisionError { what, kind, source: Box::new(error) });
            }
            tracing::debug!(%error, what, "JetStream is not ready yet");
            sleep(PAUSE).await;
        }
    }
}

fn consumer_kind(error: &ConsumerError) -> Kind {
    match error.kind() {
        // One code (10012) says everything that stands against a consumer; this stays so however often it is asked for.
        ConsumerErrorKind::JetStream(said) if said.to_string().contains("can not be updated") => Kind::Refused,
        _ => Kind::Unavailable,
    }
}

fn made_meanwhile(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::STREAM_NAME_EXIST | ErrorCode::STREAM_SUBJECT_OVERLAP)
}

fn stream_kind(error: &CreateStreamError) -> Kind {
    match error.kind() {
        CreateStreamErrorKind::TimedOut
        | CreateStreamErrorKind::JetStreamUnavailable
        | CreateStreamErrorKind::Response
        | CreateStreamErrorKind::NotFound => Kind::Unavailable,
        // 503 is the server's word for "not now": no leader, no peers yet.
        CreateStreamErrorKind::JetStream(said) if said.code() == 503 => Kind::Unavailable,
        // Another process is making the same stream at this moment: the next question finds it.
        CreateStreamErrorKind::JetStream(said) if made_meanwhile(said.error_code()) => Kind::Unavailable,
        _ => Kind::Refused,
    }
}
