//! How large the head of a request may be.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::error::{ApiError, Code};

/// Bytes around the name and the value of a header: a colon, a space and the end of the line.
const AROUND: usize = 4;

/// Refuses a request whose address and headers are together larger than allowed.
///
/// The connection reads somewhat larger heads, so that this answer, and not a bare one, is what most clients get.
pub(crate) async fn fits(State(limit): State<usize>, request: Request, next: Next) -> Response {
    let headers = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + AROUND);
    let address = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    if address + headers.sum::<usize>() <= limit {
        return next.run(request).await;
    }
    let message = format!("address and headers are larger than the {limit} bytes that are taken");
    ApiError::new(Code::HeadTooLarge, message).into_response()
}
