//! The message that wakes whoever starts a schedule's runs.

use sba_service::{publish::PublishFailure, take_out::take_out, timer::Timer};
use sba_store::schedules::Schedule;
use sba_subjects::{codec, envelope::VERSION, id::ScheduleId, schedule::Wake, stream::Stream, subject::Subject};
use time::{Duration, OffsetDateTime};
use tracing::{debug, warn};

use crate::{api::times, app::App, auth::Principal};

/// Sets the message for a schedule's next moment. It takes the place of the one before.
///
/// Before the row is committed: a message without a row wakes for nothing, a row without a message would sleep for ever.
pub(super) async fn set(
    app: &App,
    principal: &Principal,
    schedule: ScheduleId,
    at: OffsetDateTime,
) -> Result<(), PublishFailure> {
    let tenant = principal.key.clone();
    let wake = Wake { v: VERSION, at: times::to_millis(at) };
    let timer = Timer {
        subject: Subject::Schedule { tenant: tenant.clone(), schedule },
        target: Subject::Due { tenant, schedule },
        at: wake.at,
        // Whoever is down for long finds it when it is back.
        kept: None,
        body: codec::encode(&wake)?,
    };
    timer.set(&app.jetstream, app.config.nats.request_timeout_ms.duration()).await.map(drop)
}

/// Takes the message of a schedule that is gone out. One that stays wakes for nothing: there is no row.
pub(super) async fn forget(app: &App, principal: &Principal, schedule: ScheduleId) {
    let subject = Subject::Schedule { tenant: principal.key.clone(), schedule };
    if let Err(error) = take_out(&app.jetstream, Stream::Timers, &subject).await {
        debug!(%error, %subject, "a schedule wakes for nothing");
    }
}

/// How long after its moment a schedule counts as forgotten.
const OVERDUE: Duration = Duration::minutes(2);

/// Wakes a schedule whose moment has passed without anything: its message is lost, as after a restore of JetStream alone.
pub(super) async fn remind(app: &App, principal: &Principal, schedule: &Schedule) {
    let Some(at) = schedule.next_at.filter(|at| app.clock.now() - *at >= OVERDUE) else { return };
    if let Err(error) = set(app, principal, schedule.id, at).await {
        let error: &dyn std::error::Error = &error;
        warn!(schedule_id = %schedule.id, error, "a schedule whose moment has passed could not be woken");
    }
}
