//! Whatever the moment at which whoever starts servers is killed: nothing of theirs stays.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs::{self, File, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread::sleep,
    time::{Duration, Instant, SystemTime},
};

use rand::Rng as _;

/// How often servers are started and killed.
const KILLS: usize = 8;

/// The latest moment, in milliseconds. By then all is ready on an idle machine, and half ready on a busy one.
const LATEST: u64 = 1_500;

fn servers(folder: &Path, command: &[&str]) -> Command {
    let mut servers = Command::new(env!("CARGO_BIN_EXE_sba"));
    servers.env("TMPDIR", folder).args(["servers", "--"]).args(command);
    servers.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    servers
}

fn left(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// Waits until the guards of whoever was killed have done what they can.
fn settle(folder: &Path) {
    let held = |path: &PathBuf| File::open(path).is_ok_and(|file| file.try_lock().is_err());
    let deadline = Instant::now() + Duration::from_secs(60);
    while left(folder).iter().any(held) {
        assert!(Instant::now() < deadline, "somebody still holds one of {:?}", left(folder));
        sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_start_that_is_killed_leaves_nothing_that_the_next_one_does_not_remove() {
    let folder = tempfile::tempdir().unwrap();
    // Another user's Postgres can enter, so that all that is written is written here.
    fs::set_permissions(folder.path(), Permissions::from_mode(0o711)).unwrap();
    let mut stayed = 0;
    for _ in 0..KILLS {
        let moment = rand::rng().random_range(0..LATEST);
        let mut starting = servers(folder.path(), &["sleep", "600"]).spawn().unwrap();
        sleep(Duration::from_millis(moment));
        starting.kill().unwrap();
        starting.wait().unwrap();
        settle(folder.path());
        for path in left(folder.path()) {
            println!("killed after {moment} ms, {} stays for now", path.display());
            stayed += 1;
            // As if it had been a while ago.
            File::open(path).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
        }
    }
    println!("{stayed} folders stayed until the next start");
    assert!(servers(folder.path(), &["true"]).status().unwrap().success());
    assert_eq!(left(folder.path()), Vec::<PathBuf>::new());
}
