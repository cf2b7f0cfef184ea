//! The query of an address.

use std::fmt::Display;

use axum::{
    extract::FromRequestParts,
    http::{Uri, request::Parts},
};
use serde::de::DeserializeOwned;

use crate::error::{ApiError, Code};

/// The query of an address, read as `T`.
#[derive(Debug, Clone)]
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        query(&parts.uri).map(Self)
    }
}

/// What the query of an address says.
///
/// # Errors
/// `invalid_request`.
pub(super) fn query<T: DeserializeOwned>(uri: &Uri) -> Result<T, ApiError> {
    let read = axum::extract::Query::try_from_uri(uri);
    read.map(|axum::extract::Query(value)| value).map_err(|rejection| unreadable(&rejection.body_text()))
}

pub(super) fn unreadable(why: &dyn Display) -> ApiError {
    ApiError::new(Code::InvalidRequest, format!("the query cannot be read: {why}"))
}
