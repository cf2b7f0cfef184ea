//! The second half of starting a server: the process that turns into it.
//!
//! What has to happen between fork and exec (giving up root, asking for a signal when the guard dies) is unsafe there;
//! in a process that has already been started it is not.

use std::{io, os::unix::process::CommandExt, process::Command};

use nix::{
    sys::signal::SigSet,
    unistd::{Gid, Pid, Uid, getppid, setgid, setuid},
};

use super::GuardArgs;

/// Turns this process into the command; returns only why that failed.
pub(super) fn exec(args: &GuardArgs, guard: Pid) -> io::Error {
    if let Err(error) = prepare(args, guard) {
        return error;
    }
    let Some((program, rest)) = args.command.split_first() else {
        return io::ErrorKind::InvalidInput.into();
    };
    let mut command = Command::new(program);
    command.args(rest);
    if args.uid.is_some() {
        // The other user may not be able to enter the folder in which SBA was started.
        command.current_dir("/");
    }
    let error = command.exec();
    io::Error::new(error.kind(), format!("{} could not be run: {error}", program.to_string_lossy()))
}

fn prepare(args: &GuardArgs, guard: Pid) -> io::Result<()> {
    SigSet::empty().thread_set_mask()?;
    if let (Some(uid), Some(gid)) = (args.uid, args.gid) {
        #[cfg(not(target_vendor = "apple"))]
        nix::unistd::setgroups(&[Gid::from_raw(gid)])?;
        setgid(Gid::from_raw(gid))?;
        setuid(Uid::from_raw(uid))?;
    }
    // After setuid, which clears it.
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_pdeathsig(death_signal(args))?;
    // The guard may have died before the signal was asked for.
    if getppid() == guard { Ok(()) } else { Err(io::Error::other("the guard is gone")) }
}

/// What the server gets when its guard was killed: Postgres ends its own processes and frees its shared memory.
#[cfg(target_os = "linux")]
fn death_signal(args: &GuardArgs) -> nix::sys::signal::Signal {
    use nix::sys::signal::Signal;
    match args.stop {
        super::Stop::Int => Signal::SIGQUIT,
        super::Stop::Term => Signal::SIGKILL,
    }
}
