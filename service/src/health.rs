//! Whether a process lives, and whether it is ready for work.

use std::{
    fmt,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{Json, Router, extract::State, http::StatusCode, response::IntoResponse, routing::get};
use futures::future::{BoxFuture, join_all};
use serde::Serialize;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

/// Longest wait for one check.
const CHECK_DEADLINE: Duration = Duration::from_secs(1);
/// How long an answer is used again, so that probes cannot load what they ask about.
const REUSE: Duration = Duration::from_millis(250);

type Check = Arc<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// The named conditions under which a process is ready. Clones share them.
#[derive(Clone)]
pub struct Health(Arc<Inner>);

struct Inner {
    draining: CancellationToken,
    checks: Mutex<Vec<(&'static str, Check)>>,
    last: tokio::sync::Mutex<Option<(Instant, Report)>>,
}

/// The answer of `/readyz`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whether work may be sent here.
    pub ready: bool,
    /// What is not ready, and why. Empty when ready.
    pub not_ready: Vec<NotReady>,
}

/// One condition that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotReady {
    /// The name of the check.
    pub check: &'static str,
    /// Why it fails, for an operator.
    pub reason: String,
}

impl Health {
    /// Ready until `draining` is cancelled.
    #[must_use]
    pub fn new(draining: CancellationToken) -> Self {
        let checks = Mutex::new(Vec::new());
        Self(Arc::new(Inner { draining, checks, last: tokio::sync::Mutex::new(None) }))
    }

    /// Adds a condition. Each question is given up after a second, and then counts as failed.
    pub fn add<F, R>(&self, name: &'static str, check: F)
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), String>> + Send + 'static,
    {
        let check: Check = Arc::new(move || Box::pin(check()));
        self.0.checks.lock().unwrap_or_else(PoisonError::into_inner).push((name, check));
    }

    /// Asks every check, all at once; an answer is used again for a quarter of a second.
    pub async fn report(&self) -> Report {
        if self.0.draining.is_cancelled() {
            return Report::of(vec![NotReady { check: "draining", reason: "the process is about to end".to_owned() }]);
        }
        let mut last = self.0.last.lock().await;
        if let Some((at, report)) = last.as_ref()
            && at.elapsed() < REUSE
        {
            return report.clone();
        }
        let checks = self.0.checks.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let asked = join_all(checks.into_iter().map(|(name, check)| ask(name, check))).await;
        let report = Report::of(asked.into_iter().flatten().collect());
        *last = Some((Instant::now(), report.clone()));
        report
    }

    /// `/healthz` (the process answers) and `/readyz` (200, or 503 with what is not ready).
    pub fn router<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        Router::new()
            .route("/healthz", get(|| async { Json(serde_json::json!({ "status": "ok" })) }))
            .route("/readyz", get(readyz))
            .with_state(self.clone())
    }
}

impl Report {
    fn of(not_ready: Vec<NotReady>) -> Self {
        Self { ready: not_ready.is_empty(), not_ready }
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Health")
    }
}

async fn ask(check: &'static str, question: Check) -> Option<NotReady> {
    let answer = timeout(CHECK_DEADLINE, question()).await;
    let reason = answer.unwrap_or_else(|_| Err("no answer within a second".to_owned())).err()?;
    Some(NotReady { check, reason })
}

async fn readyz(State(health): State<Health>) -> impl IntoResponse {
    let report = health.report().await;
    let status = if report.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(report))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_fails_or_hangs_is_named() {
        let health = Health::new(CancellationToken::new());
        health.add("good", || async { Ok(()) });
        assert!(health.report().await.ready);
        tokio::time::advance(REUSE).await;
        health.add("bad", || async { Err("it is broken".to_owned()) });
        health.add("hanging", std::future::pending);
        let report = health.report().await;
        let names: Vec<_> = report.not_ready.iter().map(|failed| failed.check).collect();
        assert_eq!((report.ready, names), (false, vec!["bad", "hanging"]));
    }

    #[tokio::test]
    async fn a_draining_process_is_not_ready() {
        let draining = CancellationToken::new();
        let health = Health::new(draining.clone());
        assert!(health.report().await.ready);
        draining.cancel();
        assert_eq!(health.report().await.not_ready[0].check, "draining");
    }

    #[tokio::test(start_paused = true)]
    async fn probes_do_not_load_what_they_ask_about() {
        let asked = Arc::new(AtomicUsize::new(0));
        let health = Health::new(CancellationToken::new());
        let count = asked.clone();
        health.add("counted", move || {
            count.fetch_add(1, Ordering::Relaxed);
            async { Ok(()) }
        });
        join_all((0..100).map(|_| health.report())).await;
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }
}
