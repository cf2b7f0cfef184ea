//! What can go wrong with local servers.

use std::{io, path::PathBuf, time::Duration};

use sba_gateway::accounts::AccountsError;

use crate::{guard::NoProgram, parts::PartsError};

/// A local server that does not serve.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// The program to run is missing and could not be fetched.
    #[error("a part is missing")]
    Parts(#[from] PartsError),
    /// The `sba` program, which guards the servers, was not found.
    #[error(transparent)]
    NoGuard(#[from] NoProgram),
    /// A file, folder, pipe or process of the system could not be used.
    #[error("{what}")]
    Io {
        /// What was attempted.
        what: String,
        /// Why it failed.
        source: io::Error,
    },
    /// Keys are never written over others.
    #[error("{} is there already; name a folder that holds no keys yet", .0.display())]
    Used(PathBuf),
    /// A folder whose path a shell or a server's configuration would not take for itself.
    #[error("the path {:?} has characters that cannot stand in a server's configuration", .0)]
    Unusable(PathBuf),
    /// The server ended before it was ready.
    #[error("{server} ended instead of starting; its log ends with: {log}")]
    Ended {
        /// Which server.
        server: String,
        /// The end of its log.
        log: String,
    },
    /// The server was not ready in time.
    #[error("{server} was not ready within {deadline:?}; its log ends with: {log}")]
    NotReady {
        /// Which server.
        server: String,
        /// How long was waited.
        deadline: Duration,
        /// The end of its log.
        log: String,
    },
    /// A NATS identity could not be minted or pushed.
    #[error("a NATS account could not be made")]
    Accounts(#[from] AccountsError),
    /// A NATS server refused a client.
    #[error("a NATS server refused the connection")]
    Connect(#[from] async_nats::ConnectError),
    /// Postgres refused a session or a statement.
    #[error("Postgres refused")]
    Postgres(#[from] sqlx::Error),
    /// The schema could not be made.
    #[error("the schema could not be made")]
    Store(#[from] sba_store::StoreError),
}

impl LocalError {
    /// The stable code of this kind of failure.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Parts(error) => error.code(),
            Self::NoGuard(_) => "guard_missing",
            Self::Io { .. } => "local_io",
            Self::Used(_) => "nats_folder_used",
            Self::Unusable(_) => "nats_folder_invalid",
            Self::Ended { .. } => "server_ended",
            Self::NotReady { .. } => "server_not_ready",
            Self::Accounts(error) => error.code(),
            Self::Connect(_) => "nats_unavailable",
            Self::Postgres(_) => "database_unavailable",
            Self::Store(error) => error.code(),
        }
    }

    pub(super) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { what: what.into(), source }
    }
}
