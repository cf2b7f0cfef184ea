//! What a process counts, in the form that Prometheus reads.

mod labels;

use std::time::Duration;

pub use prometheus::IntGauge;
use prometheus::{
    Encoder, Gauge, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGaugeVec, Opts, Registry, TextEncoder,
};

use self::labels::Bounded;

/// Most values of a label that comes from outside; the surplus is counted under `other`.
const MAX_LABEL_VALUES: usize = 5_000;

/// Bounds of the histogram of run times, in seconds.
const RUN_SECONDS: &[f64] = &[0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0];

/// Every metric of a process, on a registry of its own. Clones share the figures.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Registry,
    requests: IntCounter,
    run_seconds: Histogram,
    tool_calls: Bounded<IntCounterVec>,
    llm_tokens: Bounded<IntCounterVec>,
    jobs: IntGaugeVec,
    nats_events: IntCounterVec,
    dead_letters: IntCounterVec,
    surplus: IntCounterVec,
    stalled: IntCounterVec,
    model_circuit: IntGaugeVec,
    model_failures: IntCounterVec,
    /// Runs that were cancelled because their model's provider was out for too long.
    pub outage_cancelled: IntCounter,
    /// Runs that have not ended, as far as this process looks after them.
    pub runs_open: IntGauge,
    swept: IntCounterVec,
    sweeps: IntCounter,
    sweep_failures: IntCounter,
    firings: IntCounterVec,
    /// Runs that this process owns now.
    pub runs_owned: IntGauge,
    /// HTTP and WebSocket connections that are open now.
    pub connections: IntGauge,
    /// Connections that were one too many.
    pub connections_refused: IntCounter,
    /// Clients that watch a run through this process now.
    pub viewers: IntGauge,
    /// Whether this process hears its own heartbeat through NATS: 1 or 0.
    pub heartbeat_heard: IntGauge,
    /// Messages that the projector still has to write.
    pub projector_lag: IntGauge,
    /// Messages that are no records, and runs' parts of a batch that the database refused.
    pub projector_left_out: IntCounter,
    /// Logs of runs that were removed, because their time had come.
    pub logs_removed: IntCounter,
    /// Seconds between the last written event and its writing.
    pub projector_delay_seconds: Gauge,
}

/// A job under way; it is counted until this is dropped.
#[derive(Debug)]
#[must_use = "the job counts as done when this is dropped"]
pub struct JobInProgress(IntGauge);

impl Drop for JobInProgress {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Metrics {
    /// All figures at zero.
    ///
    /// # Errors
    /// Never in practice: only if two metrics had the same name.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let counters = |name, help, label| IntCounterVec::new(Opts::new(name, help), &[label]);
        let metrics = Self {
            requests: IntCounter::new(
                "orchestrator_requests_total",
                "Requests taken: over HTTP by a gateway, commands by an orchestrator",
            )?,
            run_seconds: Histogram::with_opts(
                HistogramOpts::new("agent_run_duration_seconds", "From the start of a run to its end")
                    .buckets(RUN_SECONDS.to_vec()),
            )?,
            tool_calls: Bounded::new(counters("tool_calls_total", "Calls of tools", "toolName")?, MAX_LABEL_VALUES),
            llm_tokens: Bounded::new(
                counters("llm_tokens_total", "Tokens that models read and wrote", "tenantId")?,
                MAX_LABEL_VALUES,
            ),
            jobs: IntGaugeVec::new(Opts::new("queue_jobs_in_progress", "Jobs under way"), &["queue"])?,
            nats_events: counters("sba_nats_events_total", "Events of the NATS connection", "event")?,
            dead_letters: counters("sba_dead_letters_total", "Messages that could not be done", "origin")?,
            surplus: counters("sba_queue_surplus_total", "What was beyond its tenant's share of a queue", "queue")?,
            model_circuit: IntGaugeVec::new(
                Opts::new("sba_model_circuit", "0: the model is called, 1: one call tries it, 2: it is left alone"),
                &["endpoint"],
            )?,
            model_failures: counters("sba_model_failures_total", "Calls of a model that failed", "code")?,
            outage_cancelled: IntCounter::new(
                "sba_runs_cancelled_by_outage_total",
                "Runs that were cancelled because their model was out",
            )?,
            stalled: counters("sba_runs_stalled_total", "Runs that were found without progress", "reason")?,
            runs_open: IntGauge::new("sba_runs_open", "Runs that have not ended, where this process looks after them")?,
            swept: counters("sba_swept_total", "What nobody needed any more, or was lost", "what")?,
            sweeps: IntCounter::new("sba_sweeps_total", "Sweeps over all tenants")?,
            sweep_failures: IntCounter::new("sba_sweep_failures_total", "Tenants that could not be swept")?,
            firings: counters("sba_schedule_firings_total", "Moments of schedules that were seen to", "outcome")?,
            runs_owned: IntGauge::new("sba_runs_owned", "Runs that this process owns")?,
            connections: IntGauge::new("sba_connections", "Connections that are open")?,
            connections_refused: IntCounter::new(
                "sba_connections_refused_total",
                "Connections that were refused because there were as many as allowed",
            )?,
            viewers: IntGauge::new("sba_viewers", "Clients that watch a run")?,
            heartbeat_heard: IntGauge::new("sba_heartbeat_heard", "1 while the own heartbeat is heard")?,
            projector_lag: IntGauge::new("sba_projector_lag", "Messages that are not projected yet")?,
            projector_left_out: IntCounter::new("sba_projector_left_out_total", "What could not be projected")?,
            logs_removed: IntCounter::new("sba_logs_removed_total", "Logs of runs that retention removed")?,
            projector_delay_seconds: Gauge::new("sba_projector_delay_seconds", "Age of the last projected event")?,
            registry,
        };
        metrics.register()?;
        Ok(metrics)
    }

