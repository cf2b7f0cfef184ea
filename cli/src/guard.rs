//! The guard: a small process between SBA and each server it starts, so that no server outlives SBA.
//!
//! The guard's standard input is a lifeline: a pipe whose other end only the parent holds. However the parent ends,
//! `kill -9` included, the system closes that end; the guard then asks its server to stop, kills what has not stopped
//! within the grace, and removes the folders it was told to. On Linux the server also gets a signal when the guard
//! itself dies. One byte on the lifeline is a word from a living parent: the folders stay.

mod become_server;
mod events;
mod program;

use std::{
    ffi::OsString,
    fs, io,
    io::Write,
    os::unix::process::{CommandExt, ExitStatusExt},
    path::PathBuf,
    process::{Command, ExitStatus, Stdio},
    sync::mpsc::RecvTimeoutError,
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    sys::signal::{Signal, killpg},
    unistd::Pid,
};

use self::events::{Event, Events};
pub use self::program::{NoProgram, program};
use crate::local::held::hold;

/// On the lifeline: the folders stay when the server has stopped.
pub(crate) const KEEP: u8 = b'k';

/// How a server is asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Stop {
    /// SIGTERM, as most servers have it.
    Term,
    /// SIGINT: Postgres ends open sessions instead of waiting for them.
    Int,
}

impl Stop {
    const fn signal(self) -> Signal {
        match self {
            Self::Term => Signal::SIGTERM,
            Self::Int => Signal::SIGINT,
        }
    }
}

/// What the guard runs, and how.
#[derive(Debug, clap::Args)]
pub struct GuardArgs {
    /// How the command is asked to stop.
    #[arg(long, value_enum, default_value = "term")]
    pub stop: Stop,
    /// How long it may take to stop, in milliseconds, before it is killed.
    #[arg(long, default_value_t = 5_000)]
    pub grace_ms: u64,
    /// The file to which the command's output is appended.
    #[arg(long)]
    pub log: PathBuf,
    /// The user id under which the command runs; needs root.
    #[arg(long, requires = "gid")]
    pub uid: Option<u32>,
    /// The group id under which the command runs.
    #[arg(long, requires = "uid")]
    pub gid: Option<u32>,
    /// A folder to remove when the parent is gone and the command has stopped.
    #[arg(long)]
    pub remove: Vec<PathBuf>,
    /// A folder to remove after that if nothing is left in it.
    #[arg(long)]
    pub remove_empty: Option<PathBuf>,
    /// Become the command instead of guarding it: the second half of starting it.
    #[arg(long, hide = true)]
    pub guarded_by: Option<i32>,
    /// The command and its arguments.
    #[arg(last = true, required = true)]
    pub command: Vec<OsString>,
}

/// Runs the command until it ends or the parent does, and returns its exit code: 128 and the signal's number where a
/// signal ended it. Prints the command's process id as the first line of standard output.
///
/// # Errors
/// When the command cannot be started or waited for.
pub fn run(args: &GuardArgs) -> io::Result<u8> {
    if let Some(guard) = args.guarded_by {
        return Err(become_server::exec(args, Pid::from_raw(guard)));
    }
    // While the server stops, nobody takes its folders for left behind. One that cannot be held is removed as any other.
    let _held: Vec<_> = args.remove.iter().chain(&args.remove_empty).filter_map(|folder| hold(folder).ok()).collect();
    // Before the server starts, so that no signal can end the guard alone.
    let signals = events::block_signals()?;
    let child = start(args)?;
    let group = i32::try_from(child.id()).map(Pid::from_raw).map_err(io::Error::other)?;
    writeln!(io::stdout(), "{group}")?;
    let mut events = Events::watch(child, signals)?;
    let (status, keep) = match events.next() {
        Event::Exited(status) => (status?, true),
        Event::Stop { keep } => (stop(args, group, &mut events)?, keep),
    };
    // Whatever the server started and did not end itself.
    signal(group, Signal::SIGKILL)?;
    if !keep {
        remove_folders(args);
    }
    Ok(exit_code(status))
}

/// Has the system ask this process to end (SIGTERM) when its parent does, even by `kill -9`. Linux only; elsewhere it
/// does nothing.
///
/// # Errors
/// When the system refuses.
pub fn end_with_parent() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_pdeathsig(Signal::SIGTERM)?;
    Ok(())
}

fn start(args: &GuardArgs) -> io::Result<std::process::Child> {
    let log = fs::OpenOptions::new().create(true).append(true).open(&args.log)?;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("guard").arg("--log").arg(&args.log);
    command.arg("--guarded-by").arg(std::process::id().to_string());
    command.arg("--stop").arg(if args.stop == Stop::Int { "int" } else { "term" });
    if let (Some(uid), Some(gid)) = (args.uid, args.gid) {
        command.arg("--uid").arg(uid.to_string()).arg("--gid").arg(gid.to_string());
    }
    command.arg("--").args(&args.command);
    // A group of its own: a Ctrl-C at the terminal reaches only SBA, which then stops its servers in order.
    command.process_group(0).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()
}

/// Asks the group to stop, kills it after the grace, and returns how the server ended.
fn stop(args: &GuardArgs, group: Pid, events: &mut Events) -> io::Result<ExitStatus> {
    signal(group, args.stop.signal())?;
    // A frozen server must wake to obey.
    signal(group, Signal::SIGCONT)?;
    let deadline = Instant::now() + Duration::from_millis(args.grace_ms);
    loop {
        match events.next_before(deadline) {
            Ok(Event::Exited(status)) => return status,
            Ok(Event::Stop { .. }) => {}
            Err(RecvTimeoutError::Timeout) => break,
            Err(RecvTimeoutError::Disconnected) => return Err(io::ErrorKind::BrokenPipe.into()),
        }
    }
    signal(group, Signal::SIGKILL)?;
    loop {
        if let Event::Exited(status) = events.next() {
            return status;
        }
    }
}

/// Signals the server's group; a group that is gone is no failure.
fn signal(group: Pid, signal: Signal) -> io::Result<()> {
    match killpg(group, signal) {
        // macOS says EPERM of a group in which only zombies are left.
        Ok(()) | Err(Errno::ESRCH | Errno::EPERM) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn remove_folders(args: &GuardArgs) {
    for folder in &args.remove {
        // Nobody is left to hear of a failure but whoever reads the log.
        if let Err(error) = fs::remove_dir_all(folder)
            && error.kind() != io::ErrorKind::NotFound
        {
            eprintln!("guard: {} could not be removed: {error}", folder.display());
        }
    }
    if let Some(folder) = &args.remove_empty {
        // Other guards may still have folders in it; the last one succeeds.
        let _ = fs::remove_dir(folder);
    }
}

fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    u8::try_from(code).unwrap_or(1)
}
