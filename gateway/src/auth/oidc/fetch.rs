//! How the keys of a provider are fetched.

use std::time::Duration;

use reqwest::{Client, Url, redirect};
use serde::Deserialize;

use super::jwks::KeySet;

/// Redirects that are followed, within the same origin.
const MAX_REDIRECTS: usize = 3;

/// Where a provider describes itself, below its name.
const DISCOVERY: &str = "/.well-known/openid-configuration";

/// Where the keys of a provider come from.
#[derive(Debug)]
pub(super) struct Source {
    http: Client,
    issuer: String,
    at: At,
    /// Largest answer that is read, in bytes.
    most: usize,
}

/// How the address of the keys is known.
#[derive(Debug)]
enum At {
    /// It is configured.
    Keys(Url),
    /// It is asked for here.
    Discovery(Url),
}

/// Why the keys of a provider could not be had.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// An address that is none, or one that keys must not come from.
    #[error("{0:?} is no address over TLS, nor one of this machine")]
    Address(String),
    /// The provider did not answer, or not with success.
    #[error("the provider did not answer as it should")]
    Http(#[from] reqwest::Error),
    /// The answer is larger than allowed.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// The answer is not what was asked for.
    #[error("the answer cannot be read")]
    Unreadable(#[from] serde_json::Error),
    /// The document is another issuer's.
    #[error("the document at the issuer's address names {0:?} as issuer")]
    Stranger(String),
    /// All of it took too long.
    #[error("the keys did not come within {} ms", .0.as_millis())]
    Late(Duration),
}

impl Source {
    /// # Errors
    /// [`FetchError::Address`], and [`FetchError::Http`] when no client can be made.
    pub(super) fn new(
        issuer: &str,
        jwks_url: Option<&str>,
        timeout: Duration,
        most: usize,
    ) -> Result<Self, FetchError> {
        let at = match jwks_url {
            Some(url) => At::Keys(address(url, true)?),
            None => At::Discovery(address(&format!("{}{DISCOVERY}", issuer.trim_end_matches('/')), true)?),
        };
        let (At::Keys(url) | At::Discovery(url)) = &at;
        let builder = Client::builder()
            .timeout(timeout)
            .redirect(redirect::Policy::custom(same_origin))
            .user_agent(concat!("sba/", env!("CARGO_PKG_VERSION")));
        // A proxy of the environment cannot reach a server on this machine.
        let builder = if is_loopback(url) { builder.no_proxy() } else { builder };
        Ok(Self { http: builder.build()?, issuer: issuer.to_owned(), at, most })
    }

    /// The keys as they are now.
    pub(super) async fn fetch(&self) -> Result<KeySet, FetchError> {
        let keys = match &self.at {
            At::Keys(url) => url.clone(),
            At::Discovery(url) => self.discover(url).await?,
        };
        Ok(KeySet::parse(&self.get(keys).await?)?)
    }

    /// Where the provider says that its keys are.
    async fn discover(&self, url: &Url) -> Result<Url, FetchError> {
        #[derive(Deserialize)]
        struct Document {
            issuer: String,
            jwks_uri: String,
        }
        let document: Document = serde_json::from_slice(&self.get(url.clone()).await?)?;
        if document.issuer != self.issuer {
            return Err(FetchError::Stranger(document.issuer));
        }
        address(&document.jwks_uri, is_loopback(url))
    }

    /// What stands there, as far as it may reach.
    async fn get(&self, url: Url) -> Result<Vec<u8>, FetchError> {
        let mut response = self.http.get(url).header("accept", "application/json").send().await?.error_for_status()?;
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await? {
            if body.len() + piece.len() > self.most {
                return Err(FetchError::TooLarge(self.most));
            }
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }
}

/// An address that keys may come from: over TLS, or from this machine, where that may be.
fn address(text: &str, local: bool) -> Result<Url, FetchError> {
    let url = Url::parse(text).ok().filter(|url| url.scheme() == "https" || (local && is_loopback(url)));
    url.filter(|url| matches!(url.scheme(), "http" | "https")).ok_or_else(|| FetchError::Address(text.to_owned()))
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Follows a redirect that stays where it was; another origin has not been trusted with anything.
fn same_origin(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let stays = attempt.previous().iter().all(|before| before.origin() == attempt.url().origin());
    if stays && attempt.previous().len() <= MAX_REDIRECTS { attempt.follow() } else { attempt.stop() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_over_tls_or_from_this_machine() {
        for good in ["https://idp.example/keys", "http://127.0.0.1:8080/keys", "http://[::1]/keys", "http://localhost"]
        {
            assert!(address(good, true).is_ok(), "{good}");
        }
        for bad in ["http://idp.example/keys", "http://10.0.0.1/keys", "ftp://127.0.0.1/", "file:///keys", "keys", ""] {
            assert!(address(bad, true).is_err(), "{bad}");
        }
        // A provider elsewhere sends nobody to this machine.
        assert!(address("http://127.0.0.1/keys", false).is_err());
    }
}
