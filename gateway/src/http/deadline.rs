//! How long a request may take.

use std::time::Duration;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use tokio::time::timeout;

use crate::error::{ApiError, Code};

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
