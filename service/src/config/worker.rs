//! `[worker]`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Millis, findings::Findings};

/// Who does the jobs.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WorkerConfig {
    /// Jobs of each queue that one process does at the same time.
    pub concurrency: QueueConcurrency,
    /// Jobs of each queue that are beyond their tenants' shares that one process does at the same time, besides.
    pub surplus_concurrency: SurplusConcurrency,
    /// Time after which an unacknowledged job is delivered again, in milliseconds.
    pub ack_wait_ms: Millis,
    /// Time between progress acknowledgements of a job that is being worked on, in milliseconds.
    pub progress_ms: Millis,
    /// Deliveries of a job after which it is dead-lettered.
    pub max_deliveries: u32,
    /// Most jobs of one queue that are worked on at once, over all processes; the surplus waits in the queue.
    pub max_pending_jobs: u32,
    /// Most requests for jobs of one queue that wait at the server: at least one for each job that all processes
    /// together do at the same time. It is fixed when the queue is first made.
    pub max_waiting_pulls: u32,
    /// Pause before a failed job is tried again, in milliseconds; it doubles each time, with jitter.
    pub retry_min_ms: Millis,
    /// Longest pause before a failed job is tried again, in milliseconds.
    pub retry_max_ms: Millis,
    /// Longest time for one try of a job, in milliseconds; of a tool call no longer than `orchestrator.tool_deadline_ms`, of a
    /// document's indexing the longest time for each part of it.
    pub job_deadline_ms: Millis,
    /// Largest result of a tool call, in bytes of JSON: it becomes part of the run's log and of the model's prompt.
    pub max_result_bytes: usize,
    /// Longest time for which a job waits for a database, blob store or JetStream that is out of reach, in milliseconds.
    /// Tries in that time do not count.
    pub outage_ms: Millis,
}

/// Jobs at the same time, by queue; 0 leaves a queue to other processes.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct QueueConcurrency {
    /// Artifacts.
    pub render: usize,
    /// Documents: parsing, splitting, embedding. Bound by the processor.
    pub index: usize,
    /// Supervision of runs.
    pub agent_supervisor: usize,
    /// Calls of tools.
    pub tool_exec: usize,
}

/// Jobs beyond their tenants' shares at the same time, by queue; 0 leaves those of a queue to other processes.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SurplusConcurrency {
    /// Artifacts.
    pub render: usize,
    /// Documents.
    pub index: usize,
    /// Calls of tools.
    pub tool_exec: usize,
}

impl Default for SurplusConcurrency {
    fn default() -> Self {
        Self { render: 8, index: 2, tool_exec: 16 }
    }
}

impl Default for QueueConcurrency {
    fn default() -> Self {
        Self { render: 8, index: 2, agent_supervisor: 2, tool_exec: 16 }
    }
}

impl Default for WorkerConfig {
    fn default() -> Self {
        Self {
            concurrency: QueueConcurrency::default(),
            surplus_concurrency: SurplusConcurrency::default(),
            ack_wait_ms: Millis::new(10_000),
            progress_ms: Millis::new(3_000),
            max_deliveries: 5,
            max_pending_jobs: 10_000,
            max_waiting_pulls: 16_384,
            retry_min_ms: Millis::new(500),
            retry_max_ms: Millis::new(30_000),
            job_deadline_ms: Millis::new(600_000),
            max_result_bytes: 256 * 1024,
            outage_ms: Millis::new(300_000),
        }
    }
}

impl WorkerConfig {
    pub(super) fn check(&self, mut to: Findings<'_>) {
        let queues = &self.concurrency;
        to.range("concurrency.render", queues.render, 0..=4_096);
        to.range("concurrency.index", queues.index, 0..=4_096);
        to.range("concurrency.agent_supervisor", queues.agent_supervisor, 0..=4_096);
        to.range("concurrency.tool_exec", queues.tool_exec, 0..=4_096);
        let surplus = &self.surplus_concurrency;
        to.range("surplus_concurrency.render", surplus.render, 0..=4_096);
        to.range("surplus_concurrency.index", surplus.index, 0..=4_096);
        to.range("surplus_concurrency.tool_exec", surplus.tool_exec, 0..=4_096);
        let all = queues.render + queues.index + queues.agent_supervisor + queues.tool_exec;
        to.require("concurrency", all > 0, "is 0 for every queue, so a worker would do nothing");
        to.range("ack_wait_ms", self.ack_wait_ms.get(), 500..=600_000);
        to.range("progress_ms", self.progress_ms.get(), 100..=600_000);
        to.require(
            "progress_ms",
            self.progress_ms.get() * 2 <= self.ack_wait_ms.get(),
            "must be at most half of ack_wait_ms, or one late ack repeats a job",
        );
        to.range("max_deliveries", self.max_deliveries, 1..=1_000);
        to.range("max_pending_jobs", self.max_pending_jobs, 1..=10_000_000);
        to.range("max_waiting_pulls", self.max_waiting_pulls, 1..=1_000_000);
        to.range("retry_min_ms", self.retry_min_ms.get(), 1..=600_000);
        to.range("retry_max_ms", self.retry_max_ms.get(), 1..=3_600_000);
        let ordered = self.retry_min_ms <= self.retry_max_ms;
        to.require("retry_max_ms", ordered, "is shorter than retry_min_ms");
        to.range("outage_ms", self.outage_ms.get(), 0..=86_400_000);
        // A result travels in one message with the rest of its command.
        to.range("max_result_bytes", self.max_result_bytes, 1_024..=512 * 1024);
        to.range("job_deadline_ms", self.job_deadline_ms.get(), 100..=86_400_000);
    }
}
