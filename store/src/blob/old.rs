//! Blobs that have been there for a while, for whoever sweeps.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use futures::{StreamExt as _, TryStreamExt as _, stream::BoxStream};
use object_store::{ObjectStore as _, ObjectStoreExt as _};
use sba_subjects::id::TenantId;
use time::OffsetDateTime;
use tokio::time::timeout;

use super::{BlobError, BlobKey, Blobs, key};

impl Blobs {
    /// The tenant's blobs that were stored before `oldest`. What has another name than blobs have is passed over.
    pub fn older(&self, tenant: TenantId, oldest: OffsetDateTime) -> BoxStream<'_, Result<BlobKey, BlobError>> {
        let deadline = self.deadline;
        let objects = self.store.list(Some(&key::folder(tenant)));
        let pieces = futures::stream::try_unfold(objects, move |mut objects| async move {
            let next = timeout(deadline, objects.try_next()).await.map_err(|_| BlobError::TimedOut(deadline))??;
            Ok::<_, BlobError>(next.map(|object| (object, objects)))
        });
        let old = pieces.try_filter_map(move |object| {
            let old = object.last_modified.timestamp() < oldest.unix_timestamp();
            let key = old.then(|| BlobKey::parse(tenant, object.location.as_ref()).ok()).flatten();
            std::future::ready(Ok(key))
        });
        old.boxed()
    }

    /// Deletes a blob, unless it is gone or was stored anew since `oldest`; says whether it did.
    ///
    /// # Errors
    /// The kinds of [`BlobError`] but `blob_not_found`.
    pub async fn delete_older(&self, blob: &BlobKey, oldest: OffsetDateTime) -> Result<bool, BlobError> {
        match self.within(self.store.head(&blob.path())).await {
            Ok(found) if found.last_modified.timestamp() < oldest.unix_timestamp() => {}
            Ok(_) | Err(BlobError::NotFound(_)) => return Ok(false),
            Err(error) => return Err(error),
        }
        self.delete(blob).await?;
        Ok(true)
    }

    /// Removes what writes that were cut off before `oldest` left in the tenant's folder; returns how many files. A bucket has
    /// none: there an upload is there as a whole or not at all.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub async fn remove_torn(&self, tenant: TenantId, oldest: OffsetDateTime) -> Result<u64, BlobError> {
        let Some(folder) = &self.folder else { return Ok(0) };
        let folder = folder.join(key::folder(tenant).as_ref());
        let removed = tokio::task::spawn_blocking(move || remove_torn(&folder, oldest.into())).await;
        let removed = removed.unwrap_or_else(|error| Err(io::Error::other(error)));
        removed.map_err(|error| object_store::Error::Generic { store: "folder", source: Box::new(error) }.into())
    }
}

/// The store writes to `<name>#<number>` and renames that when it is whole.
fn is_torn(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let number = name.rsplit_once('#').map(|(_, number)| number);
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

fn remove_torn(folder: &Path, oldest: SystemTime) -> io::Result<u64> {
    let mut removed = 0;
    let mut open: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            // It is empty by now, or it never was.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                open.push(entry.path());
            } else if is_torn(&entry.path()) && entry.metadata()?.modified()? < oldest {
                fs::remove_file(entry.path())?;
                removed += 1;
            }
        }
    }
    Ok(removed)
}
