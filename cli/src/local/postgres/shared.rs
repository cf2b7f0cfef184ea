//! One server for all tests of a process, or of a whole test run.

use tokio::sync::OnceCell;

use super::{Postgres, database::PostgresSite};
use crate::local::LocalError;

/// Names a server that is already running, as JSON; set by whoever starts servers for a whole test run.
pub(crate) const SITE_VARIABLE: &str = "SBA_TEST_POSTGRES";

/// The server that all who call this share: that of `SBA_TEST_POSTGRES`, else one that is started at the first call and
/// ends with this process. Make a database on it; do not freeze or kill it.
///
/// # Errors
/// As [`Postgres::start`].
#[expect(clippy::disallowed_methods, reason = "a test run is not configured by a file")]
pub async fn shared() -> Result<&'static PostgresSite, LocalError> {
    static SITE: OnceCell<PostgresSite> = OnceCell::const_new();
    static SERVER: OnceCell<Postgres> = OnceCell::const_new();
    SITE.get_or_try_init(async || {
        let running = std::env::var(SITE_VARIABLE).ok().and_then(|json| serde_json::from_str(&json).ok());
        if let Some(site) = running {
            return Ok(site);
        }
        Ok(SERVER.get_or_try_init(Postgres::start).await?.site().clone())
    })
    .await
}
