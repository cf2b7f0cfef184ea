//! What wakes whoever starts a schedule's runs: one message, for the next moment of each schedule.

use std::time::Duration;

use async_nats::jetstream::Context;
use sba_subjects::{
    codec,
    envelope::VERSION,
    id::{ScheduleId, TenantKey},
    schedule::Wake,
    subject::Subject,
};
use time::OffsetDateTime;

use crate::{
    clock::to_millis,
    publish::{PublishFailure, Stored},
    timer::Timer,
};

/// Sets the message for a schedule's next moment, and waits until it is stored, for at most `deadline`. It takes the place
/// of the one before; for a moment that has passed it wakes at once.
///
/// Before the schedule's row is committed: a message without a row wakes for nothing, a row without a message would sleep
/// until the sweeper finds it.
///
/// # Errors
/// As [`Timer::set`], and `Encode`.
pub async fn set(
    jetstream: &Context,
    tenant: &TenantKey,
    schedule: ScheduleId,
    at: OffsetDateTime,
    deadline: Duration,
) -> Result<Stored, PublishFailure> {
    let wake = Wake { v: VERSION, at: to_millis(at) };
    let timer = Timer {
        subject: Subject::Schedule { tenant: tenant.clone(), schedule },
        target: Subject::Due { tenant: tenant.clone(), schedule },
        at: wake.at,
        // Whoever is down for long finds it when it is back.
        kept: None,
        body: codec::encode(&wake)?,
    };
    timer.set(jetstream, deadline).await
}
