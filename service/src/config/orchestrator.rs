//! `[orchestrator]`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Millis, findings::Findings};

/// The longest that a log may be kept after the end of its run.
pub const MAX_RETENTION_DAYS: u32 = 3_650;

/// Who drives runs, and how.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OrchestratorConfig {
    /// Runs that one process drives at the same time because they were started; the surplus waits in the command queue.
    pub max_runs: usize,
    /// The same for runs that are beyond their tenants' shares; 0 leaves them to other processes.
    pub max_surplus_runs: usize,
    /// Answers, results, cancels and other commands to runs that one process works on at the same time. One to a run that
    /// no process drives, after a crash or a pause, has it driven here, besides `max_runs`.
    pub max_commands: usize,
    /// Time between heartbeats of every process, in milliseconds. The same for all processes.
    pub heartbeat_ms: Millis,
    /// Heartbeats that a process must miss before another takes its runs over.
    pub missed_heartbeats: u32,
    /// Time after which an unacknowledged command is delivered again, in milliseconds.
    pub command_ack_wait_ms: Millis,
    /// Time between progress acknowledgements of a command that is being worked on, in milliseconds.
    pub command_progress_ms: Millis,
    /// Pause before a command that failed is delivered again, in milliseconds; it doubles each time, with jitter.
    pub command_retry_min_ms: Millis,
    /// Longest pause before a command that failed is delivered again, in milliseconds.
    pub command_retry_max_ms: Millis,
    /// Deliveries of a command after which it is dead-lettered.
    pub command_max_deliveries: u32,
    /// Most commands that are worked on at once, over all processes; the surplus waits in the queue.
    pub max_pending_commands: u32,
    /// Most requests for commands that wait at the server, over all processes. It is fixed when the queue is first made.
    pub max_waiting_pulls: u32,
    /// Longest time that one append to the log is repeated while its outcome is unknown, in milliseconds.
    pub append_deadline_ms: Millis,
    /// Largest token frame, in bytes of text: what arrives while an append is in flight shares a frame.
    pub max_frame_bytes: usize,
    /// Events after which the state of a run is stored again: whoever loads the run reads no more of its log than these.
    pub snapshot_every_events: u64,
    /// Memory for the states of runs that one process left waiting, in bytes of their events; 0 for none.
    pub remembered_bytes: u64,
    /// Longest time for one call of a model, in milliseconds; also the longest wait for its turn.
    pub model_deadline_ms: Millis,
    /// Longest time for one call of a tool, waiting in the queue included, in milliseconds.
    pub tool_deadline_ms: Millis,
    /// Time that a cancelled tool gets to stop before the run is closed without it, in milliseconds.
    pub cancel_grace_ms: Millis,
    /// Most sections of a report besides the answer, one for each document that has something to say.
    pub max_sections: u32,
    /// Language of answers where a request names none, as a BCP 47 tag.
    pub locale: String,
    /// Most steps of one run.
    pub max_steps: u32,
    /// Most tokens of one run, input and output together.
    pub max_run_tokens: u64,
    /// What one run may cost, in millionths of the currency of `model.input_price_micros`. Unset: no limit.
    pub max_run_cost_micros: Option<u64>,
    /// Most tool calls that one answer of a model may ask for; the surplus is not made.
    pub max_parallel_calls: u32,
    /// How often a model may make the same call in one run.
    pub max_same_calls: u32,
    /// Time that a person has to answer what a run asks, in milliseconds.
    pub answer_deadline_ms: Millis,
    /// Pause before another call of a failing model from which the run is let go meanwhile, in milliseconds.
    pub park_after_ms: Millis,
    /// Longest time for one run, in milliseconds; waiting for a person does not count.
    pub run_deadline_ms: Millis,
    /// Time between two looks of the supervisor for runs without progress, in milliseconds.
    pub supervise_interval_ms: Millis,
    /// Time without progress after which a run counts as stuck, in milliseconds.
    pub stall_ms: Millis,
    /// Most runs that the supervisor looks at in one interval.
    pub supervise_looks: usize,
    /// How often a run without progress is driven on before it fails.
    pub stall_limit: u32,
    /// How often in a row a run may be taken up by a process that is lost over it before it fails.
    pub max_lost_attempts: u32,
    /// Schedules whose moment has come that one process sees to at the same time; each takes a database connection.
    pub max_firings: u32,
    /// Time after its moment from which on a schedule has missed it, in milliseconds.
    pub schedule_grace_ms: Millis,
    /// Most events that the projector writes in one transaction.
    pub projector_batch: usize,
    /// Least time from one transaction of the projector to the next, in milliseconds: under load more events share one.
    pub projector_gather_ms: Millis,
    /// Time between two signs of the projector that leads that it is there, in milliseconds. One that gives none for five
    /// seconds leads no longer.
    pub projector_keep_ms: Millis,
    /// Time between two looks of a projector that does not lead whether it may, in milliseconds.
    pub projector_watch_ms: Millis,
    /// Pause of the projector after a failure, such as a database that is down, in milliseconds.
    pub projector_retry_ms: Millis,
    /// Days after the end of a run for which its log is kept, where the tenant's settings name no number. A run that goes
    /// on, or waits, keeps its log.
    pub retention_days: u32,
    /// Time between two rounds that remove logs, in milliseconds.
    pub retention_interval_ms: Millis,
    /// Most logs that one round removes, and most tenants that it looks after.
    pub retention_batch: u32,
}

