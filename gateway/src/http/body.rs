//! The bodies of requests: how large they may be, and how slowly they may come.

use std::{borrow::Cow, error::Error, iter, pin::pin, time::Duration};

use axum::{
    BoxError,
    body::Body,
    http::{HeaderMap, header},
};
use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt as _, stream};
use tokio::time::{Instant, timeout_at};

use crate::error::{ApiError, Code};

/// How slowly a body may come.
///
/// A client may be `behind` the pace for so long. What it sends lets it catch up, and no more than that: neither silence
/// nor a trickle keeps a request open, whatever was sent before.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) behind: Duration,
    pub(crate) bytes_per_second: u32,
}

/// The client fell too far behind.
#[derive(Debug, thiserror::Error)]
#[error("the body comes too slowly")]
struct TooSlow;

/// The pieces of a body; an error as soon as its client is too slow.
pub(crate) fn paced(body: Body, pace: Pace) -> impl Stream<Item = Result<Bytes, BoxError>> + Send + 'static {
    let from = (body.into_data_stream(), Instant::now() + pace.behind);
    stream::try_unfold(from, move |(mut pieces, deadline)| async move {
        let Ok(next) = timeout_at(deadline, pieces.next()).await else { return Err(BoxError::from(TooSlow)) };
        let Some(piece) = next.transpose()? else { return Ok(None) };
        Ok(Some((piece.clone(), (pieces, pace.caught_up(deadline, piece.len())))))
    })
}

impl Pace {
    /// Until when the next piece must come, after one of so many bytes.
    fn caught_up(self, deadline: Instant, bytes: usize) -> Instant {
        let earned = Duration::from_secs(1).mul_f64(bytes as f64 / f64::from(self.bytes_per_second));
        (deadline + earned).min(Instant::now() + self.behind)
    }
}

/// A body, whole.
///
/// # Errors
/// `payload_too_large`, `body_too_slow`, and `invalid_request` when it breaks off.
pub(crate) async fn whole(body: Body, limit: usize, pace: Pace) -> Result<Bytes, ApiError> {
    let mut pieces = pin!(paced(body, pace));
    let mut content = BytesMut::new();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|error| unreadable(&*error, "the body could not be read to its end"))?;
        if content.len() + piece.len() > limit {
            return Err(too_large(limit));
        }
        content.extend_from_slice(&piece);
    }
    Ok(content.freeze())
}

/// What a client is told whose body cannot be read to its end: that it is too slow, or else `otherwise`.
pub(crate) fn unreadable(error: &(dyn Error + 'static), otherwise: impl Into<Cow<'static, str>>) -> ApiError {
    if iter::successors(Some(error), |&error| error.source()).any(|error| error.is::<TooSlow>()) {
        return ApiError::new(Code::BodyTooSlow, "the body comes too slowly");
    }
    ApiError::new(Code::InvalidRequest, otherwise)
}

fn too_large(limit: usize) -> ApiError {
    let message = format!("the body is larger than the {limit} bytes that are taken here");
    ApiError::new(Code::PayloadTooLarge, message)
}

/// The body itself, unless it is announced as larger than allowed.
///
/// # Errors
/// `payload_too_large`.
pub(crate) fn sized(headers: &HeaderMap, body: Body, limit: usize) -> Result<Body, ApiError> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if announced.is_none_or(|bytes: u64| bytes <= limit as u64) {
        return Ok(body);
    }
    Err(too_large(limit))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::convert::Infallible;

    use tokio::time::sleep;

    use super::*;

    const PACE: Pace = Pace { behind: Duration::from_secs(10), bytes_per_second: 100 };

    /// A body of so many pieces of so many bytes, one each so many seconds.
    fn body(pieces: u32, bytes: usize, seconds: u64) -> Body {
        let piece = move |_| async move {
            sleep(Duration::from_secs(seconds)).await;
            Ok::<_, Infallible>(Bytes::from(vec![b'x'; bytes]))
        };
        Body::from_stream(stream::iter(0..pieces).then(piece))
    }

    async fn read(body: Body) -> Result<usize, Code> {
        whole(body, 100_000, PACE).await.map(|bytes| bytes.len()).map_err(|error| error.code())
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_may_be_late_and_must_keep_the_pace() {
        assert_eq!(read(body(1, 1, 9)).await, Ok(1), "late, and within the time that is given");
        assert_eq!(read(body(1, 1, 11)).await, Err(Code::BodyTooSlow), "silent");
        assert_eq!(read(body(200, 500, 5)).await, Ok(100_000), "a thousand seconds, always at the pace");
        assert_eq!(read(body(200, 1, 5)).await, Err(Code::BodyTooSlow), "a trickle");
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_sent_fast_buys_no_long_silence() {
        let fast = Bytes::from(vec![b'x'; 90_000]);
        let silent = async {
            sleep(Duration::from_secs(11)).await;
            Ok(Bytes::from_static(b"x"))
        };
        let pieces = stream::iter([Ok::<_, Infallible>(fast)]).chain(stream::once(silent));
        assert_eq!(read(Body::from_stream(pieces)).await, Err(Code::BodyTooSlow));
    }

    #[tokio::test]
    async fn a_body_that_is_too_large_is_refused() {
        assert_eq!(read(body(2, 50_001, 0)).await, Err(Code::PayloadTooLarge));
        let announced = [(header::CONTENT_LENGTH, "100001".parse().unwrap())].into_iter().collect();
        let refused = sized(&announced, Body::empty(), 100_000).unwrap_err();
        assert_eq!(refused.code(), Code::PayloadTooLarge);
    }
}
