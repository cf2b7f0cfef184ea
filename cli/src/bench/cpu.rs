//! How much processor time the processes of an installation take, for each thing that is done.

use std::{fs, time::Duration};

use crate::local::Stack;

/// Fields of `/proc/<pid>/stat` behind the name, counted from 0: the parent, and the time of the process in user and
/// system mode; then that of its children which have ended.
const PARENT: usize = 1;
const TIMES: std::ops::Range<usize> = 11..15;

/// The processes of an installation, with the bench's own.
#[derive(Debug)]
pub(super) struct Processes(Vec<(&'static str, Vec<u32>)>);

/// What each kind of process has taken so far.
#[derive(Debug, Clone)]
pub(super) struct Taken(Vec<(&'static str, Duration)>);

impl Processes {
    pub(super) fn of(stack: &mut Stack) -> Self {
        let postgres = stack.postgres().pid().into_iter().collect();
        let nats = stack.nats().and_then(|nats| nats.pid()).into_iter().collect();
        let own = |name, processes: &mut [crate::local::SbaProcess]| {
            (name, processes.iter().filter_map(crate::local::SbaProcess::pid).collect::<Vec<_>>())
        };
        let gateways = own("gateway", stack.gateways());
        let orchestrators = own("orchestrator", stack.orchestrators());
        let workers = own("worker", stack.workers());
        Self(vec![
            gateways,
            orchestrators,
            workers,
            ("nats-server", nats),
            ("postgres", postgres),
            ("bench", vec![std::process::id()]),
        ])
    }

    /// What they have taken. Zero where the system has no `/proc`.
    pub(super) fn taken(&self) -> Taken {
        let all = stats();
        let kind = |(name, pids): &(&'static str, Vec<u32>)| {
            // Postgres serves each connection with a child.
            let mine = |stat: &&Stat| pids.contains(&stat.pid) || pids.contains(&stat.parent);
            // The bench's own children are counted by themselves.
            let bench = pids.contains(&std::process::id());
            let ticks = all.iter().filter(|stat| if bench { pids.contains(&stat.pid) } else { mine(stat) });
            (*name, ticks.map(|stat| stat.time(!bench)).sum())
        };
        Taken(self.0.iter().map(kind).collect())
    }
}

impl Taken {
    /// A line that says what each of `n` took since `before`.
    pub(super) fn since(&self, before: &Self, n: u64) -> String {
        let each =
            |time: Duration| time.as_secs_f64() * 1_000_000.0 / f64::from(u32::try_from(n.max(1)).unwrap_or(u32::MAX));
        let times = self.0.iter().zip(&before.0).map(|((name, now), (_, then))| (name, now.saturating_sub(*then)));
        let times: Vec<_> = times.collect();
        let all = times.iter().map(|(_, time)| *time).sum();
        let parts: Vec<String> = times.iter().map(|(name, time)| format!("{name} {:.0}", each(*time))).collect();
        format!("{:.0} µs of processor time each: {}", each(all), parts.join(", "))
    }
}

/// A process and its time so far.
struct Stat {
    pid: u32,
    parent: u32,
    own: Duration,
    children: Duration,
}

impl Stat {
    fn time(&self, with_children: bool) -> Duration {
        self.own + if with_children { self.children } else { Duration::ZERO }
    }
}

fn stats() -> Vec<Stat> {
    let entries = fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter_map(|pid| read(pid, &fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)).collect()
}

fn read(pid: u32, stat: &str) -> Option<Stat> {
    // The name stands in parentheses and may hold anything.
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split_whitespace().collect();
    let times: Vec<u64> = fields.get(TIMES)?.iter().filter_map(|ticks| ticks.parse().ok()).collect();
    let [user, system, children_user, children_system] = times.try_into().ok()?;
    // Linux counts in hundredths of a second, whatever its own clock does.
    let time = |ticks: u64| Duration::from_millis(ticks * 10);
    let (own, children) = (time(user + system), time(children_user + children_system));
    Some(Stat { pid, parent: fields.get(PARENT)?.parse().ok()?, own, children })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_process_with_a_strange_name_is_read() {
        let stat = read(7, "7 (a) b (c) S 3 7 7 0 -1 4194304 10 0 0 0 150 50 20 5 20 0 1 0 100").unwrap();
        assert_eq!((stat.pid, stat.parent), (7, 3));
        assert_eq!((stat.time(false), stat.time(true)), (Duration::from_secs(2), Duration::from_millis(2_250)));
    }

    #[test]
    fn what_was_taken_is_said_for_each() {
        let before = Taken(vec![("gateway", Duration::from_millis(100)), ("bench", Duration::ZERO)]);
        let after = Taken(vec![("gateway", Duration::from_millis(300)), ("bench", Duration::from_millis(50))]);
        assert_eq!(after.since(&before, 1_000), "250 µs of processor time each: gateway 200, bench 50");
    }
}
