//! Who runs Postgres: it refuses root, so another user must be able to reach its programs and its data.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use crate::local::{LocalError, RunFolder, held::HeldFolder};
use nix::unistd::{Gid, Uid, User, chown};

/// The user to run as where SBA runs as root.
const UNPRIVILEGED: &str = "nobody";

/// The user that runs the server.
#[derive(Debug)]
pub(super) struct ServerUser {
    /// Absent when it is the user that runs SBA.
    other: Option<(Uid, Gid)>,
}

impl ServerUser {
    pub(super) fn find() -> Result<Self, LocalError> {
        if !Uid::effective().is_root() {
            return Ok(Self { other: None });
        }
        let what = format!("Postgres cannot run as root, and the user {UNPRIVILEGED} cannot be looked up");
        match User::from_name(UNPRIVILEGED) {
            Ok(Some(user)) => Ok(Self { other: Some((user.uid, user.gid)) }),
            Ok(None) => Err(LocalError::io(what)(io::ErrorKind::NotFound.into())),
            Err(error) => Err(LocalError::io(what)(error.into())),
        }
    }

    /// User and group id, where they are not ours.
    pub(super) fn ids(&self) -> Option<(u32, u32)> {
        self.other.map(|(uid, gid)| (uid.as_raw(), gid.as_raw()))
    }

    /// A new folder that the user can enter: inside `run` if the way there is open, else one in `/tmp`, which goes when
    /// the second value is dropped.
    pub(super) fn folder(&self, run: &RunFolder) -> Result<(PathBuf, Option<HeldFolder>), LocalError> {
        let (folder, elsewhere) = if self.other.is_none() || others_can_enter(run.path()) {
            (run.sub("postgres-")?, None)
        } else {
            let folder = HeldFolder::create_in(Path::new("/tmp"));
            let folder = folder.map_err(LocalError::io("no folder for Postgres"))?;
            (folder.path().to_owned(), Some(folder))
        };
        if self.other.is_some() {
            fs::set_permissions(&folder, fs::Permissions::from_mode(0o711))
                .map_err(LocalError::io("no folder for Postgres"))?;
        }
        Ok((folder, elsewhere))
    }

    /// Hands a file or folder to the user.
    pub(super) fn give(&self, path: &Path) -> io::Result<()> {
        match self.other {
            Some((uid, gid)) => Ok(chown(path, Some(uid), Some(gid))?),
            None => Ok(()),
        }
    }

    /// The folder with `bin`, `lib` and `share` as the user can reach it: where it is or, when a folder above it is
    /// closed to others (a home directory of root), a copy inside `folder`.
    pub(super) fn programs(&self, installed: &Path, folder: &Path) -> Result<PathBuf, LocalError> {
        if self.other.is_none() || others_can_enter(installed) {
            return Ok(installed.to_owned());
        }
        // The programs find their libraries beside the part's own folder, so the whole part is repeated.
        let (part, within) = whole_part(installed);
        let copy = folder.join("programs");
        link_tree(part, &copy).map_err(LocalError::io("Postgres could not be copied to where its user reaches it"))?;
        Ok(copy.join(within))
    }
}

/// The folder of the part that `installed` lies in, and where within: the part is two folders above.
fn whole_part(installed: &Path) -> (&Path, &Path) {
    let part = installed.ancestors().nth(2).unwrap_or(installed);
    (part, installed.strip_prefix(part).unwrap_or(Path::new("")))
}

/// Whether every user can enter the folder and those above it.
fn others_can_enter(folder: &Path) -> bool {
    let open = |path: &Path| fs::metadata(path).is_ok_and(|data| data.mode() & 0o001 != 0);
    folder.canonicalize().is_ok_and(|folder| folder.ancestors().all(open))
}

/// Repeats a tree of folders, with hard links to its files where possible and copies elsewhere.
fn link_tree(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    fs::set_permissions(to, fs::Permissions::from_mode(0o755))?;
    for entry in fs::read_dir(from)? {
        let (source, target) = {
            let entry = entry?;
            (entry.path(), to.join(entry.file_name()))
        };
        if source.is_dir() {
            link_tree(&source, &target)?;
        } else if fs::hard_link(&source, &target).is_err() {
            fs::copy(&source, &target)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_closed_folder_above_is_noticed() {
        let home = tempfile::tempdir().unwrap();
        let inside = home.path().join("inside");
        fs::create_dir(&inside).unwrap();
        fs::set_permissions(&inside, fs::Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o700)).unwrap();
        assert!(!others_can_enter(&inside));
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o711)).unwrap();
        assert!(others_can_enter(&inside));
    }

    #[test]
    fn a_tree_is_repeated_with_its_modes() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::create_dir_all(from.join("bin")).unwrap();
        fs::write(from.join("bin/program"), "x").unwrap();
        fs::set_permissions(from.join("bin/program"), fs::Permissions::from_mode(0o755)).unwrap();
        link_tree(&from, &to).unwrap();
        let mode = fs::metadata(to.join("bin/program")).unwrap().mode();
        assert_eq!(mode & 0o777, 0o755);
    }
}
