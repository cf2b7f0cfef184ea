//! What is swept of one tenant.

use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _};
use sba_service::{publish::Stored, wake};
use sba_store::{
    StoreError, TenantTx,
    blob::BlobKey,
    documents, idempotency, schedules, sessions,
    sweep::{self, Forgotten},
    tenants,
};
use sba_subjects::{
    id::{TenantId, TenantKey, UserId},
    job::IndexJob,
};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Sweeper, Tally};
use crate::error::WorkError;

impl Sweeper {
    /// What cannot be swept of one kind does not keep the others.
    pub(super) async fn tenant(&self, tenant: TenantId, tally: &mut Tally) {
        let rows = self.rows(tenant, tally).await;
        let documents = self.documents(tenant, tally).await;
        let blobs = self.blobs(tenant, tally).await;
        let schedules = self.schedules(tenant, tally).await;
        if let Err(why) = rows.and(documents).and(blobs).and(schedules) {
            tally.left(why);
        }
    }

    fn before(&self, age: Duration) -> OffsetDateTime {
        self.clock.now() - age
    }

    /// Rows whose time has run out.
    async fn rows(&self, tenant: TenantId, tally: &mut Tally) -> Result<(), WorkError> {
        let (ages, most) = (self.ages, self.batch);
        loop {
            let mut tx = self.store.begin(tenant).await?;
            // A key may stand for a session, which goes no sooner.
            let keys = idempotency::delete_older(&mut tx, self.before(ages.key), most).await?;
            let sessions = sessions::delete_expired(&mut tx, self.before(ages.key), most).await?;
            let effects = sweep::delete_effects(&mut tx, self.before(ages.effect), most).await?;
            let starts = sweep::delete_starts(&mut tx, self.before(ages.start), most).await?;
            let removed = [keys, sessions, effects, starts];
            if removed.iter().all(|count| *count == 0) {
                return Ok(());
            }
            tx.commit().await?;
            tally.keys += keys;
            tally.sessions += sessions;
            tally.effects += effects;
            tally.starts += starts;
            if removed.iter().all(|count| *count < u64::from(most)) {
                return Ok(());
            }
        }
    }

    /// Documents that wait to be indexed and that nobody is at work on. One whose job stands in the queue is not queued twice.
    async fn documents(&self, tenant: TenantId, tally: &mut Tally) -> Result<(), WorkError> {
        let mut behind = None;
        loop {
            let mut tx = self.store.begin(tenant).await?;
            let forgotten = sweep::forgotten(&mut tx, self.before(self.ages.pending), behind, self.batch).await?;
            let Some(last) = forgotten.last() else { return Ok(()) };
            behind = Some(last.id);
            let Some(account) = account(&mut tx).await? else { return Ok(()) };
            let mut waiting = Vec::with_capacity(forgotten.len());
            for document in forgotten {
                // It may be gone by now.
                waiting.extend(documents::get(&mut tx, document.id).await?.map(|found| (document, found.blob.id())));
            }
            drop(tx);
            for (document, upload) in waiting {
                if self.queue(&account, document, upload).await? {
                    tally.documents += 1;
                }
            }
        }
    }

    /// Gives a document to the workers that index; says whether it was not in their queue.
    async fn queue(&self, tenant: &TenantKey, document: Forgotten, upload: Uuid) -> Result<bool, WorkError> {
        let user = document.created_by.unwrap_or_else(|| UserId::from_uuid(Uuid::nil()));
        let job = IndexJob::new(document.id, &document.content_sha256, upload);
        let (subject, job) = job.given(tenant, user, self.clock.now_millis());
        let stored = self.shares.publish_once(subject, &job, self.answer).await?;
        Ok(matches!(stored, Stored::Now(_)))
    }

    /// Schedules whose moment has passed and that nobody has seen to: what wakes them may be lost, as after a restore of
    /// JetStream alone. One that is woken twice starts no other run.
    async fn schedules(&self, tenant: TenantId, tally: &mut Tally) -> Result<(), WorkError> {
        let mut behind = None;
        loop {
            let mut tx = self.store.begin(tenant).await?;
            let overdue = schedules::overdue(&mut tx, self.before(self.ages.overdue), behind, self.batch).await?;
            let Some((last, _)) = overdue.last() else { return Ok(()) };
            behind = Some(*last);
            let Some(account) = account(&mut tx).await? else { return Ok(()) };
            drop(tx);
            for (schedule, at) in overdue {
                wake::set(&self.jetstream, &account, schedule, at, self.answer).await?;
                tally.schedules += 1;
            }
        }
    }

    /// Bytes that were uploaded and never came to be a document's or an artifact's, or are no longer.
    async fn blobs(&self, tenant: TenantId, tally: &mut Tally) -> Result<(), WorkError> {
        let oldest = self.before(self.ages.blob);
        tally.torn += self.blobs.remove_torn(tenant, oldest).await?;
        let batch = usize::try_from(self.batch).unwrap_or(usize::MAX);
        let mut old = self.blobs.older(tenant, oldest).try_chunks(batch);
        while let Some(blobs) = old.next().await {
            tally.blobs += self.unnamed(tenant, &blobs.map_err(|error| error.1)?, oldest).await?;
        }
        Ok(())
    }

    /// Removes those of some old blobs that no row names. Whoever has stored one and not yet its row is younger than these.
    async fn unnamed(&self, tenant: TenantId, blobs: &[BlobKey], oldest: OffsetDateTime) -> Result<u64, WorkError> {
        let mut tx = self.store.begin(tenant).await?;
        let unnamed = sweep::unnamed(&mut tx, blobs).await?;
        drop(tx);
        let mut removed = 0;
        for blob in unnamed {
            removed += u64::from(self.blobs.delete_older(&blob, oldest).await?);
        }
        Ok(removed)
    }
}

/// The tenant's account; `None` once it is deleted.
async fn account(tx: &mut TenantTx) -> Result<Option<TenantKey>, StoreError> {
    Ok(tenants::get(tx).await?.filter(|tenant| tenant.deleted_at.is_none()).map(|tenant| tenant.account))
}
