//! What a client is told when something does not go as asked.
//!
//! Every answer that is not a success has the body `{"error": {"code", "message", "details"?, "request_id"}}`. A handler
//! returns an [`ApiError`]; the outermost layer, which knows the request's id, writes the body and logs the failure.

mod code;
mod convert;

use std::{borrow::Cow, sync::Arc};

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

pub use self::code::Code;

/// Why something failed inside, kept for the log and never shown to a client.
type Cause = Arc<dyn std::error::Error + Send + Sync>;

/// A failure, as a client sees it, with what caused it, as the log sees it.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    code: Code,
    message: Cow<'static, str>,
    details: Option<Arc<[FieldProblem]>>,
    #[source]
    cause: Option<Cause>,
}

/// One field of a request and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct FieldProblem {
    /// Path of the field, e.g. `options.top_k`.
    #[schema(example = "prompt")]
    pub(crate) field: String,
    /// What is wrong with it.
    #[schema(example = "length is lower than 1")]
    pub(crate) problem: String,
}

/// The body of every answer that is not a success.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorBody {
    /// The failure.
    error: ErrorContent,
}

/// A failure, in words for programs and for people.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorContent {
    /// Stable code; see the list of errors in the documentation.
    #[schema(example = "validation_failed")]
    code: &'static str,
    /// One sentence for a person.
    #[schema(example = "the request has fields that cannot be used")]
    message: String,
    /// The fields at fault, where there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Vec<FieldProblem>>,
    /// The id under which this request stands in the logs.
    #[schema(example = "0192f0c1-7d5e-7c3a-9b1e-2f6a4d8c0e11")]
    request_id: String,
}

impl ApiError {
    /// A failure with a code and one sentence for a person.
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), details: None, cause: None }
    }

    /// Input that was understood and cannot be used, with what is wrong per field.
    pub(crate) fn invalid(problems: &[FieldProblem]) -> Self {
        let error = Self::new(Code::ValidationFailed, "the request has fields that cannot be used");
        Self { details: Some(problems.into()), ..error }
    }

    /// Input of which one field cannot be used.
    pub(crate) fn invalid_field(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::invalid(&[FieldProblem { field: field.into(), problem: problem.into() }])
    }

    /// What was asked for does not exist, or is another tenant's: the two look the same.
    pub(crate) fn not_found(what: &'static str) -> Self {
        Self::new(Code::NotFound, format!("there is no such {what}"))
    }

    /// Keeps what caused the failure, for the log.
    #[must_use]
    pub(crate) fn caused_by(mut self, cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.cause = Some(Arc::new(cause));
        self
    }

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        self.code
    }

    /// What was wrong inside and led to this, innermost last; for the log.
    pub(crate) fn causes(&self) -> Option<String> {
        let mut words = Vec::new();
        let mut next = self.cause.as_deref().map(|cause| cause as &dyn std::error::Error);
        while let Some(error) = next {
            words.push(error.to_string());
            next = error.source();
        }
        (!words.is_empty()).then(|| words.join(": "))
    }

    /// What a client is told over a WebSocket: code, message and fields at fault.
    pub(crate) fn content(&self) -> impl Serialize {
        #[derive(Serialize)]
        struct Content<'a> {
            code: &'static str,
            message: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            details: Option<&'a [FieldProblem]>,
        }
        Content { code: self.code.as_str(), message: &self.message, details: self.details.as_deref() }
    }

    /// The body of the answer, with the id of the request that it answers.
    pub(crate) fn body(&self, request_id: &str) -> impl Serialize + use<> {
        ErrorBody {
            error: ErrorContent {
                code: self.code.as_str(),
                message: self.message.clone().into_owned(),
                details: self.details.as_deref().map(<[_]>::to_vec),
                request_id: request_id.to_owned(),
            },
        }
    }

    /// The answer, with the id of the request that it answers.
    pub(crate) fn render(&self, request_id: &str) -> Response {
        let body = self.body(request_id);
        let mut response = (self.code.status(), axum::Json(body)).into_response();
        if let Some(wait) = self.code.retry_after() {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
        }
        if self.code == Code::Unauthenticated || self.code == Code::TokenExpired {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl IntoResponse for ApiError {
    /// An answer without a body: the layer that observes requests finds the failure in the extensions and writes it.
    fn into_response(self) -> Response {
        let mut response = self.code.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
