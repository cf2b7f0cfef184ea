//! The stable code of a failure.

use std::error::Error;

use sba_orchestrator::projector::RebuildError;
use sba_service::{
    config::ConfigError, dead::LetterError, log::ReadError, nats::NatsError, publish::PublishFailure,
    telemetry::TelemetryError, walk::WalkError,
};
use sba_store::StoreError;
use sba_subjects::state::ForkError;

use crate::{local::LocalError, operate::Refusal, parts::PartsError};

/// Exit codes: something failed.
pub(super) const FAILED: u8 = 1;
/// The command line is wrong.
const MISUSED: u8 = 2;
/// There is nothing of that name.
pub(super) const UNKNOWN: u8 = 3;
/// What was asked for cannot be done as things stand.
pub(super) const REFUSED: u8 = 4;

/// How a command ends that failed.
pub(super) fn exit(error: &anyhow::Error) -> u8 {
    match of(error) {
        Some("selection_missing") => MISUSED,
        Some("dead_letter_unknown" | "run_unknown" | "event_unknown" | "step_unknown") => UNKNOWN,
        Some(
            "confirmation_missing"
            | "dead_letter_bodyless"
            | "dead_letter_newer"
            | "run_newer"
            | "run_finished"
            | "log_gone"
            | "step_under_way",
        ) => REFUSED,
        _ => FAILED,
    }
}

/// The code of the outermost cause that has one.
pub(super) fn of(error: &anyhow::Error) -> Option<&'static str> {
    error.chain().find_map(code)
}

fn code(cause: &(dyn Error + 'static)) -> Option<&'static str> {
    None.or_else(|| cause.downcast_ref().map(ConfigError::code))
        .or_else(|| cause.downcast_ref().map(PartsError::code))
        .or_else(|| cause.downcast_ref().map(LocalError::code))
        .or_else(|| cause.downcast_ref().map(StoreError::code))
        .or_else(|| cause.downcast_ref().map(NatsError::code))
        .or_else(|| cause.downcast_ref().map(WalkError::code))
        .or_else(|| cause.downcast_ref().map(LetterError::code))
        .or_else(|| cause.downcast_ref().map(ReadError::code))
        .or_else(|| cause.downcast_ref().map(RebuildError::code))
        .or_else(|| cause.downcast_ref().map(PublishFailure::code))
        .or_else(|| cause.downcast_ref().copied().map(ForkError::code))
        .or_else(|| cause.downcast_ref().map(Refusal::code))
        .or_else(|| cause.downcast_ref().map(TelemetryError::code))
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn a_code_is_found_below_words_and_absent_where_there_is_none() {
        let error = Err::<(), _>(PartsError::NoFolder).context("it could not be started");
        assert_eq!(error.as_ref().err().and_then(of), Some("parts_folder_unknown"));
        assert_eq!(of(&anyhow::anyhow!("something else")), None);
    }
}
