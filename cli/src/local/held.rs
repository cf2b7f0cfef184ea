//! Temporary folders that whoever needs them holds, and that the next start removes once nobody does.
//!
//! A process that is killed removes nothing, and before its first server is started no guard does so for it. So a folder is
//! locked by all who need it, the process that made it and the guards of the servers in it; however they end, the system
//! takes the locks away, and what is left is known for what it is.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::Duration,
};

use nix::unistd::Uid;
use tempfile::TempDir;

/// What the names of all these folders begin with. Those of earlier versions, which nobody holds, are called otherwise.
const PREFIX: &str = "sba-servers-";

/// Nobody takes longer from making a folder to holding it.
const UNHELD: Duration = Duration::from_secs(60);

/// A temporary folder, held until this is dropped, when it goes.
#[derive(Debug)]
pub(super) struct HeldFolder {
    folder: TempDir,
    _hold: File,
}

impl HeldFolder {
    /// Makes a folder in `parent`, and removes those in it that nobody holds any more.
    pub(super) fn create_in(parent: &Path) -> io::Result<Self> {
        sweep(parent);
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(parent)?;
        let hold = hold(folder.path())?;
        Ok(Self { folder, _hold: hold })
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Holds a folder until the answer is dropped, or the process ends. Many may hold one.
pub(crate) fn hold(folder: &Path) -> io::Result<File> {
    let hold = File::open(folder)?;
    hold.lock_shared()?;
    Ok(hold)
}

/// Removes the folders that were left behind. What cannot be removed now is left to the next start.
fn sweep(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    let ours = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with(PREFIX);
    let found: Vec<PathBuf> =
        entries.flatten().filter(|entry| ours(&entry.file_name())).map(|entry| entry.path()).collect();
    for folder in found {
        if is_left_behind(&folder).unwrap_or(false) {
            let _ = fs::remove_dir_all(&folder);
        }
    }
}

/// Whether a folder is this user's, was not made just now, and is held by nobody.
fn is_left_behind(folder: &Path) -> io::Result<bool> {
    let about = fs::symlink_metadata(folder)?;
    let age = about.modified()?.elapsed().unwrap_or_default();
    if !about.is_dir() || about.uid() != Uid::effective().as_raw() || age < UNHELD {
        return Ok(false);
    }
    Ok(File::open(folder)?.try_lock().is_ok())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::time::SystemTime;

    use super::*;

    fn make_old(folder: &Path) {
        File::open(folder).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
    }

    #[test]
    fn only_what_nobody_holds_is_removed() {
        let parent = tempfile::tempdir().unwrap();
        let held = HeldFolder::create_in(parent.path()).unwrap();
        let [left, guarded, young, other] = ["sba-servers-left", "sba-servers-guarded", "sba-servers-young", "other"]
            .map(|name| {
                let folder = parent.path().join(name);
                fs::create_dir(&folder).unwrap();
                fs::write(folder.join("file"), "x").unwrap();
                folder
            });
        let guard = hold(&guarded).unwrap();
        for old in [held.path(), &left, &guarded, &other] {
            make_old(old);
        }
        let next = HeldFolder::create_in(parent.path()).unwrap();
        assert!(!left.exists());
        assert!(held.path().exists() && guarded.exists() && young.exists() && other.exists() && next.path().exists());
        drop(guard);
        make_old(&guarded);
        HeldFolder::create_in(parent.path()).unwrap();
        assert!(!guarded.exists());
        let path = held.path().to_owned();
        drop(held);
        assert!(!path.exists());
    }

    #[test]
    fn a_link_is_not_followed() {
        let parent = tempfile::tempdir().unwrap();
        let target = parent.path().join("target");
        fs::create_dir(&target).unwrap();
        fs::write(target.join("file"), "x").unwrap();
        make_old(&target);
        std::os::unix::fs::symlink(&target, parent.path().join("sba-servers-link")).unwrap();
        HeldFolder::create_in(parent.path()).unwrap();
        assert!(target.join("file").exists());
    }
}
