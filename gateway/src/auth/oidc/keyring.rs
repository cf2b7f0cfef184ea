//! The keys of a provider, as they are known here.
//!
//! They are fetched when the first token asks for one, and again once in a while, beside the requests that go on with those
//! that are known. A token that names an unknown key has them fetched at once, but not more often than is configured, and one
//! fetch serves all who wait for it. It goes on when those who wait have left, so nobody can keep it from coming to its end.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::{
    FutureExt as _,
    future::{BoxFuture, Shared},
};
use jsonwebtoken::{Algorithm, DecodingKey};
use sba_service::config::AuthConfig;
use tokio::time::{Instant, timeout};
use tracing::{info, warn};

use super::{
    fetch::{FetchError, Source},
    jwks::KeySet,
};

/// The keys of one provider.
#[derive(Debug)]
pub(super) struct Keyring {
    issuer: String,
    source: Source,
    times: Times,
    state: Mutex<State>,
}

/// How often keys are fetched, and for how long they are believed.
#[derive(Debug, Clone, Copy)]
struct Times {
    refresh: Duration,
    retry: Duration,
    max_age: Duration,
    /// Longest for one fetch, discovery included.
    fetch: Duration,
}

#[derive(Debug, Default)]
struct State {
    keys: KeySet,
    /// How often they were fetched with success: what was found out with earlier keys may not hold any more.
    edition: u64,
    fetched_at: Option<Instant>,
    tried_at: Option<Instant>,
    going: Option<Shared<BoxFuture<'static, ()>>>,
}

/// A key, and the edition of the ring that it is from.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) key: DecodingKey,
    pub(super) edition: u64,
}

/// Why there is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoKey {
    /// The provider has none of that name for such a signature.
    Unknown,
    /// It is not known which keys the provider has.
    Unavailable,
}

impl Keyring {
    /// # Errors
    /// As [`Source::new`].
    pub(super) fn new(issuer: &str, jwks_url: Option<&str>, auth: &AuthConfig) -> Result<Self, FetchError> {
        let fetch = auth.jwks_timeout_ms.duration();
        let times = Times {
            refresh: Duration::from_secs(auth.jwks_refresh_seconds),
            retry: Duration::from_secs(auth.jwks_retry_seconds),
            max_age: Duration::from_secs(auth.jwks_max_age_seconds),
            fetch,
        };
        let source = Source::new(issuer, jwks_url, fetch, auth.jwks_max_bytes)?;
        Ok(Self { issuer: issuer.to_owned(), source, times, state: Mutex::default() })
    }

    /// The key that a token names, for such a signature.
    pub(super) async fn key(self: &Arc<Self>, id: Option<&str>, algorithm: Algorithm) -> Result<Found, NoKey> {
        let (found, age) = self.look(id, algorithm);
        match found {
            Ok(found) if age < self.times.refresh => return Ok(found),
            Ok(found) => {
                // The task goes on by itself.
                drop(self.fetching());
                return Ok(found);
            }
            Err(_) => {}
        }
        let Some(going) = self.fetching() else { return found };
        going.await;
        self.look(id, algorithm).0
    }

    /// What is known now, and how old it is.
    fn look(&self, id: Option<&str>, algorithm: Algorithm) -> (Result<Found, NoKey>, Duration) {
        let state = self.state();
        let age = state.fetched_at.map_or(Duration::MAX, |at| at.elapsed());
        if age > self.times.max_age {
            return (Err(NoKey::Unavailable), age);
        }
        let key = state.keys.find(id, algorithm).cloned();
        (key.map(|key| Found { key, edition: state.edition }).ok_or(NoKey::Unknown), age)
    }

    /// The fetch that goes on, or that may begin now.
    fn fetching(self: &Arc<Self>) -> Option<Shared<BoxFuture<'static, ()>>> {
        let mut state = self.state();
        if let Some(going) = &state.going {
            return Some(going.clone());
        }
        if state.tried_at.is_some_and(|at| at.elapsed() < self.times.retry) {
            return None;
        }
        state.tried_at = Some(Instant::now());
        let ring = Arc::clone(self);
        let task = tokio::spawn(async move { ring.fetch().await });
        let going = task.map(|_| ()).boxed().shared();
        state.going = Some(going.clone());
        Some(going)
    }

    async fn fetch(&self) {
        let fetched = timeout(self.times.fetch, self.source.fetch()).await;
        let fetched = fetched.unwrap_or(Err(FetchError::Late(self.times.fetch)));
        let mut state = self.state();
        state.going = None;
        match fetched {
            Ok(keys) => {
                state.keys = keys;
                state.edition += 1;
                state.fetched_at = Some(Instant::now());
                info!(issuer = self.issuer, edition = state.edition, "the keys of an issuer were fetched");
            }
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                warn!(issuer = self.issuer, error, "the keys of an issuer could not be fetched");
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code that holds the lock panics half way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
