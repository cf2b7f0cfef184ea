//! Threads of their own for a model, behind a bounded queue.

use std::{
    panic::{self, AssertUnwindSafe},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use tokio::sync::{mpsc, oneshot};

use super::EmbedError;

/// How many threads embed and how many batches may wait for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolSize {
    /// Threads. Each computes one batch at a time.
    pub threads: usize,
    /// Batches that may wait before callers do.
    pub queue: usize,
}

impl Default for PoolSize {
    fn default() -> Self {
        Self { threads: thread::available_parallelism().map_or(1, usize::from), queue: 64 }
    }
}

/// What a thread does with a batch.
pub(super) type Compute<I, O> = dyn Fn(I) -> Result<O, EmbedError> + Send + Sync;

struct Task<I, O> {
    input: I,
    answer: oneshot::Sender<Result<O, EmbedError>>,
}

/// A fixed number of threads that compute; they end when the pool is dropped.
pub(super) struct Pool<I, O> {
    queue: mpsc::Sender<Task<I, O>>,
}

impl<I: Send + 'static, O: Send + 'static> Pool<I, O> {
    pub(super) fn start(size: PoolSize, compute: Arc<Compute<I, O>>) -> Result<Self, std::io::Error> {
        let (queue, tasks) = mpsc::channel(size.queue.max(1));
        let tasks = Arc::new(Mutex::new(tasks));
        for _ in 0..size.threads.max(1) {
            let tasks = Arc::clone(&tasks);
            let compute = Arc::clone(&compute);
            thread::Builder::new().name("embedder".to_owned()).spawn(move || work(&tasks, &*compute))?;
        }
        Ok(Self { queue })
    }

    /// Waits for a place in the queue, then for the answer.
    pub(super) async fn run(&self, input: I) -> Result<O, EmbedError> {
        let (answer, result) = oneshot::channel();
        self.queue.send(Task { input, answer }).await.map_err(|_| EmbedError::Stopped)?;
        result.await.map_err(|_| EmbedError::Stopped)?
    }
}

fn work<I, O>(tasks: &Mutex<mpsc::Receiver<Task<I, O>>>, compute: &Compute<I, O>) {
    loop {
        let task = tasks.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        let Some(Task { input, answer }) = task else { return };
        // Whoever asked has given up: a cancelled job must not cost a computation.
        if answer.is_closed() {
            continue;
        }
        let outcome = panic::catch_unwind(AssertUnwindSafe(|| compute(input)));
        let _ = answer.send(outcome.unwrap_or_else(|_| Err(EmbedError::Model("the model panicked".into()))));
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

    use super::*;

    #[tokio::test]
    async fn a_panic_costs_one_answer_and_no_thread() {
        let compute = |n: u32| if n == 0 { panic!("a model gives up") } else { Ok(n * 2) };
        let pool = Pool::start(PoolSize { threads: 1, queue: 1 }, Arc::new(compute)).unwrap();
        assert_eq!(pool.run(0).await.unwrap_err().code(), "embedding_failed");
        assert_eq!(pool.run(21).await.unwrap(), 42);
    }
}
