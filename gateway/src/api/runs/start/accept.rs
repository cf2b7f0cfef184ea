//! Storing a run: the command that drives it, and its first event.

use async_nats::HeaderMap;
use sba_service::{
    log::{AppendError, ReadError},
    publish::PublishFailure,
    telemetry::trace,
};
use sba_subjects::{
    codec::CodecError,
    command::{Command, CommandBody},
    envelope::VERSION,
    event::Created,
    id::{CommandId, RecordId, RunId},
    record::Record,
    subject::Subject,
};
use time::OffsetDateTime;

use crate::{
    api::{idempotency, times},
    app::App,
    auth::Principal,
    error::{ApiError, Code},
};

/// Why a run could not be started.
#[derive(Debug, thiserror::Error)]
pub(in crate::api::runs) enum StartError {
    #[error("the request cannot be written for NATS")]
    Encode(#[from] CodecError),
    /// The run stands in its log, or may: without a command nothing drives it yet.
    #[error("the command to start the run was not stored")]
    Publish(#[source] PublishFailure),
    /// Nothing stands in the log; the command does where the failure leaves that open.
    #[error("the run was not taken")]
    Queue(#[source] PublishFailure),
    /// Neither the command nor the event was stored.
    #[error("the run was refused")]
    Refused(#[source] AppendError),
    /// The command was stored, or may be: then the run begins without this gateway.
    #[error("the run was not recorded")]
    Append(#[source] AppendError),
    #[error("the run that has this key could not be read")]
    Read(#[from] ReadError),
    #[error("this idempotency key was used with another request")]
    KeyReused,
    #[error("the run's first record has no event")]
    Nothing,
}

impl From<StartError> for ApiError {
    fn from(error: StartError) -> Self {
        match error {
            StartError::KeyReused => idempotency::conflict(),
            StartError::Queue(failure) => failure.into(),
            StartError::Refused(AppendError::TooLarge { .. }) => {
                Self::new(Code::PayloadTooLarge, "the request is larger than the log takes").caused_by(error)
            }
            StartError::Refused(_) => Self::new(Code::StorageFull, "there is no room for another run").caused_by(error),
            StartError::Publish(_) | StartError::Append(_) | StartError::Read(_) => {
                let message =
                    "it is not known whether the run was stored; send the request again with an idempotency key";
                Self::new(Code::Unavailable, message).caused_by(error)
            }
            StartError::Encode(_) | StartError::Nothing => {
                Self::new(Code::Internal, "the run could not be started").caused_by(error)
            }
        }
    }
}

/// Which run a request starts.
#[derive(Debug, Clone, Copy)]
pub(in crate::api::runs) enum Which {
    /// One that nobody else can have started.
    New(RunId),
    /// That of an idempotency key, which may be there already.
    Keyed(RunId),
}

impl Which {
    /// Its id.
    pub(in crate::api::runs) const fn run(self) -> RunId {
        match self {
            Self::New(run) | Self::Keyed(run) => run,
        }
    }
}

/// Stores what makes the run. Gives back when the run was accepted: an earlier request with the same key may have done
/// it.
///
/// The command that drives a run promises it, so it alone makes a new one. A key is held against the request that it
/// first came with: there the first event is stored as well, at the same time.
pub(in crate::api::runs) async fn store(
    app: &App,
    principal: &Principal,
    which: Which,
    created: &Created,
    now: OffsetDateTime,
) -> Result<OffsetDateTime, StartError> {
    let (id, ts) = (app.ids.make::<CommandId>(), times::to_millis(now));
    let command = Command { v: VERSION, id, ts, body: CommandBody::Start(created.clone()) };
    match which {
        Which::New(run) => {
            queue(app, principal, run, &command).await.map_err(StartError::Queue)?;
            Ok(times::from_millis(ts))
        }
        Which::Keyed(run) => store_both(app, principal, run, &command, created).await,
    }
}

async fn queue(app: &App, principal: &Principal, run: RunId, command: &Command) -> Result<(), PublishFailure> {
    let subject = Subject::Cmd { tenant: principal.key.clone(), run, verb: command.body.verb() };
    let deadline = app.config.nats.request_timeout_ms.duration();
    app.shares.publish(subject, command, deadline).await.map(drop)
}

async fn store_both(
    app: &App,
    principal: &Principal,
    run: RunId,
    command: &Command,
    created: &Created,
) -> Result<OffsetDateTime, StartError> {
    let record = first_record(app.ids.make(), run, command, created)?;
    let mut headers = HeaderMap::new();
    trace::inject(&mut headers);
    let deadline = app.config.nats.request_timeout_ms.duration();
    let (published, appended) = tokio::join!(
        queue(app, principal, run, command),
        app.log.append(&principal.key, run, &record, 0, &headers, deadline),
    );
    let accepted = match appended {
        // As the log keeps it, so that the same request again is told the same.
        Ok(_) => times::from_millis(command.ts),
        Err(AppendError::Fenced { .. }) => same_request(app, principal, run, created).await?,
        Err(error) => return Err(unrecorded(error, published.as_ref().err())),
    };
    if published.is_err() {
        // A run without a command is driven by nobody, so the command is said once more. Twice stored, it does nothing.
        queue(app, principal, run, command).await.map_err(StartError::Publish)?;
    }
    Ok(accepted)
}

/// "Nothing was stored" may be said only where it is certain of both: a command alone makes a run.
fn unrecorded(error: AppendError, published: Option<&PublishFailure>) -> StartError {
    let no_event = matches!(error, AppendError::Full(_) | AppendError::TooLarge { .. });
    let no_command = matches!(
        published,
        Some(
            PublishFailure::Full(_)
                | PublishFailure::Crowded(_)
                | PublishFailure::TooLarge { .. }
                | PublishFailure::Encode(_)
        )
    );
    if no_event && no_command { StartError::Refused(error) } else { StartError::Append(error) }
}

/// The run's first event, as the log holds it.
fn first_record(id: RecordId, run: RunId, command: &Command, created: &Created) -> Result<Record, StartError> {
    let event = command.first_event(run, created.clone());
    Record::of(id, &[event])?.ok_or(StartError::Nothing)
}

/// When a run that was there before was accepted, if it is the same request; the key cannot stand for another as well.
async fn same_request(
    app: &App,
    principal: &Principal,
    run: RunId,
    created: &Created,
) -> Result<OffsetDateTime, StartError> {
    let stored = app.log.load(&principal.key, run).await?.map(|loaded| loaded.state);
    match stored {
        Some(stored) if stored.request_hash == created.request_hash => Ok(times::from_millis(stored.created_at)),
        _ => Err(StartError::KeyReused),
    }
}
