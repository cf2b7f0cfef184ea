//! Limits on what is worked on at the same time, and for how long.

use std::time::Duration;

use axum::{
    extract::{Request, State},
    http::header,
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures::StreamExt as _;
use tokio::time::timeout;

use crate::{
    app::App,
    error::{ApiError, Code},
};

/// Refuses a request when the gateway works on as many as it may: waiting would only make all of them late.
pub(crate) async fn bounded(State(app): State<App>, request: Request, next: Next) -> Response {
    let Ok(_place) = app.requests.try_acquire() else {
        return ApiError::new(Code::Overloaded, "the gateway works on as many requests as it may").into_response();
    };
    next.run(request).await
}

/// Gives a request up after its time.
pub(crate) async fn in_time(State(limit): State<Duration>, request: Request, next: Next) -> Response {
    match timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            let message = format!("the request took longer than {} ms", limit.as_millis());
            ApiError::new(Code::DeadlineExceeded, message).into_response()
        }
    }
}

/// Longest time and most bytes for reading what is refused: a client that still sends would never see the answer.
const DRAIN_TIME: Duration = Duration::from_secs(5);
const DRAIN_BYTES: usize = 1 << 30;

/// Refuses a body that is announced as larger than allowed.
pub(crate) async fn sized(State(limit): State<u64>, request: Request, next: Next) -> Response {
    let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if announced.is_none_or(|bytes: u64| bytes <= limit) {
        return next.run(request).await;
    }
    let drained = async {
        let mut body = request.into_body().into_data_stream();
        let mut left = DRAIN_BYTES;
        while let Some(Ok(piece)) = body.next().await {
            let Some(rest) = left.checked_sub(piece.len()) else { return };
            left = rest;
        }
    };
    // Whether it was read to its end makes no difference to the answer.
    let _ = timeout(DRAIN_TIME, drained).await;
    let message = format!("the body is larger than the {limit} bytes that are taken here");
    ApiError::new(Code::PayloadTooLarge, message).into_response()
}
