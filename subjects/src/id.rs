//! Identities that appear on the wire.
//!
//! Each is a newtype, so that a run can never be passed where a call is meant.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Namespace under which tenant ids and idempotent run ids are derived (UUID version 5).
const NAMESPACE: Uuid = Uuid::from_u128(0x5ba0_5ba0_5ba0_5ba0_8000_5ba0_5ba0_5ba0);

/// A string that is not the identity it was read as.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {kind}: {text:?}")]
pub struct InvalidId {
    /// What was expected, in words.
    pub kind: &'static str,
    /// What was found, cut to 80 characters.
    pub text: String,
    open: bool,
}

impl InvalidId {
    /// Says that `text` is no `kind`.
    #[must_use]
    pub fn new(kind: &'static str, text: &str) -> Self {
        Self { kind, text: text.chars().take(80).collect(), open: false }
    }

    /// For a word that is none of a closed set, to which a later version may add.
    pub(crate) fn unknown(kind: &'static str, text: &str) -> Self {
        let letter = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        let open = (1..=crate::name::MAX_NAME).contains(&text.len()) && text.bytes().all(letter);
        Self { open, ..Self::new(kind, text) }
    }

    /// Whether it is a word where this version knows others: a newer version may know this one too.
    #[must_use]
    pub const fn is_unknown_word(&self) -> bool {
        self.open
    }
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps an id that was made elsewhere.
            #[must_use]
            pub const fn from_uuid(id: Uuid) -> Self {
                Self(id)
            }

            /// The id as a UUID.
            #[must_use]
            pub const fn as_uuid(&self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        // Ids travel as text in CBOR too: whoever decodes a message in another language sees the
        // same id as in a subject or a JSON document.
        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            /// Accepts the hyphenated lower-case form only: an id has one spelling in a subject.
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let id = Uuid::try_parse(text).map_err(|_| InvalidId::new($kind, text))?;
                let name = Self(id);
                if name.to_string() == text { Ok(name) } else { Err(InvalidId::new($kind, text)) }
            }
        }
    };
}

uuid_id!(
    /// A tenant, as Postgres and the API know it.
    TenantId, "tenant id"
);
uuid_id!(
    /// A person or service that acts for a tenant.
    UserId, "user id"
);
uuid_id!(
    /// A session of a user.
    SessionId, "session id"
);
uuid_id!(
    /// A document of a tenant's knowledge.
    DocumentId, "document id"
);
uuid_id!(
    /// A document that a run made.
    ArtifactId, "artifact id"
);
uuid_id!(
    /// A run of an agent.
    RunId, "run id"
);
uuid_id!(
    /// One call of a tool; also the id of the job that carries it.
    CallId, "call id"
);
uuid_id!(
    /// A task of a tenant.
    TaskId, "task id"
);
uuid_id!(
    /// A key of a tenant's machine; also the user as whom it acts.
    ApiKeyId, "api key id"
);
uuid_id!(
    /// A schedule of a tenant: what starts runs by the clock.
    ScheduleId, "schedule id"
);
uuid_id!(
    /// One question to a person; what an answer names.
    AskId, "ask id"
);
uuid_id!(
    /// One command for a run; what it caused names it.
    CommandId, "command id"
);
uuid_id!(
    /// One message in a run's log. A repeat of the same append carries the same id.
    RecordId, "record id"
);
uuid_id!(
    /// One process of SBA, from its start to its end.
    InstanceId, "instance id"
);

impl ScheduleId {
    /// The run that a schedule starts for a moment, in seconds since 1970: whoever starts it, and however often, it is the
    /// same one.
    #[must_use]
    pub fn run_at(&self, moment: i64) -> RunId {
        RunId(Uuid::new_v5(&self.0, format!("run\0{moment}").as_bytes()))
    }
}

impl CallId {
    /// The call that a step makes: whoever knows the run and the step knows it.
    #[must_use]
    pub fn of_step(run: RunId, step: u32) -> Self {
        Self(Uuid::new_v5(&run.0, format!("call\0{step}").as_bytes()))
    }

    /// The job that looks after a run: there is one at a time.
    #[must_use]
    pub fn of_supervision(run: RunId) -> Self {
        Self(Uuid::new_v5(&run.0, b"supervise"))
    }

    /// The call that a step makes once more, decided where the run's log stood at `seq`.
    #[must_use]
    pub fn again(run: RunId, step: u32, seq: u64) -> Self {
        Self(Uuid::new_v5(&run.0, format!("call\0{step}\0{seq}").as_bytes()))
    }
}

/// A tenant, as NATS knows it: the public key of the tenant's account.
///
/// It never changes: signing keys rotate, this key does not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TenantKey(String);

impl TenantKey {
    /// The key as text: `A` and 55 characters of base 32.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The tenant's id in Postgres and the API, derived from the key.
    #[must_use]
    pub fn id(&self) -> TenantId {
        TenantId(Uuid::new_v5(&NAMESPACE, self.0.as_bytes()))
    }

    /// The id of the run that this tenant starts under an idempotency key: the same from any process.
    #[must_use]
    pub fn run_for(&self, idempotency_key: &str) -> RunId {
        RunId(self.derive("run", idempotency_key))
    }

    /// An id for anything else that this tenant makes under a key, e.g. `derive("document", key)`.
    #[must_use]
    pub fn derive(&self, kind: &str, key: &str) -> Uuid {
        let name = format!("{}\0{kind}\0{key}", self.0);
        Uuid::new_v5(&NAMESPACE, name.as_bytes())
    }
}

impl FromStr for TenantKey {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let base32 = |b: u8| b.is_ascii_uppercase() || (b'2'..=b'7').contains(&b);
        if text.len() == 56 && text.starts_with('A') && text.bytes().all(base32) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidId::new("tenant key", text))
        }
    }
}

impl TryFrom<String> for TenantKey {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<TenantKey> for String {
    fn from(key: TenantKey) -> Self {
        key.0
    }
}

impl fmt::Display for TenantKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The shard of a run: one of 256, from a hash of its id.
///
/// Every subject of a run carries it, so that a stream can later be split without renaming a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Partition(u8);

impl Partition {
    /// How many there are.
    pub const COUNT: u16 = 256;

    /// Each of them.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..=u8::MAX).map(Self)
    }

    /// Its number, from 0.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0 as u16
    }

    /// The partition of any id.
    #[must_use]
    pub fn of(id: Uuid) -> Self {
        Self(Sha256::digest(id.as_bytes())[0])
    }
}

impl RunId {
    /// The partition of this run.
    #[must_use]
    pub fn partition(&self) -> Partition {
        Partition::of(self.0)
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02x}", self.0)
    }
}

impl FromStr for Partition {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if text.len() != 2 || !text.bytes().all(hex) {
            return Err(InvalidId::new("partition", text));
        }
        u8::from_str_radix(text, 16).map(Self).map_err(|_| InvalidId::new("partition", text))
    }
}
