//! A folder for everything that a set of servers writes.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use super::{LocalError, held::HeldFolder};

/// A temporary folder in which each server has one of its own. It goes when this is dropped; when this process is
/// killed, each server's guard removes that server's folder, and the last of them this one. What is left even so, the next
/// process that makes one removes.
#[derive(Debug)]
pub struct RunFolder {
    folder: HeldFolder,
}

impl RunFolder {
    /// Makes the folder in the system's folder for temporary files (`TMPDIR`).
    ///
    /// # Errors
    /// When that cannot be written.
    pub fn create() -> Result<Self, LocalError> {
        let what = || LocalError::io("no folder for the servers' files");
        let parent = std::path::absolute(std::env::temp_dir()).map_err(what())?;
        let folder = HeldFolder::create_in(&parent).map_err(what())?;
        // Others may pass through, not look: Postgres may run as another user. Secrets in it are files of mode 0600.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711)).map_err(what())?;
        Ok(Self { folder })
    }

    /// Where it is; an absolute path.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A new folder in it, which only this user can enter.
    pub(super) fn sub(&self, prefix: &str) -> Result<PathBuf, LocalError> {
        let folder = tempfile::Builder::new().prefix(prefix).tempdir_in(self.path());
        // It goes with the whole, or with its server's guard.
        Ok(folder.map_err(LocalError::io("no folder for a server"))?.keep())
    }
}
