//! What is left when nothing is in flight: no command, no job, no dead letter, no owned run, no memory.

use std::{collections::BTreeMap, fs};

use sba_subjects::stream::Stream;

use super::Audit;
use crate::{
    api::until,
    chaos::site::{PATIENCE, PROCESSES, Site},
};

/// Resident memory of each process when nothing was in flight for the first time, in kilobytes.
pub(super) struct Baseline(BTreeMap<&'static str, u64>);

/// What a process may have grown by since then, in kilobytes: caches and arenas that are filled once.
const GROWTH: u64 = 64 * 1024;

impl Audit {
    pub(super) async fn nothing_is_left(&mut self, site: &mut Site) -> anyhow::Result<()> {
        for queue in [Stream::Cmds, Stream::Jobs] {
            let what = format!("{queue} to be empty");
            let empty = until(&what, PATIENCE, async || {
                let stream = self.jetstream.get_stream(queue.as_str()).await?;
                Ok((stream.get_info().await?.state.messages == 0).then_some(()))
            });
            empty.await?;
        }
        self.no_dead_letters().await?;
        for name in PROCESSES {
            let url = format!("{}/metrics", site.process(name)?.ops_url());
            let what = format!("{name} to let everything go");
            let idle = until(&what, PATIENCE, async || {
                let metrics = reqwest::get(&url).await?.text().await?;
                let zero = |gauge: &str| {
                    metrics.lines().filter(|line| line.starts_with(gauge)).all(|line| line.ends_with(" 0"))
                };
                Ok((zero("sba_runs_owned ") && zero("sba_viewers ") && zero("queue_jobs_in_progress")).then_some(()))
            });
            idle.await?;
        }
        self.memory_is_back(site)
    }

    async fn no_dead_letters(&self) -> anyhow::Result<()> {
        let dead = self.jetstream.get_stream(Stream::Dead.as_str()).await?;
        let count = dead.get_info().await?.state.messages;
        if count == 0 {
            return Ok(());
        }
        let last = dead.get_last_raw_message_by_subject("sba.*.dead.>").await?;
        anyhow::bail!("{count} dead letters, the last of them {}: {:?}", last.subject, last.headers)
    }

    fn memory_is_back(&mut self, site: &mut Site) -> anyhow::Result<()> {
        let mut now = BTreeMap::new();
        for name in PROCESSES {
            let pid = site.process(name)?.pid();
            if let Some(kilobytes) = pid.and_then(resident) {
                now.insert(name, kilobytes);
            }
        }
        let Some(Baseline(before)) = &self.baseline else {
            self.baseline = Some(Baseline(now));
            return Ok(());
        };
        for (name, kilobytes) in now {
            let before = before.get(name).copied().unwrap_or(kilobytes);
            anyhow::ensure!(kilobytes < before + GROWTH, "{name} grew from {before} to {kilobytes} kB");
        }
        Ok(())
    }
}

/// Resident memory of a process, in kilobytes; `None` where the system does not say.
fn resident(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}
