//! The system's limits that a bench meets.

use anyhow::{Context as _, ensure};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Descriptors that a process needs besides those of its load.
const SPARE: u64 = 256;

/// Raises the limit of open files to what the system allows this process, for itself and its children; says what it
/// found and did.
///
/// # Errors
/// When even that is less than `load` takes, or the system refuses.
pub(super) fn raise_open_files(load: u64) -> anyhow::Result<String> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).context("the limit of open files cannot be read")?;
    let needed = load.saturating_add(SPARE);
    ensure!(hard >= needed, "{needed} open files are needed and {hard} are allowed: raise the hard limit (ulimit -Hn)");
    if soft == hard {
        return Ok(format!("open files: {soft} allowed, {needed} needed"));
    }
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).context("the limit of open files cannot be raised")?;
    Ok(format!("open files: raised from {soft} to {hard}, {needed} needed"))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn the_limit_is_raised_to_the_hard_one_and_more_than_that_is_an_error() {
        let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        assert!(raise_open_files(1).unwrap().contains("257 needed"));
        assert_eq!(getrlimit(Resource::RLIMIT_NOFILE).unwrap(), (hard, hard));
        let error = raise_open_files(u64::MAX).map(|_| ());
        assert_eq!(error.is_ok(), hard == u64::MAX);
    }
}
