//! The issuer's keys of a stack, and tokens for its clients.

use std::{
    error::Error,
    fs, io,
    path::{Path, PathBuf},
};

use sba_gateway::auth::{self, Claims, KeyPair, Role};
use sba_service::{
    clock::{Clock as _, SystemClock},
    config::AuthConfig,
};
use sba_subjects::id::{TenantId, UserId};

use crate::local::{LocalError, nats::write_private as write};

pub(super) const PUBLIC_KEY: &str = "issuer.pub.pem";
pub(super) const PRIVATE_KEY: &str = "issuer.pem";

/// How long a token lives, in seconds.
const LIFETIME: u64 = 24 * 60 * 60;

/// Makes the issuer's keys and returns the file of the private one.
pub(super) fn write_keys(folder: &Path) -> Result<PathBuf, LocalError> {
    let keys = KeyPair::generate().map_err(failed("no key for tokens"))?;
    write(&folder.join(PUBLIC_KEY), &keys.public_pem, 0o644)?;
    let private = folder.join(PRIVATE_KEY);
    write(&private, &keys.private_pem, 0o600)?;
    Ok(private)
}

/// Signs a token with the key in that file.
pub(super) fn mint(
    private_key: &Path,
    tenant: Option<TenantId>,
    user: UserId,
    roles: &[Role],
) -> Result<String, LocalError> {
    let defaults = AuthConfig::default();
    let now = SystemClock.now_millis() / 1_000;
    let claims = Claims {
        iss: defaults.issuer,
        aud: defaults.audience,
        iat: now,
        exp: now + LIFETIME,
        tenant_id: tenant,
        user_id: user,
        roles: roles.to_vec(),
    };
    let key = fs::read(private_key).map_err(LocalError::io("the key for tokens cannot be read"))?;
    auth::mint(&key, &claims).map_err(failed("the token cannot be signed"))
}

fn failed<E: Error + Send + Sync + 'static>(what: &'static str) -> impl FnOnce(E) -> LocalError {
    move |error| LocalError::io(what)(io::Error::other(error))
}
