//! A server process under its guard.

use std::{
    ffi::OsString,
    fs,
    io::{BufRead, BufReader, Write},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{self, Signal},
    unistd::Pid,
};

use super::LocalError;
use crate::guard::{self, KEEP, Stop};

/// How much of a log an error repeats.
const LOG_TAIL: usize = 2_000;
/// How long a signal that freezes may take to reach every thread.
const FREEZE_DEADLINE: Duration = Duration::from_secs(2);
/// Between two looks at a condition.
pub(super) const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// How to run a server.
#[derive(Debug, Clone)]
pub(super) struct ServerSpec {
    /// Its name in errors.
    pub(super) name: String,
    pub(super) program: PathBuf,
    pub(super) args: Vec<OsString>,
    pub(super) env: Vec<(String, OsString)>,
    /// Variables of ours that it must not see.
    pub(super) unset: Vec<String>,
    /// User and group id, where it must not be ours.
    pub(super) user: Option<(u32, u32)>,
    pub(super) stop: Stop,
    /// How long it may take to stop before it is killed.
    pub(super) grace: Duration,
    pub(super) log: PathBuf,
    /// Folders that the guard removes when this process is gone without a word; who is alive removes its own.
    pub(super) remove: Vec<PathBuf>,
    /// A folder that goes with the last of them.
    pub(super) remove_empty: Option<PathBuf>,
}

/// A running server, or one that was killed and can be started again.
#[derive(Debug)]
pub(super) struct ServerProcess {
    spec: ServerSpec,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    guard: Child,
    lifeline: ChildStdin,
    pid: Pid,
}

impl ServerProcess {
    /// Starts the server; it is not yet ready when this returns.
    pub(super) fn start(spec: ServerSpec) -> Result<Self, LocalError> {
        let running = Running::start(&spec)?;
        Ok(Self { spec, running: Some(running) })
    }

    /// The server's process id, while it was not stopped or killed from here.
    pub(super) fn pid(&self) -> Option<u32> {
        self.running.as_ref().and_then(|running| u32::try_from(running.pid.as_raw()).ok())
    }

    /// Whether the server still runs.
    pub(super) fn is_running(&mut self) -> bool {
        self.running.as_mut().is_some_and(|running| matches!(running.guard.try_wait(), Ok(None)))
    }

    /// Stops the server in the middle of what it does (SIGSTOP), and returns when it stands still.
    pub(super) fn freeze(&mut self) -> Result<(), LocalError> {
        let pid = self.signal(Signal::SIGSTOP)?;
        let deadline = Instant::now() + FREEZE_DEADLINE;
        while !is_stopped(pid) {
            if Instant::now() > deadline {
                let what = format!("{} does not stand still", self.spec.name);
                return Err(LocalError::io(what)(std::io::ErrorKind::TimedOut.into()));
            }
            std::thread::sleep(LOOK_AGAIN);
        }
        Ok(())
    }

    /// Lets a frozen server go on.
    pub(super) fn thaw(&mut self) -> Result<(), LocalError> {
        self.signal(Signal::SIGCONT).map(drop)
    }

    /// Kills the server (SIGKILL) as a crash would; its data stays. Returns when it is gone.
    pub(super) fn kill(&mut self) -> Result<(), LocalError> {
        self.signal(Signal::SIGKILL)?;
        self.end();
        Ok(())
    }

    /// Asks the server to stop; its data stays. Returns when it is gone.
    pub(super) fn stop(&mut self) {
        self.end();
    }

    /// Leaves the server's files to whoever starts another on them.
    pub(super) fn leave_files(&mut self) {
        self.spec.remove.clear();
    }

    /// Starts the server again, exactly as before; one that still runs is stopped first.
    pub(super) fn start_again(&mut self) -> Result<(), LocalError> {
        self.end();
        self.running = Some(Running::start(&self.spec)?);
        Ok(())
    }

    /// The end of the server's log.
    pub(super) fn log_tail(&self) -> String {
        tail(&self.spec.log)
    }

