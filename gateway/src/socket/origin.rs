//! Which pages of browsers may open a socket.
//!
//! A browser lets any page open a WebSocket to any server, and says where the page comes from. Clients that are no browsers
//! say nothing.

use axum::http::{HeaderMap, Uri, header, uri::Authority};

use crate::error::{ApiError, Code};

/// Goes on only when no page of another origin asks, or one that is `allowed`.
///
/// # Errors
/// `origin_refused`.
pub(super) fn check(headers: &HeaderMap, allowed: &[String]) -> Result<(), ApiError> {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let Some(origin) = origins.next() else { return Ok(()) };
    let origin = origin.to_str().ok().filter(|_| origins.next().is_none());
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let known = |origin: &str| {
        let listed = allowed.iter().any(|listed| listed == "*" || listed.eq_ignore_ascii_case(origin));
        listed || host.is_some_and(|host| is_same(origin, host))
    };
    if origin.is_some_and(known) {
        return Ok(());
    }
    Err(ApiError::new(Code::OriginRefused, "pages of this origin may open no WebSocket here"))
}

/// Whether a page comes from the host that it talks to.
fn is_same(origin: &str, host: &str) -> bool {
    let (Ok(origin), Ok(host)) = (origin.parse::<Uri>(), host.parse::<Authority>()) else { return false };
    let default = match origin.scheme_str() {
        Some("http") => 80,
        Some("https") => 443,
        _ => return false,
    };
    let port = |authority: &Authority| authority.port_u16().unwrap_or(default);
    origin.authority().is_some_and(|page| page.host().eq_ignore_ascii_case(host.host()) && port(page) == port(&host))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn may(origin: &str, host: &str, allowed: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::ORIGIN, origin.parse().unwrap());
        headers.insert(header::HOST, host.parse().unwrap());
        let allowed: Vec<String> = allowed.iter().map(ToString::to_string).collect();
        check(&headers, &allowed).is_ok()
    }

    #[test]
    fn pages_of_the_same_host_and_those_that_are_named_may() {
        assert!(check(&HeaderMap::new(), &[]).is_ok(), "no browser");
        assert!(may("http://127.0.0.1:8080", "127.0.0.1:8080", &[]));
        assert!(may("https://sba.example.com", "SBA.example.com", &[]));
        assert!(may("https://sba.example.com", "sba.example.com:443", &[]));
        assert!(may("https://app.example.com", "sba.example.com", &["https://app.example.com"]));
        assert!(may("https://anywhere.example", "sba.example.com", &["*"]));
        for other in [
            "http://127.0.0.1:8081",
            "https://127.0.0.1:8080.evil.example",
            "https://evil.example",
            "http://127.0.0.1",
            "null",
            "file://127.0.0.1:8080",
            "http://user@evil.example:8080",
            "127.0.0.1:8080",
            "",
        ] {
            assert!(!may(other, "127.0.0.1:8080", &["https://app.example.com"]), "{other}");
        }
        let mut twice = HeaderMap::new();
        twice.insert(header::HOST, "a".parse().unwrap());
        twice.append(header::ORIGIN, "http://a".parse().unwrap());
        twice.append(header::ORIGIN, "http://b".parse().unwrap());
        assert!(check(&twice, &[]).is_err());
    }
}
