//! Messages that JetStream keeps and emits at a set time.

use std::time::Duration;

use async_nats::{HeaderMap, jetstream::Context};
use bytes::Bytes;
use sba_subjects::subject::Subject;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::publish::{self, PublishFailure, Stored};

/// When a message is emitted, where to, and for how long it is kept there.
const SCHEDULE: &str = "Nats-Schedule";
const TARGET: &str = "Nats-Schedule-Target";
const KEPT: &str = "Nats-Schedule-TTL";

/// A message for a time to come. The same subject again takes the place of the message before; one for a time that is past
/// is emitted at once.
#[derive(Debug)]
pub struct Timer {
    /// Where it waits.
    pub subject: Subject,
    /// Where it is emitted.
    pub target: Subject,
    /// When, in milliseconds since 1970 (UTC). Timers know whole seconds: the next one counts.
    pub at: u64,
    /// How long it is kept once it was emitted; `None` for as long as it takes.
    pub kept: Option<Duration>,
    /// What it says.
    pub body: Bytes,
}

impl Timer {
    /// Sets the timer, and waits until it is stored, for at most `deadline`.
    ///
    /// # Errors
    /// As [`publish::confirmed`].
    pub async fn set(self, jetstream: &Context, deadline: Duration) -> Result<Stored, PublishFailure> {
        let mut headers = HeaderMap::new();
        headers.insert(SCHEDULE, format!("@at {}", moment(self.at)));
        headers.insert(TARGET, self.target.to_string());
        if let Some(kept) = self.kept {
            headers.insert(KEPT, format!("{}s", kept.as_secs()));
        }
        publish::confirmed(jetstream, &self.subject, headers, self.body, deadline).await
    }
}

/// A time as a schedule takes it.
fn moment(millis: u64) -> String {
    let seconds = i64::try_from(millis.div_ceil(1_000)).unwrap_or(i64::MAX);
    let moment = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    moment.format(&Rfc3339).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_rounded_up_to_the_second() {
        assert_eq!(moment(1_800_000_000_000), "2027-01-15T08:00:00Z");
        assert_eq!(moment(1_800_000_000_001), "2027-01-15T08:00:01Z");
    }
}
