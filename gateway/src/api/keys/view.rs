//! A key, as the API shows it.

use sba_store::api_keys::ApiKey;
use sba_subjects::role::Role;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

/// A key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyView {
    /// The key, and the user as whom its holder acts.
    key_id: Uuid,
    /// What people call it.
    #[schema(example = "Nightly import")]
    name: String,
    /// What it lets its holder be.
    #[schema(value_type = Vec<String>, example = json!(["member"]))]
    roles: Vec<Role>,
    /// `active`, `expired` or `revoked`.
    #[schema(value_type = String, example = "active")]
    status: KeyStatus,
    /// Who made it.
    created_by: Uuid,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// From when on it no longer counts.
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
    /// When it was given its newest secret, unless that is its first.
    #[serde(with = "time::serde::rfc3339::option")]
    rotated_at: Option<OffsetDateTime>,
    /// When it was taken back.
    #[serde(with = "time::serde::rfc3339::option")]
    revoked_at: Option<OffsetDateTime>,
}

/// Whether a key counts.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum KeyStatus {
    Active,
    Expired,
    Revoked,
}

/// A key with its newest secret.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ToldKey {
    /// What its holder shows in the place of a token. Told once: absent when the same request is sent again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "sba_0192f0c17d5e7c3a9b1e2f6a4d8c0e11_0192f0c17d5e7c3a9b1e2f6a4d8c0e12_…")]
    key: Option<String>,
    #[serde(flatten)]
    about: KeyView,
}

impl KeyView {
    /// The key as it stands at `now`.
    pub(super) fn of(key: ApiKey, now: OffsetDateTime) -> Self {
        let status = match key.revoked_at {
            Some(_) => KeyStatus::Revoked,
            None if key.expires_at <= now => KeyStatus::Expired,
            None => KeyStatus::Active,
        };
        Self {
            key_id: key.id.as_uuid(),
            name: key.name,
            roles: key.roles,
            status,
            created_by: key.created_by.as_uuid(),
            created_at: key.created_at,
            expires_at: key.expires_at,
            rotated_at: key.rotated_at,
            revoked_at: key.revoked_at,
        }
    }
}

impl ToldKey {
    /// The key as it stands at `now`, with its text where it may be told.
    pub(super) fn of(key: ApiKey, text: Option<String>, now: OffsetDateTime) -> Self {
        Self { key: text, about: KeyView::of(key, now) }
    }
}
