//! What can go wrong with the database, by kind.

use std::borrow::Cow;

/// An error of the database, told apart by what a caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Nothing answers, or the server is starting or stopping. Worth trying again.
    #[error("the database cannot be reached")]
    Unreachable(#[source] sqlx::Error),
    /// Every connection is in use. Worth trying again.
    #[error("no database connection was free in time")]
    Busy(#[source] sqlx::Error),
    /// A statement, a lock or the whole operation took longer than allowed.
    #[error("the database did not answer in time")]
    TimedOut(#[source] Option<sqlx::Error>),
    /// Two transactions stood in each other's way. Worth trying again from the start.
    #[error("two changes met; one must be tried again")]
    Contended(#[source] sqlx::Error),
    /// The server's disk is full.
    #[error("the database has no space left")]
    Full(#[source] sqlx::Error),
    /// The credentials, the role or the database name are wrong.
    #[error("the database refuses the connection")]
    Refused(#[source] sqlx::Error),
    /// The URL cannot be read.
    #[error("the database URL is not valid")]
    Url(#[source] sqlx::Error),
    /// Something with this name or id exists.
    #[error("it exists already ({constraint})")]
    Conflict {
        /// The constraint that stood against it.
        constraint: String,
        /// What the database said.
        source: sqlx::Error,
    },
    /// The row refers to something that this tenant does not have.
    #[error("it refers to something that does not exist ({constraint})")]
    MissingReference {
        /// The constraint that stood against it.
        constraint: String,
        /// What the database said.
        source: sqlx::Error,
    },
    /// A value is outside of what its column takes.
    #[error("a value is not allowed")]
    InvalidValue(#[source] sqlx::Error),
    /// Row-level security or a missing grant stood against it: a fault in SBA, never a user's.
    #[error("the database does not permit it")]
    Forbidden(#[source] sqlx::Error),
    /// A stored word that this version does not know.
    #[error("a stored {column} cannot be read")]
    Unreadable {
        /// Where it stands.
        column: &'static str,
        /// Why it cannot be read.
        source: sba_subjects::id::InvalidId,
    },
    /// The role could read past row-level security.
    #[error("role {role:?} must not be used: it {reason}; connect as a member of sba_app")]
    UnsafeRole {
        /// The role that the URL names.
        role: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The schema is older than this program needs.
    #[error("the schema is at version {found}, {wanted} is needed: run `sba migrate`")]
    SchemaOutdated {
        /// What the database has; 0 when it was never migrated.
        found: i64,
        /// What this program was built for.
        wanted: i64,
    },
    /// A migration failed, or what was applied is not what this program knows.
    #[error("the schema cannot be migrated")]
    Migration(#[source] sqlx::migrate::MigrateError),
    /// Anything else.
    #[error("the database failed")]
    Database(#[source] sqlx::Error),
}

impl StoreError {
    /// Stable code, for logs and the API.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "database_unreachable",
            Self::Busy(_) => "database_busy",
            Self::TimedOut(_) => "database_timeout",
            Self::Contended(_) => "database_contended",
            Self::Full(_) => "database_full",
            Self::Refused(_) => "database_refused",
            Self::Url(_) => "database_url_invalid",
            Self::Conflict { .. } => "conflict",
            Self::MissingReference { .. } => "missing_reference",
            Self::InvalidValue(_) => "invalid_value",
            Self::Forbidden(_) => "database_forbidden",
            Self::Unreadable { .. } => "database_unreadable",
            Self::UnsafeRole { .. } => "database_role_unsafe",
            Self::SchemaOutdated { .. } => "database_schema_outdated",
            Self::Migration(_) => "database_migration_failed",
            Self::Database(_) => "database_error",
        }
    }

    /// Whether the same call may succeed later without anybody changing anything.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Busy(_) | Self::TimedOut(_) | Self::Contended(_) | Self::Full(_))
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::WorkerCrashed | sqlx::Error::PoolClosed => {
                Self::Unreachable(error)
            }
            sqlx::Error::PoolTimedOut => Self::Busy(error),
            sqlx::Error::Configuration(_) => Self::Url(error),
            sqlx::Error::Encode(_) | sqlx::Error::InvalidArgument(_) => Self::InvalidValue(error),
            sqlx::Error::Database(cause) => {
                let state = cause.code().map(Cow::into_owned).unwrap_or_default();
                let constraint = cause.constraint().unwrap_or("unnamed").to_owned();
                by_state(&state, constraint, error)
            }
            _ => Self::Database(error),
        }
    }
}

/// Sorts by SQLSTATE: five characters, of which the first two are the class.
fn by_state(state: &str, constraint: String, source: sqlx::Error) -> StoreError {
    match state {
        "23505" => StoreError::Conflict { constraint, source },
        "23503" => StoreError::MissingReference { constraint, source },
        "42501" => StoreError::Forbidden(source),
        "40001" | "40P01" => StoreError::Contended(source),
        "57014" | "55P03" | "25P03" => StoreError::TimedOut(Some(source)),
        "53100" => StoreError::Full(source),
        // A server that only reads is a standby that was not promoted yet.
        "25006" => StoreError::Unreachable(source),
        "3D000" => StoreError::Refused(source),
        _ => match state.get(..2) {
            Some("22" | "23" | "54") => StoreError::InvalidValue(source),
            Some("28") => StoreError::Refused(source),
            Some("53") => StoreError::Busy(source),
            Some("08" | "57") => StoreError::Unreachable(source),
            _ => StoreError::Database(source),
        },
    }
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        match error {
            sqlx::migrate::MigrateError::Execute(cause) => match Self::from(cause) {
                Self::Database(cause) => Self::Migration(sqlx::migrate::MigrateError::Execute(cause)),
                known => known,
            },
            other => Self::Migration(other),
        }
    }
}