impl Default for OrchestratorConfig {
    fn default() -> Self {
        Self {
            max_runs: 256,
            max_surplus_runs: 256,
            max_commands: 256,
            heartbeat_ms: Millis::new(250),
            missed_heartbeats: 3,
            command_ack_wait_ms: Millis::new(1_000),
            command_progress_ms: Millis::new(300),
            command_retry_min_ms: Millis::new(250),
            command_retry_max_ms: Millis::new(30_000),
            command_max_deliveries: 20,
            max_pending_commands: 100_000,
            max_waiting_pulls: 16_384,
            append_deadline_ms: Millis::new(30_000),
            max_frame_bytes: 16 * 1024,
            snapshot_every_events: 64,
            remembered_bytes: 32 << 20,
            model_deadline_ms: Millis::new(180_000),
            tool_deadline_ms: Millis::new(120_000),
            cancel_grace_ms: Millis::new(5_000),
            max_sections: 3,
            locale: "en".to_owned(),
            max_steps: 24,
            max_run_tokens: 200_000,
            max_run_cost_micros: None,
            max_parallel_calls: 16,
            max_same_calls: 3,
            answer_deadline_ms: Millis::new(86_400_000),
            park_after_ms: Millis::new(5_000),
            run_deadline_ms: Millis::new(900_000),
            supervise_interval_ms: Millis::new(5_000),
            stall_ms: Millis::new(60_000),
            supervise_looks: 1_000,
            stall_limit: 5,
            max_lost_attempts: 10,
            max_firings: 4,
            schedule_grace_ms: Millis::new(60_000),
            projector_batch: 500,
            projector_gather_ms: Millis::new(25),
            projector_keep_ms: Millis::new(1_000),
            projector_watch_ms: Millis::new(1_000),
            projector_retry_ms: Millis::new(500),
            retention_days: 90,
            retention_interval_ms: Millis::new(10_000),
            retention_batch: 500,
        }
    }
}

impl OrchestratorConfig {
    pub(super) fn check(&self, mut to: Findings<'_>) {
        to.range("max_runs", self.max_runs, 1..=10_000);
        to.range("max_surplus_runs", self.max_surplus_runs, 0..=10_000);
        to.range("max_commands", self.max_commands, 1..=10_000);
        to.range("heartbeat_ms", self.heartbeat_ms.get(), 10..=60_000);
        to.range("missed_heartbeats", self.missed_heartbeats, 2..=100);
        to.range("command_ack_wait_ms", self.command_ack_wait_ms.get(), 500..=600_000);
        to.range("command_progress_ms", self.command_progress_ms.get(), 100..=600_000);
        to.require(
            "command_progress_ms",
            self.command_progress_ms.get() * 2 <= self.command_ack_wait_ms.get(),
            "must be at most half of command_ack_wait_ms, or one late ack repeats a command",
        );
        to.range("command_retry_min_ms", self.command_retry_min_ms.get(), 1..=600_000);
        to.range("command_retry_max_ms", self.command_retry_max_ms.get(), 1..=3_600_000);
        let ordered = self.command_retry_min_ms <= self.command_retry_max_ms;
        to.require("command_retry_max_ms", ordered, "is shorter than command_retry_min_ms");
        to.range("command_max_deliveries", self.command_max_deliveries, 1..=1_000);
        to.range("max_pending_commands", self.max_pending_commands, 1..=10_000_000);
        to.range("max_waiting_pulls", self.max_waiting_pulls, 1..=1_000_000);
        to.range("append_deadline_ms", self.append_deadline_ms.get(), 100..=600_000);
        to.range("max_frame_bytes", self.max_frame_bytes, 64..=512 * 1024);
        to.range("snapshot_every_events", self.snapshot_every_events, 1..=100_000);
        to.range("remembered_bytes", self.remembered_bytes, 0..=1 << 40);
        to.range("model_deadline_ms", self.model_deadline_ms.get(), 100..=3_600_000);
        to.range("tool_deadline_ms", self.tool_deadline_ms.get(), 100..=3_600_000);
        to.range("cancel_grace_ms", self.cancel_grace_ms.get(), 0..=600_000);
        // A report takes no more.
        to.range("max_sections", self.max_sections, 0..=49);
        to.range("max_steps", self.max_steps, 1..=10_000);
        to.range("max_run_tokens", self.max_run_tokens, 1..=1_000_000_000);
        to.range("max_parallel_calls", self.max_parallel_calls, 1..=256);
        to.range("max_same_calls", self.max_same_calls, 1..=1_000);
        to.range("answer_deadline_ms", self.answer_deadline_ms.get(), 1_000..=31_536_000_000);
        to.range("park_after_ms", self.park_after_ms.get(), 1_000..=3_600_000);
        to.range("run_deadline_ms", self.run_deadline_ms.get(), 100..=604_800_000);
        to.range("supervise_interval_ms", self.supervise_interval_ms.get(), 50..=600_000);
        to.range("stall_ms", self.stall_ms.get(), 100..=3_600_000);
        to.range("supervise_looks", self.supervise_looks, 1..=100_000);
        to.range("stall_limit", self.stall_limit, 1..=1_000);
        to.range("max_lost_attempts", self.max_lost_attempts, 2..=1_000);
        to.range("max_firings", self.max_firings, 1..=256);
        to.range("schedule_grace_ms", self.schedule_grace_ms.get(), 1_000..=86_400_000);
        to.range("projector_batch", self.projector_batch, 1..=10_000);
        to.range("projector_gather_ms", self.projector_gather_ms.get(), 0..=1_000);
        to.range("projector_keep_ms", self.projector_keep_ms.get(), 50..=2_000);
        to.range("projector_watch_ms", self.projector_watch_ms.get(), 50..=60_000);
        to.range("projector_retry_ms", self.projector_retry_ms.get(), 10..=60_000);
        to.range("retention_days", self.retention_days, 1..=MAX_RETENTION_DAYS);
        to.range("retention_interval_ms", self.retention_interval_ms.get(), 50..=3_600_000);
        to.range("retention_batch", self.retention_batch, 1..=10_000);
    }
}
