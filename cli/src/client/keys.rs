//! API keys.

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Client, ClientError, accepted};

/// A key, as far as the command line looks at it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Key {
    /// The key.
    pub key_id: Uuid,
    /// Its text, where it was just made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What people call it.
    pub name: String,
    /// What it lets its holder be.
    pub roles: Vec<String>,
    /// `active`, `expired` or `revoked`.
    pub status: String,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// From when on it no longer counts.
    #[serde(with = "time::serde::rfc3339")]
    pub expires_at: OffsetDateTime,
}

/// A page of keys.
#[derive(Debug, Clone, Deserialize)]
pub struct Keys {
    /// Those of this page, the newest first.
    pub data: Vec<Key>,
    meta: Meta,
}

#[derive(Debug, Clone, Deserialize)]
struct Meta {
    has_next: bool,
}

impl Keys {
    /// Whether another page follows.
    #[must_use]
    pub const fn has_next(&self) -> bool {
        self.meta.has_next
    }
}

impl Client {
    /// Makes a key, good for so many seconds, or as long as the gateway has it.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn create_key(&self, name: &str, roles: &[String], ttl: Option<u64>) -> Result<Key, ClientError> {
        let body = json!({"name": name, "roles": roles, "ttl_seconds": ttl});
        self.json(self.request(Method::POST, "/api/v1/keys").json(&body)).await
    }

    /// A page of the tenant's keys.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn keys(&self, page: u32) -> Result<Keys, ClientError> {
        self.json(self.request(Method::GET, &format!("/api/v1/keys?page={page}&limit=100"))).await
    }

    /// Takes a key back.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn revoke_key(&self, key: Uuid) -> Result<(), ClientError> {
        let request = self.request(Method::DELETE, &format!("/api/v1/keys/{key}"));
        accepted(request.send().await?).await.map(drop)
    }
}
