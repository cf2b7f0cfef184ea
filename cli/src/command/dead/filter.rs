//! Which dead letters are meant.

use sba_service::{
    dead::{Found, Letter, Letters},
    walk::{From, WalkError},
};
use sba_subjects::{
    name::{Origin, Queue},
    subject::filter::Source,
};
use time::OffsetDateTime;

use crate::operate::TenantArg;

/// All that is said must hold.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct FilterArgs {
    /// Only those of this tenant: its id, or the key of its NATS account.
    #[arg(long)]
    tenant: Option<TenantArg>,
    /// Only what came from there: cmd (commands), job (jobs of SBA's workers), jobx (jobs of customers' tools), fired (timers).
    #[arg(long)]
    origin: Option<Origin>,
    /// Only jobs of this queue: render, index, agent-supervisor, tool-exec.
    #[arg(long, conflicts_with = "origin")]
    queue: Option<Queue>,
    /// Only those that are dead for this reason, a code such as job_invalid.
    #[arg(long)]
    reason: Option<String>,
    /// Only those that have been dead for longer, e.g. 2h or 7d.
    #[arg(long, value_name = "AGE")]
    older: Option<humantime::Duration>,
    /// Only those that died since, e.g. 15m.
    #[arg(long, value_name = "AGE")]
    newer: Option<humantime::Duration>,
}

impl FilterArgs {
    /// Whether nothing is said, so that all are meant.
    pub(super) const fn is_empty(&self) -> bool {
        self.tenant.is_none()
            && self.origin.is_none()
            && self.queue.is_none()
            && self.reason.is_none()
            && self.older.is_none()
            && self.newer.is_none()
    }

    /// Walks through what may be meant, behind a letter; `now` is what ages are counted back from.
    pub(super) async fn walk(
        &self,
        letters: &Letters,
        after: u64,
        now: OffsetDateTime,
    ) -> Result<Meant<'_>, WalkError> {
        let source = self.queue.map(Source::Queue).or(self.origin.map(Source::Origin));
        let from = match self.newer {
            Some(age) if after == 0 => From::Time(now - *age),
            _ => From::After(after),
        };
        let found = letters.walk(self.tenant.as_ref().and_then(TenantArg::key), source, from).await?;
        Ok(Meant { found, filter: self, now })
    }

    fn means(&self, letter: &Letter, now: OffsetDateTime) -> bool {
        let age = now - letter.died_at;
        let tenant = letter.tenant().map(sba_subjects::id::TenantKey::id);
        self.tenant.as_ref().is_none_or(|meant| tenant == Some(meant.id()))
            && self.reason.as_deref().is_none_or(|reason| letter.reason() == reason)
            && self.older.is_none_or(|older| age > *older)
            && self.newer.is_none_or(|newer| age <= *newer)
    }
}

/// The letters that are meant.
pub(super) struct Meant<'a> {
    found: Found,
    filter: &'a FilterArgs,
    now: OffsetDateTime,
}

impl Meant<'_> {
    /// The next; none after the last.
    pub(super) async fn next(&mut self) -> Result<Option<Letter>, WalkError> {
        while let Some(letter) = self.found.next().await? {
            if self.filter.means(&letter, self.now) {
                return Ok(Some(letter));
            }
        }
        Ok(None)
    }
}
