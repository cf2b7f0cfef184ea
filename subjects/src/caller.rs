//! Who speaks in a tenant's account.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::id::InvalidId;

/// The public key of a user of a tenant's account: `U` and 55 characters of base 32.
///
/// It stands in the subjects that this user may say, and in no other user's: the server that lets a message through has
/// thereby said whose it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CallerKey(String);

impl CallerKey {
    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CallerKey {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let base32 = |b: u8| b.is_ascii_uppercase() || (b'2'..=b'7').contains(&b);
        if text.len() == 56 && text.starts_with('U') && text.bytes().all(base32) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidId::new("user key", text))
        }
    }
}

impl TryFrom<String> for CallerKey {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<CallerKey> for String {
    fn from(key: CallerKey) -> Self {
        key.0
    }
}

impl fmt::Display for CallerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
