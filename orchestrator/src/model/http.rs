//! What the calls to every provider share: the HTTP client, and how its failures are sorted.

use std::time::Duration;

use futures::TryStreamExt;
use reqwest::header::HeaderMap;
use reqwest::{Client, Response, StatusCode, Url, redirect};
use serde_json::Value;

use super::{ModelError, Wait};

/// An error answer is read this far; what follows cannot make its message clearer.
const ERROR_BODY_BYTES: usize = 16 * 1024;

/// A client that follows no redirects: they would carry the API key to an address nobody configured.
pub(super) fn client(base_url: Option<&Url>, connect_timeout: Duration) -> Result<Client, ModelError> {
    let builder = Client::builder()
        .connect_timeout(connect_timeout)
        .redirect(redirect::Policy::none())
        .tcp_nodelay(true)
        .user_agent(concat!("sba/", env!("CARGO_PKG_VERSION")));
    // A proxy of the environment cannot reach a server on this machine.
    let builder = if base_url.is_some_and(is_loopback) { builder.no_proxy() } else { builder };
    builder.build().map_err(|error| ModelError::misconfigured(format!("no HTTP client: {error}")))
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The address that calls go to, with a path that further segments can be joined to.
pub(super) fn base_url(text: &str) -> Result<Url, ModelError> {
    let wrong = |why: &str| ModelError::misconfigured(format!("model.base_url {why}"));
    let mut url = Url::parse(text).map_err(|error| wrong(&format!("is not a URL: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("has to begin with http:// or https://"));
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

/// Sorts a failure to send a request or to receive its answer.
pub(super) fn transport(error: reqwest::Error) -> ModelError {
    // The address may hold credentials, and the operator knows it.
    let error = error.without_url();
    if error.is_builder() { ModelError::misconfigured(error.to_string()) } else { ModelError::unreachable(error) }
}

/// Sorts a failure to send a request whose connection had to stand within `connect_timeout`.
pub(super) fn sending(error: reqwest::Error, connect_timeout: Duration) -> ModelError {
    if error.is_connect() && error.is_timeout() {
        ModelError::Timeout { wait: Wait::Connect, limit: connect_timeout }
    } else {
        transport(error)
    }
}

/// Reads an answer that is not a success.
pub(super) async fn refusal(response: Response) -> ModelError {
    let status = response.status();
    if status.is_redirection() {
        return redirected(status);
    }
    let retry_after = retry_after(response.headers());
    let body = beginning(response).await;
    ModelError::from_status(status.as_u16(), &message(&body), retry_after)
}

/// An answer that points elsewhere.
pub(super) fn redirected(status: StatusCode) -> ModelError {
    ModelError::misconfigured(format!("the provider redirects (status {status}), which is not followed"))
}

/// The first bytes of a body, as far as they arrive.
async fn beginning(response: Response) -> String {
    let mut bytes = Vec::new();
    let mut body = response.bytes_stream();
    while let Ok(Some(piece)) = body.try_next().await {
        let room = ERROR_BODY_BYTES - bytes.len();
        bytes.extend_from_slice(&piece[..piece.len().min(room)]);
        if bytes.len() == ERROR_BODY_BYTES {
            break;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The words of a provider's error answer, in whichever shape it gives them.
pub(super) fn message(body: &str) -> String {
    let json: Value = serde_json::from_str(body).unwrap_or_default();
    let places = ["/error/message", "/error", "/message", "/detail"];
    let words = places.iter().find_map(|place| json.pointer(place).and_then(Value::as_str));
    words.unwrap_or(body).trim().to_owned()
}

/// An error that came as an event in the middle of an answer.
pub(super) fn error_event(error: &Value) -> ModelError {
    let error = error.get("error").unwrap_or(error);
    let kind = error.get("type").and_then(Value::as_str).unwrap_or_default();
    let status = error.get("code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
    let status = status.filter(|code| (400..600).contains(code)).unwrap_or(match kind {
        "rate_limit_error" | "rate_limit_exceeded" => 429,
        "invalid_request_error" => 400,
        _ => 500,
    });
    let words = error.get("message").and_then(Value::as_str).map_or_else(|| error.to_string(), str::to_owned);
    ModelError::from_status(status, &words, None)
}

/// How long the provider asks to wait; a date instead of seconds is not understood.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<f64>().ok();
    let seconds = number("retry-after-ms").map(|ms| ms / 1_000.0).or_else(|| number("retry-after"))?;
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::json;

    use super::*;

    #[test]
    fn addresses_can_be_joined_and_others_are_refused() {
        for text in ["http://localhost:8080/v1", "http://localhost:8080/v1/"] {
            assert_eq!(base_url(text).unwrap().join("chat").unwrap().as_str(), "http://localhost:8080/v1/chat");
        }
        for text in ["", "localhost:8080", "file:///etc/passwd"] {
            assert_eq!(base_url(text).unwrap_err().code(), "model_misconfigured", "{text}");
        }
    }

    #[test]
    fn loopback_is_told_from_elsewhere() {
        for text in ["http://127.0.0.1:1/", "http://[::1]:1/", "http://localhost/"] {
            assert!(is_loopback(&Url::parse(text).unwrap()), "{text}");
        }
        assert!(!is_loopback(&Url::parse("https://localhost.example.com/").unwrap()));
    }

    #[test]
    fn messages_are_found_in_the_usual_shapes() {
        for body in [r#"{"error":{"message":"no"}}"#, r#"{"error":"no"}"#, r#"{"detail":"no"}"#, " no\n"] {
            assert_eq!(message(body), "no");
        }
    }

    #[test]
    fn error_events_are_sorted() {
        let code = |error| error_event(&error).code();
        assert_eq!(code(json!({"error": {"type": "rate_limit_error", "message": "slow"}})), "model_rate_limited");
        assert_eq!(code(json!({"code": 400, "message": "exceeds the context size"})), "model_too_long");
        assert!(error_event(&json!({"error": {"type": "overloaded_error", "message": "busy"}})).is_retryable());
        assert_eq!(code(json!("text")), "model_refused");
    }

    #[test]
    fn waits_are_read_as_seconds_or_milliseconds() {
        let wait = |name: &'static str, value: &str| {
            retry_after(&HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())]))
        };
        assert_eq!(wait("retry-after", "3"), Some(Duration::from_secs(3)));
        assert_eq!(wait("retry-after-ms", "1500"), Some(Duration::from_millis(1500)));
        for odd in ["-1", "NaN", "1e300", "Fri, 31 Dec 1999 23:59:59 GMT"] {
            assert_eq!(wait("retry-after", odd), None);
        }
    }
}
