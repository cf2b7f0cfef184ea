//! Nothing that SBA starts outlives it, however it ends.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    sys::signal::{Signal, kill},
    unistd::Pid,
};

struct Guarded {
    guard: Child,
    lifeline: Option<ChildStdin>,
    server: Pid,
}

/// Starts a shell script under a guard.
fn guarded(folder: &Path, options: &[&str], script: &str) -> Guarded {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sba"));
    command.arg("guard").arg("--log").arg(folder.join("log")).args(options).args(["--", "sh", "-c", script]);
    let mut guard = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(guard.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let lifeline = guard.stdin.take();
    Guarded { guard, lifeline, server: Pid::from_raw(line.trim().parse().unwrap()) }
}

fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn is_gone(pid: Pid) -> bool {
    kill(pid, None) == Err(Errno::ESRCH)
}

fn pid_in(file: &Path) -> Pid {
    let mut pid = None;
    wait_until("the script writes its process id", || {
        pid = fs::read_to_string(file).ok().and_then(|text| text.strip_suffix('\n').and_then(|pid| pid.parse().ok()));
        pid.is_some()
    });
    Pid::from_raw(pid.unwrap())
}

#[test]
fn the_command_runs_and_its_status_is_passed_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut guarded = guarded(folder.path(), &[], "echo said; exit 7");
    assert_eq!(guarded.guard.wait().unwrap().code(), Some(7));
    assert_eq!(fs::read_to_string(folder.path().join("log")).unwrap(), "said\n");
}

#[test]
fn a_closed_lifeline_stops_the_whole_family_and_removes_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let (data, child) = (folder.path().join("data"), folder.path().join("child"));
    fs::create_dir(&data).unwrap();
    let script = format!("sleep 600 & echo $! > '{}'; wait", child.display());
    let mut guarded = guarded(folder.path(), &["--remove", data.to_str().unwrap()], &script);
    let child = pid_in(&child);
    drop(guarded.lifeline.take());
    guarded.guard.wait().unwrap();
    assert!(is_gone(guarded.server) && !data.exists());
    wait_until("the child of the command ends", || is_gone(child));
}

#[test]
fn a_command_that_does_not_stop_is_killed_after_the_grace() {
    let folder = tempfile::tempdir().unwrap();
    let ready = folder.path().join("ready");
    let script = format!("trap '' TERM; echo $$ > '{}'; while :; do sleep 1; done", ready.display());
    let mut guarded = guarded(folder.path(), &["--grace-ms", "100"], &script);
    pid_in(&ready);
    drop(guarded.lifeline.take());
    assert_eq!(guarded.guard.wait().unwrap().code(), Some(128 + 9));
    assert!(is_gone(guarded.server));
}

#[test]
fn a_frozen_command_is_stopped_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut guarded = guarded(folder.path(), &[], "exec sleep 600");
    kill(guarded.server, Signal::SIGSTOP).unwrap();
    drop(guarded.lifeline.take());
    assert_eq!(guarded.guard.wait().unwrap().code(), Some(128 + 15));
}

#[test]
fn a_terminated_guard_takes_its_command_along() {
    let folder = tempfile::tempdir().unwrap();
    let mut guarded = guarded(folder.path(), &[], "exec sleep 600");
    kill(Pid::from_raw(i32::try_from(guarded.guard.id()).unwrap()), Signal::SIGTERM).unwrap();
    guarded.guard.wait().unwrap();
    assert!(is_gone(guarded.server));
}

#[cfg(target_os = "linux")]
#[test]
fn a_killed_guard_takes_its_command_along() {
    let folder = tempfile::tempdir().unwrap();
    let mut guarded = guarded(folder.path(), &[], "exec sleep 600");
    guarded.guard.kill().unwrap();
    guarded.guard.wait().unwrap();
    // Whoever adopts the command reaps it in its own time.
    let state = || fs::read_to_string(format!("/proc/{}/stat", guarded.server));
    wait_until("the command ends", || state().map_or(true, |stat| stat.contains(") Z ")));
}

#[test]
fn a_killed_parent_leaves_no_server_behind() {
    let folder = tempfile::tempdir().unwrap();
    let (server, hold) = (folder.path().join("server"), folder.path().join("hold"));
    // The parent is a shell that holds the lifeline's other end, and nothing else.
    let script = format!(
        "mkfifo '{hold}'; '{sba}' guard --log '{log}' -- sh -c 'echo $$ > {server}; exec sleep 600' <'{hold}' & \
         exec 9>'{hold}'; echo $$; exec sleep 600",
        hold = hold.display(),
        sba = env!("CARGO_BIN_EXE_sba"),
        log = folder.path().join("log").display(),
        server = server.display(),
    );
    let mut parent = Command::new("sh").args(["-c", &script]).stdout(Stdio::null()).spawn().unwrap();
    let server = pid_in(&server);
    assert!(!is_gone(server));
    parent.kill().unwrap();
    parent.wait().unwrap();
    wait_until("the server ends", || is_gone(server));
}

#[test]
fn a_command_that_does_not_exist_is_an_error_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sba"));
    command.arg("guard").arg("--log").arg(folder.path().join("log")).args(["--", "/no/such/program"]);
    let mut guard = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // Waiting closes the lifeline, and the guard would stop what it is about to start.
    let _lifeline = guard.stdin.take();
    assert!(!guard.wait().unwrap().success());
    let log = fs::read_to_string(folder.path().join("log")).expect("the log was written");
    assert!(log.contains("/no/such/program"), "{log}");
}