    fn register(&self) -> Result<(), prometheus::Error> {
        let all: Vec<Box<dyn prometheus::core::Collector>> = vec![
            Box::new(self.requests.clone()),
            Box::new(self.run_seconds.clone()),
            Box::new(self.tool_calls.family().clone()),
            Box::new(self.llm_tokens.family().clone()),
            Box::new(self.jobs.clone()),
            Box::new(self.nats_events.clone()),
            Box::new(self.dead_letters.clone()),
            Box::new(self.surplus.clone()),
            Box::new(self.stalled.clone()),
            Box::new(self.model_circuit.clone()),
            Box::new(self.model_failures.clone()),
            Box::new(self.outage_cancelled.clone()),
            Box::new(self.runs_open.clone()),
            Box::new(self.swept.clone()),
            Box::new(self.sweeps.clone()),
            Box::new(self.sweep_failures.clone()),
            Box::new(self.firings.clone()),
            Box::new(self.runs_owned.clone()),
            Box::new(self.connections.clone()),
            Box::new(self.connections_refused.clone()),
            Box::new(self.viewers.clone()),
            Box::new(self.heartbeat_heard.clone()),
            Box::new(self.projector_lag.clone()),
            Box::new(self.projector_left_out.clone()),
            Box::new(self.logs_removed.clone()),
            Box::new(self.projector_delay_seconds.clone()),
        ];
        all.into_iter().try_for_each(|metric| self.registry.register(metric))
    }

    /// A gateway took a request, or an orchestrator a command.
    pub fn request(&self) {
        self.requests.inc();
    }

    /// A run came to its end, however.
    pub fn run_ended(&self, lasted: Duration) {
        self.run_seconds.observe(lasted.as_secs_f64());
    }

    /// A tool was called.
    pub fn tool_call(&self, tool: &str) {
        self.tool_calls.with(tool, |family, label| family.with_label_values(&[label]).inc());
    }

    /// A model read and wrote so many tokens for a tenant.
    pub fn llm_tokens(&self, tenant: &str, tokens: u64) {
        self.llm_tokens.with(tenant, |family, label| family.with_label_values(&[label]).inc_by(tokens));
    }

    /// A job of a queue begins; it ends when the answer is dropped.
    pub fn job(&self, queue: &str) -> JobInProgress {
        let gauge = self.jobs.with_label_values(&[queue]);
        gauge.inc();
        JobInProgress(gauge)
    }

    /// A message was dead-lettered. `origin` is one of a closed set.
    pub fn dead_letter(&self, origin: &str) {
        self.dead_letters.with_label_values(&[origin]).inc();
    }

    /// A message was beyond its tenant's share of a queue. `queue` is one of a closed set.
    pub fn surplus(&self, queue: &str) {
        self.surplus.with_label_values(&[queue]).inc();
    }

    /// How the circuit to a model stands. `endpoint` is `first` or `fallback`.
    #[must_use]
    pub fn model_circuit(&self, endpoint: &str) -> IntGauge {
        self.model_circuit.with_label_values(&[endpoint])
    }

    /// A call of a model failed. `code` is one of a closed set.
    pub fn model_failure(&self, code: &str) {
        self.model_failures.with_label_values(&[code]).inc();
    }

    /// A run was found without progress. `reason` is one of a closed set.
    pub fn stalled(&self, reason: &str) {
        self.stalled.with_label_values(&[reason]).inc();
    }

    /// A sweep over all tenants did so much of each, and left so many tenants out. `what` is one of a closed set.
    pub fn sweep(&self, did: &[(&str, u64)], left_out: u64) {
        for (what, count) in did {
            self.swept.with_label_values(&[what]).inc_by(*count);
        }
        self.sweeps.inc();
        self.sweep_failures.inc_by(left_out);
    }

    /// A moment of a schedule was seen to. `outcome` is one of a closed set.
    pub fn firing(&self, outcome: &str) {
        self.firings.with_label_values(&[outcome]).inc();
    }

    /// Something happened to the NATS connection. `event` is one of a closed set.
    pub(crate) fn nats_event(&self, event: &str) {
        self.nats_events.with_label_values(&[event]).inc();
    }

    /// The registry, for metrics that only one process has.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// All figures as Prometheus reads them.
    ///
    /// # Errors
    /// If a metric that was added to the registry cannot be written.
    pub fn text(&self) -> Result<String, prometheus::Error> {
        let mut out = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut out)?;
        Ok(String::from_utf8_lossy(&out).into_owned())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn the_five_metrics_have_their_names_and_labels() {
        let metrics = Metrics::new().unwrap();
        metrics.request();
        metrics.run_ended(Duration::from_millis(700));
        metrics.tool_call("knowledge");
        metrics.llm_tokens("t-1", 42);
        let job = metrics.job("render");
        let text = metrics.text().unwrap();
        for line in [
            "orchestrator_requests_total 1",
            "agent_run_duration_seconds_bucket{le=\"1\"} 1",
            "agent_run_duration_seconds_count 1",
            "tool_calls_total{toolName=\"knowledge\"} 1",
            "llm_tokens_total{tenantId=\"t-1\"} 42",
            "queue_jobs_in_progress{queue=\"render\"} 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is missing in\n{text}");
        }
        drop(job);
        assert!(metrics.text().unwrap().contains("queue_jobs_in_progress{queue=\"render\"} 0"));
    }

    #[test]
    fn two_sets_of_metrics_live_in_one_process() {
        let (one, other) = (Metrics::new().unwrap(), Metrics::new().unwrap());
        one.request();
        assert!(other.text().unwrap().contains("orchestrator_requests_total 0"));
    }
}
