//! A JSON body.

use axum::{
    extract::{FromRequest, Request, rejection::BytesRejection},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    error::{ApiError, Code},
    http,
};

/// A JSON body: taken from a request, or given as an answer.
///
/// A body that is not JSON, or whose fields have other types, is refused with the path of the field at fault.
#[derive(Debug, Clone)]
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        if !is_json(request.headers()) {
            return Err(no_json());
        }
        let body = Bytes::from_request(request, state).await.map_err(unreadable)?;
        parse(&body).map(Self)
    }
}

/// A JSON body that may be left out, where none of its fields must be given.
#[derive(Debug, Clone)]
pub(crate) struct JsonOrNothing<T>(pub(crate) T);

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for JsonOrNothing<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let json = is_json(request.headers());
        let body = Bytes::from_request(request, state).await.map_err(unreadable)?;
        if !json && !body.is_empty() {
            return Err(no_json());
        }
        parse_or_nothing(&body).map(Self)
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
            Err(error) => {
                ApiError::new(Code::Internal, "the answer cannot be written").caused_by(error).into_response()
            }
        }
    }
}

/// Reads JSON that fills `body`.
///
/// # Errors
/// `invalid_request` for what is no JSON, `validation_failed` for a field of another type, a missing or an unknown one.
pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| refusal(&error))?;
    json.end().map_err(|error| not_json(&error))?;
    // A list of values in the order of the fields would do as well, and nobody means that.
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(ApiError::invalid_field("", "expected an object"));
    }
    Ok(value)
}

/// As [`parse`]; nothing at all says what a body says that names no field.
///
/// # Errors
/// As [`parse`].
pub(crate) fn parse_or_nothing<T: DeserializeOwned + Default>(body: &[u8]) -> Result<T, ApiError> {
    if body.is_empty() { Ok(T::default()) } else { parse(body) }
}

/// Reads the fields of a map that was parsed already.
///
/// # Errors
/// `validation_failed` for a field of another type, a missing or an unknown one.
pub(crate) fn fields<T: DeserializeOwned>(map: serde_json::Value) -> Result<T, ApiError> {
    serde_path_to_error::deserialize(map).map_err(|error| refusal(&error))
}

fn refusal(error: &serde_path_to_error::Error<serde_json::Error>) -> ApiError {
    let inner = error.inner();
    if !inner.is_data() {
        return not_json(inner);
    }
    let problem = inner.to_string();
    let path = error.path().to_string();
    let missing = problem.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
    let field = match (path.as_str(), missing) {
        (".", missing) => missing.unwrap_or_default().to_owned(),
        (path, Some(missing)) => format!("{path}.{missing}"),
        (path, None) => path.to_owned(),
    };
    ApiError::invalid_field(field, problem)
}

fn not_json(error: &serde_json::Error) -> ApiError {
    ApiError::new(Code::InvalidRequest, format!("the body is not valid JSON: {error}"))
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

fn no_json() -> ApiError {
    let message = "the body must be JSON, and content-type must say application/json";
    ApiError::new(Code::UnsupportedMediaType, message)
}

fn unreadable(rejection: BytesRejection) -> ApiError {
    if rejection.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
        return ApiError::new(Code::PayloadTooLarge, "the body is larger than this gateway takes");
    }
    http::unreadable(&rejection, "the body could not be read to its end").caused_by(rejection)
}
