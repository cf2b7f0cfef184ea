//! How a process ends: asked once it finishes, asked twice it stops.

use std::{future::Future, io, time::Duration};

use tokio::{
    signal::unix::{SignalKind, signal},
    task::JoinHandle,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long tasks get to notice that they must stop now.
const HARD_STOP: Duration = Duration::from_secs(2);

/// The two requests to end, and the tasks that must follow them.
///
/// *Soft*: take no new work, finish or give back what is in flight. *Hard*: stop now. Clones share both.
#[derive(Debug, Clone)]
pub struct Shutdown {
    soft: CancellationToken,
    hard: CancellationToken,
    tasks: TaskTracker,
    grace: Duration,
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Every task finished by itself.
    Clean,
    /// So many tasks had to be told to stop, or were left behind.
    Forced(usize),
}

impl Shutdown {
    /// Nothing is asked yet; `grace` lies between the soft request and the hard one.
    #[must_use]
    pub fn new(grace: Duration) -> Self {
        let hard = CancellationToken::new();
        // A child, so that whoever waits for the soft request also sees the hard one.
        Self { soft: hard.child_token(), hard, tasks: TaskTracker::new(), grace }
    }

    /// Turns the first SIGTERM or SIGINT into the soft request and the second into the hard one.
    ///
    /// # Errors
    /// If the system refuses to report signals.
    pub fn on_signals(&self) -> io::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let this = self.clone();
        tokio::spawn(async move {
            loop {
                let name = tokio::select! {
                    _ = terminate.recv() => "SIGTERM",
                    _ = interrupt.recv() => "SIGINT",
                };
                if this.soft.is_cancelled() {
                    tracing::warn!(signal = name, "asked again to end: stopping now");
                    this.now();
                } else {
                    tracing::info!(signal = name, "asked to end: finishing what is in flight");
                    this.begin();
                }
            }
        });
        Ok(())
    }

    /// Makes the soft request.
    pub fn begin(&self) {
        self.soft.cancel();
    }

    /// Makes the hard request.
    pub fn now(&self) {
        self.hard.cancel();
    }

    /// Cancelled when no new work may be taken.
    #[must_use]
    pub fn soft(&self) -> CancellationToken {
        self.soft.clone()
    }

    /// Cancelled when everything must stop.
    #[must_use]
    pub fn hard(&self) -> CancellationToken {
        self.hard.clone()
    }

    /// Starts a task that the process waits for. The task must follow the tokens.
    pub fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.tasks.spawn(task)
    }

    /// The tracker behind [`Shutdown::spawn`], to count or track tasks started elsewhere.
    #[must_use]
    pub fn tasks(&self) -> &TaskTracker {
        &self.tasks
    }

    /// Waits for the soft request, then for the tasks: until they are done, or the grace is over, or the hard
    /// request comes. What is left is told to stop and given two seconds.
    pub async fn finished(&self) -> Ending {
        self.soft.cancelled().await;
        self.tasks.close();
        tokio::select! {
            () = self.tasks.wait() => return Ending::Clean,
            () = tokio::time::sleep(self.grace) => {}
            () = self.hard.cancelled() => {}
        }
        let left = self.tasks.len();
        tracing::warn!(tasks = left, "tasks are still running: stopping them");
        self.now();
        if tokio::time::timeout(HARD_STOP, self.tasks.wait()).await.is_err() {
            tracing::error!(tasks = self.tasks.len(), "tasks did not stop and are left behind");
        }
        Ending::Forced(left)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn tasks_that_finish_in_time_make_a_clean_end() {
        let shutdown = Shutdown::new(Duration::from_secs(10));
        let soft = shutdown.soft();
        let task = shutdown.spawn(async move {
            soft.cancelled().await;
            tokio::time::sleep(Duration::from_secs(9)).await;
            "finished"
        });
        shutdown.begin();
        assert_eq!(shutdown.finished().await, Ending::Clean);
        assert_eq!(task.await.unwrap(), "finished");
    }

    #[tokio::test(start_paused = true)]
    async fn the_grace_ends_in_the_hard_request() {
        let shutdown = Shutdown::new(Duration::from_secs(10));
        let hard = shutdown.hard();
        let task = shutdown.spawn(async move { hard.cancelled().await });
        let begun = tokio::time::Instant::now();
        shutdown.begin();
        assert_eq!(shutdown.finished().await, Ending::Forced(1));
        assert_eq!(begun.elapsed().as_secs(), 10);
        task.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn the_hard_request_does_not_wait_for_the_grace_and_is_a_soft_one_too() {
        let shutdown = Shutdown::new(Duration::from_secs(3_600));
        let soft = shutdown.soft();
        let task = shutdown.spawn(std::future::pending::<()>());
        let begun = tokio::time::Instant::now();
        shutdown.now();
        assert!(soft.is_cancelled());
        assert_eq!(shutdown.finished().await, Ending::Forced(1));
        assert!(begun.elapsed() <= HARD_STOP);
        task.abort();
    }
}