    /// Waits until `ready` says so, without blocking.
    ///
    /// # Errors
    /// When the server ends, or `deadline` passes first.
    pub(super) async fn wait_ready<F>(&mut self, deadline: Duration, mut ready: F) -> Result<(), LocalError>
    where
        F: AsyncFnMut() -> bool,
    {
        let server = self.spec.name.clone();
        let until = Instant::now() + deadline;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if matches!(tokio::time::timeout(left, ready()).await, Ok(true)) {
                // Something else may have answered in the place of a server that could not get its port.
                return if self.is_running() {
                    Ok(())
                } else {
                    Err(LocalError::Ended { server, log: self.log_tail() })
                };
            }
            if !self.is_running() {
                return Err(LocalError::Ended { server, log: self.log_tail() });
            }
            if Instant::now() >= until {
                return Err(LocalError::NotReady { server, deadline, log: self.log_tail() });
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Waits until a command that ends by itself has ended, without blocking.
    ///
    /// # Errors
    /// When it fails, or `deadline` passes first.
    pub(super) async fn wait_end(&mut self, deadline: Duration) -> Result<(), LocalError> {
        let until = Instant::now() + deadline;
        while self.is_running() {
            if Instant::now() >= until {
                return Err(LocalError::NotReady { server: self.spec.name.clone(), deadline, log: self.log_tail() });
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        let status = self.running.take().map(|mut running| running.guard.wait());
        match status {
            Some(Ok(status)) if status.success() => {
                // What it made is for those that come after it.
                self.leave_files();
                Ok(())
            }
            _ => Err(LocalError::Ended { server: self.spec.name.clone(), log: self.log_tail() }),
        }
    }

    fn signal(&mut self, signal: Signal) -> Result<Pid, LocalError> {
        let gone = format!("{} does not run", self.spec.name);
        if !self.is_running() {
            return Err(LocalError::io(gone)(std::io::ErrorKind::NotFound.into()));
        }
        let pid = self.running.as_ref().map(|running| running.pid).ok_or(std::io::ErrorKind::NotFound.into());
        pid.and_then(|pid| Ok(signal::kill(pid, signal).map(|()| pid)?)).map_err(LocalError::io(gone))
    }

    fn end(&mut self) {
        let Some(Running { mut guard, mut lifeline, .. }) = self.running.take() else { return };
        // A guard that does not hear it has already ended, and removes nothing then.
        let _ = lifeline.write_all(&[KEEP]);
        drop(lifeline);
        // The guard ends within the grace; its own status tells nothing new.
        let _ = guard.wait();
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        self.end();
    }
}

impl Running {
    fn start(spec: &ServerSpec) -> Result<Self, LocalError> {
        let failed = || format!("{} could not be started", spec.name);
        let mut command = Command::new(guard::program()?);
        command.arg("guard").arg("--log").arg(&spec.log);
        command.arg("--stop").arg(if spec.stop == Stop::Int { "int" } else { "term" });
        command.arg("--grace-ms").arg(spec.grace.as_millis().to_string());
        if let Some((uid, gid)) = spec.user {
            command.arg("--uid").arg(uid.to_string()).arg("--gid").arg(gid.to_string());
        }
        for folder in &spec.remove {
            command.arg("--remove").arg(folder);
        }
        if let Some(folder) = &spec.remove_empty {
            command.arg("--remove-empty").arg(folder);
        }
        command.arg("--").arg(&spec.program).args(&spec.args);
        for name in &spec.unset {
            command.env_remove(name);
        }
        command.envs(spec.env.iter().map(|(name, value)| (name, value)));
        let log = fs::OpenOptions::new().create(true).append(true).open(&spec.log).map_err(LocalError::io(failed()))?;
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
        let mut guard = command.spawn().map_err(LocalError::io(failed()))?;
        let (Some(lifeline), Some(output)) = (guard.stdin.take(), guard.stdout.take()) else {
            return Err(LocalError::io(failed())(std::io::ErrorKind::BrokenPipe.into()));
        };
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).map_err(LocalError::io(failed()))?;
        let Ok(pid) = line.trim().parse() else {
            drop(lifeline);
            let _ = guard.wait();
            return Err(LocalError::Ended { server: spec.name.clone(), log: tail(&spec.log) });
        };
        Ok(Self { guard, lifeline, pid: Pid::from_raw(pid) })
    }
}

/// Whether every thread of the process stands still.
#[cfg(target_os = "linux")]
fn is_stopped(pid: Pid) -> bool {
    let Ok(status) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return true };
    // The state follows the name, which stands in parentheses and may hold anything.
    status.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T'))
}

/// Without /proc the signal's delivery must do.
#[cfg(not(target_os = "linux"))]
fn is_stopped(_pid: Pid) -> bool {
    true
}

/// The end of a log file, as text.
fn tail(log: &Path) -> String {
    let bytes = fs::read(log).unwrap_or_default();
    let start = bytes.len().saturating_sub(LOG_TAIL);
    String::from_utf8_lossy(&bytes[start..]).trim().to_owned()
}
