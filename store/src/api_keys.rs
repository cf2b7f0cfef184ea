//! Keys by which a tenant's machines show who they are. Of a key's secret only the hash is kept.

mod read;
mod write;

use sba_subjects::{
    id::{ApiKeyId, UserId},
    role::Role,
};
use time::OffsetDateTime;

pub use read::{get, list, room, standing};
pub use write::{create, delete_ended, revoke, rotate};

/// Former secrets that hold at the same time as the newest, at most.
pub const MAX_FORMER: u32 = 4;

/// SHA-256 of a key's secret.
pub type SecretHash = [u8; 32];

/// A key as it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewApiKey {
    /// Its id, which is also the user as whom its holder acts.
    pub id: ApiKeyId,
    /// What people call it, 1 to 200 characters.
    pub name: String,
    /// What it lets its holder be; never [`Role::Operator`].
    pub roles: Vec<Role>,
    /// Who makes it.
    pub created_by: UserId,
    /// The hash of its secret.
    pub secret: SecretHash,
    /// When it is made.
    pub created_at: OffsetDateTime,
    /// From when on it no longer counts.
    pub expires_at: OffsetDateTime,
}

/// A stored key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// What people call it.
    pub name: String,
    /// What it lets its holder be.
    pub roles: Vec<Role>,
    /// Who made it.
    pub created_by: UserId,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// From when on it no longer counts.
    pub expires_at: OffsetDateTime,
    /// When it was given its newest secret, unless that is its first.
    pub rotated_at: Option<OffsetDateTime>,
    /// When it was taken back.
    pub revoked_at: Option<OffsetDateTime>,
}

/// What a key that was not taken back is held to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// What it lets its holder be.
    pub roles: Vec<Role>,
    /// The hash of each of its secrets, and from when on that one no longer counts.
    pub secrets: Vec<(SecretHash, OffsetDateTime)>,
}
