//! The message that wakes whoever starts a schedule's runs.

use sba_service::{publish::PublishFailure, take_out::take_out, wake};
use sba_subjects::{id::ScheduleId, stream::Stream, subject::Subject};
use time::OffsetDateTime;
use tracing::debug;

use crate::{app::App, auth::Principal};

/// Sets the message for a schedule's next moment, before the row is committed: see [`wake::set`].
pub(super) async fn set(
    app: &App,
    principal: &Principal,
    schedule: ScheduleId,
    at: OffsetDateTime,
) -> Result<(), PublishFailure> {
    let deadline = app.config.nats.request_timeout_ms.duration();
    wake::set(&app.jetstream, &principal.key, schedule, at, deadline).await.map(drop)
}

/// Takes the message of a schedule that is gone out. One that stays wakes for nothing: there is no row.
pub(super) async fn forget(app: &App, principal: &Principal, schedule: ScheduleId) {
    let subject = Subject::Schedule { tenant: principal.key.clone(), schedule };
    if let Err(error) = take_out(&app.jetstream, Stream::Timers, &subject).await {
        debug!(%error, %subject, "a schedule wakes for nothing");
    }
}
