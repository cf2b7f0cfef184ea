//! A clock that jumps: the time of this machine, and what a file says is to be added to it.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use sba_service::clock::{Clock, SystemClock};
use time::{Duration, OffsetDateTime};

/// The clock of one process. The file may be written at any time; without one, the clock is right.
#[derive(Debug)]
pub struct MovedClock {
    file: PathBuf,
}

impl MovedClock {
    /// The clock that this file moves.
    #[must_use]
    pub const fn new(file: PathBuf) -> Self {
        Self { file }
    }
}

impl Clock for MovedClock {
    fn now(&self) -> OffsetDateTime {
        let offset = fs::read_to_string(&self.file).ok().and_then(|text| text.trim().parse().ok());
        SystemClock.now() + Duration::milliseconds(offset.unwrap_or(0))
    }

    fn instant(&self) -> Instant {
        SystemClock.instant()
    }
}

/// Moves the clock of a process by so many milliseconds; 0 puts it right.
///
/// # Errors
/// When the file cannot be written.
pub fn set(file: &Path, offset_ms: i64) -> std::io::Result<()> {
    // In one step: whoever reads meanwhile reads the old or the new.
    let fresh = file.with_extension("new");
    fs::write(&fresh, offset_ms.to_string())?;
    fs::rename(fresh, file)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_file_moves_the_time_of_day_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("clock");
        let clock = MovedClock::new(file.clone());
        let right = clock.now();
        set(&file, 3_600_000).unwrap();
        assert!(clock.now() - right >= Duration::hours(1));
        set(&file, -3_600_000).unwrap();
        assert!(clock.now() - right < Duration::minutes(-59));
        assert!(clock.instant().elapsed() < std::time::Duration::from_secs(60));
    }
}
