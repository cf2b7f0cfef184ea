//! What a guard waits for: its server ending, its parent ending, or being told to stop.

use std::{
    io::{self, Read},
    process::{Child, ExitStatus},
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread,
    time::Instant,
};

use nix::sys::signal::{SigSet, Signal};

use super::KEEP;

/// Something happened.
pub(super) enum Event {
    /// The server ended by itself.
    Exited(io::Result<ExitStatus>),
    /// The server must stop.
    Stop {
        /// The parent lives and wants the folders kept.
        keep: bool,
    },
}

/// Keeps the signals that ask a process to end for the thread that waits for them. Threads started later inherit it;
/// so does a child, which must undo it.
pub(super) fn block_signals() -> io::Result<SigSet> {
    let mut signals = SigSet::empty();
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        signals.add(signal);
    }
    signals.thread_block()?;
    Ok(signals)
}

/// The stream of events; each kind is waited for by a thread of its own.
pub(super) struct Events {
    receiver: Receiver<Event>,
}

impl Events {
    /// Begins to watch the server, the lifeline and the blocked signals.
    pub(super) fn watch(mut child: Child, signals: SigSet) -> io::Result<Self> {
        let (sender, receiver) = mpsc::channel();
        let (exits, stops) = (sender.clone(), sender.clone());
        spawn("server", move || send(&exits, Event::Exited(child.wait())))?;
        spawn("signals", move || {
            if signals.wait().is_ok() {
                send(&stops, Event::Stop { keep: false });
            }
        })?;
        spawn("lifeline", move || send(&sender, Event::Stop { keep: hold_lifeline() }))?;
        Ok(Self { receiver })
    }

    /// Waits for the next event.
    pub(super) fn next(&mut self) -> Event {
        self.receiver.recv().unwrap_or_else(|_| Event::Exited(Err(io::ErrorKind::BrokenPipe.into())))
    }

    /// Waits for the next event until `deadline`.
    pub(super) fn next_before(&mut self, deadline: Instant) -> Result<Event, RecvTimeoutError> {
        self.receiver.recv_timeout(deadline.saturating_duration_since(Instant::now()))
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name(name.to_owned()).spawn(work).map(drop)
}

fn send(sender: &Sender<Event>, event: Event) {
    // A closed channel means that the guard is about to exit.
    let _ = sender.send(event);
}

/// Returns when the parent has let go of the lifeline, with whether it said [`KEEP`] before.
fn hold_lifeline() -> bool {
    let mut words = Vec::new();
    // An unreadable lifeline is as good as a closed one.
    let _ = io::stdin().read_to_end(&mut words);
    words.contains(&KEEP)
}
