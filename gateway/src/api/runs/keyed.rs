//! The run that an idempotency key stands for.

use sba_service::log::Standing;
use sba_store::{StoreError, runs};
use sba_subjects::id::RunId;
use tracing::warn;

use super::start::accept::Which;
use crate::{
    app::App,
    auth::Principal,
    error::{ApiError, Code},
};

/// The run of a key, the same from any gateway; a new one where there is no key.
///
/// A key stands for one run for ever. What its log knew of the request went with the log, some time after the run's end:
/// then nothing can be compared, and a second run of the same id would stand in the place of the first.
pub(super) async fn run(app: &App, principal: &Principal, key: Option<&str>) -> Result<Which, ApiError> {
    let Some(key) = key else { return Ok(Which::New(app.ids.make())) };
    let run = principal.key.run_for(key);
    match ended(app, principal, run).await {
        Ok(false) => return Ok(Which::Keyed(run)),
        Ok(true) => {}
        Err(error) => {
            // Logs outlive keys, and runs are started while Postgres is away.
            let error: &dyn std::error::Error = &error;
            warn!(error, "it is not known whether a key stands for a run that has lost its log");
            return Ok(Which::Keyed(run));
        }
    }
    let standing = app.log.standing(&principal.key, run).await.map_err(|error| {
        ApiError::new(Code::Unavailable, "the run that has this key cannot be read now").caused_by(error)
    })?;
    if standing == Standing::Gone {
        return Err(ApiError::new(
            Code::IdempotencyConflict,
            "this idempotency key was used for a run whose log was removed since",
        ));
    }
    Ok(Which::Keyed(run))
}

/// Whether Postgres has an end of the run.
async fn ended(app: &App, principal: &Principal, run: RunId) -> Result<bool, StoreError> {
    let mut tx = app.store.begin(principal.tenant).await?;
    Ok(runs::get(&mut tx, run).await?.is_some_and(|run| run.status.is_terminal()))
}
