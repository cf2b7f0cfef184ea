//! The stable code of a failure.

use std::error::Error;

use sba_service::{config::ConfigError, telemetry::TelemetryError};
use sba_store::StoreError;

use crate::{local::LocalError, parts::PartsError};

/// The code of the outermost cause that has one.
pub(super) fn of(error: &anyhow::Error) -> Option<&'static str> {
    error.chain().find_map(code)
}

fn code(cause: &(dyn Error + 'static)) -> Option<&'static str> {
    None.or_else(|| cause.downcast_ref().map(ConfigError::code))
        .or_else(|| cause.downcast_ref().map(PartsError::code))
        .or_else(|| cause.downcast_ref().map(LocalError::code))
        .or_else(|| cause.downcast_ref().map(StoreError::code))
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
