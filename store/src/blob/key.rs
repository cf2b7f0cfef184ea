//! Names of blobs.

use std::fmt;

use data_encoding::HEXLOWER;
use object_store::path::Path;
use sba_subjects::id::{ArtifactId, InvalidId, TenantId};
use uuid::Uuid;

/// What a blob is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BlobKind {
    /// The bytes of a document.
    Document,
    /// The bytes of an artifact.
    Artifact,
}

impl BlobKind {
    const fn folder(self) -> &'static str {
        match self {
            Self::Document => "documents",
            Self::Artifact => "artifacts",
        }
    }
}

/// The name of a blob: `<tenant>/<kind>/<id>/<SHA-256 of the content>`.
///
/// It is made of ids and a hash only, so there is nothing in it that could leave the tenant's folder. Other
/// content has another name: a reader never sees half of an old blob and half of a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BlobKey {
    tenant: TenantId,
    kind: BlobKind,
    id: Uuid,
    sha256: [u8; 32],
}

impl BlobKey {
    /// Names the bytes of one upload of a document. Each upload has an id of its own: who takes its bytes away takes
    /// them from nobody else, even when the same content was handed in again meanwhile.
    #[must_use]
    pub const fn document(tenant: TenantId, upload: Uuid, sha256: [u8; 32]) -> Self {
        Self { tenant, kind: BlobKind::Document, id: upload, sha256 }
    }

    /// The upload or the artifact whose bytes it names.
    #[must_use]
    pub const fn id(&self) -> Uuid {
        self.id
    }

    /// Names the bytes of an artifact.
    #[must_use]
    pub const fn artifact(tenant: TenantId, id: ArtifactId, sha256: [u8; 32]) -> Self {
        Self { tenant, kind: BlobKind::Artifact, id: id.as_uuid(), sha256 }
    }

    /// The tenant it belongs to.
    #[must_use]
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// What it is.
    #[must_use]
    pub const fn kind(&self) -> BlobKind {
        self.kind
    }

    /// Reads a stored name. One of another tenant is not a name.
    ///
    /// # Errors
    /// When the text is anything but what [`fmt::Display`] writes for a blob of this tenant.
    pub fn parse(tenant: TenantId, text: &str) -> Result<Self, InvalidId> {
        let invalid = || InvalidId::new("blob name", text);
        let parts: Vec<&str> = text.split('/').collect();
        let [_, folder, id, hash] = parts[..] else { return Err(invalid()) };
        let kind = [BlobKind::Document, BlobKind::Artifact]
            .into_iter()
            .find(|kind| kind.folder() == folder)
            .ok_or_else(invalid)?;
        let id = Uuid::try_parse(id).map_err(|_| invalid())?;
        let sha256 = HEXLOWER.decode(hash.as_bytes()).ok().and_then(|hash| hash.try_into().ok()).ok_or_else(invalid)?;
        let key = Self { tenant, kind, id, sha256 };
        if key.to_string() == text { Ok(key) } else { Err(invalid()) }
    }

    pub(super) fn path(&self) -> Path {
        Path::from(self.to_string())
    }
}

impl fmt::Display for BlobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{}", self.tenant, self.kind.folder(), self.id, HEXLOWER.encode(&self.sha256))
    }
}

/// What the names of all blobs of a tenant begin with.
pub(super) fn folder(tenant: TenantId) -> Path {
    Path::from(tenant.to_string())
}

/// A name that no blob has, to ask the store for.
pub(super) fn probe() -> Path {
    Path::from("readiness")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use proptest::prelude::*;

    use super::*;

    fn any_key() -> impl Strategy<Value = BlobKey> {
        (any::<u128>(), any::<bool>(), any::<u128>(), any::<[u8; 32]>()).prop_map(|(tenant, document, id, sha256)| {
            BlobKey {
                tenant: TenantId::from_uuid(Uuid::from_u128(tenant)),
                kind: if document { BlobKind::Document } else { BlobKind::Artifact },
                id: Uuid::from_u128(id),
                sha256,
            }
        })
    }

    proptest! {
        #[test]
        fn a_name_reads_back_and_stays_in_its_tenants_folder(key in any_key()) {
            let path = key.path();
            prop_assert_eq!(path.as_ref(), key.to_string());
            let folder = path.parts().next().unwrap();
            prop_assert_eq!(folder.as_ref(), key.tenant().to_string());
            prop_assert_eq!(BlobKey::parse(key.tenant(), path.as_ref()).unwrap(), key);
        }

        #[test]
        fn another_tenants_name_is_refused(key in any_key(), other in any::<u128>()) {
            let other = TenantId::from_uuid(Uuid::from_u128(other));
            prop_assume!(other != key.tenant());
            prop_assert!(BlobKey::parse(other, &key.to_string()).is_err());
        }

        #[test]
        fn nothing_else_is_a_name(text in ".{0,200}") {
            let tenant = TenantId::from_uuid(Uuid::nil());
            if let Ok(key) = BlobKey::parse(tenant, &text) {
                prop_assert_eq!(key.to_string(), text);
            }
        }

        #[test]
        fn a_changed_name_is_refused_or_another_name(key in any_key(), at in 0usize..150, with in "[./%\\\\~\0A-Z+]") {
            let mut text = key.to_string();
            let at = at % text.len();
            text.replace_range(at..=at, &with);
            prop_assume!(text != key.to_string()); // a `/` in the place of a `/` changes nothing
            prop_assert!(BlobKey::parse(key.tenant(), &text).is_err());
        }
    }

    #[test]
    fn ways_out_of_the_folder_are_refused() {
        let tenant = TenantId::from_uuid(Uuid::nil());
        let hash = "0".repeat(64);
        for text in [
            String::new(),
            "../../etc/passwd".into(),
            format!("{tenant}/documents/../{hash}"),
            format!("{tenant}/documents/{}/{hash}/..", Uuid::nil()),
            format!("/{tenant}/documents/{}/{hash}", Uuid::nil()),
            format!("{tenant}/secrets/{}/{hash}", Uuid::nil()),
            format!("{tenant}/documents/{}/+{}", Uuid::nil(), "0".repeat(63)),
        ] {
            assert!(BlobKey::parse(tenant, &text).is_err(), "{text}");
        }
    }
}
