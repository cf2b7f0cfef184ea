//! Answers: JSON, as REST has it, with the headers of the NATS services API where something went wrong.

use async_nats::{Client, HeaderMap, Subject};
use bytes::Bytes;
use serde::Serialize;

use crate::{
    app::App,
    error::{ApiError, Code},
    http,
};

/// What is told.
#[derive(Debug)]
pub(super) struct Answer(Bytes);

impl Answer {
    /// What an endpoint would answer.
    pub(super) fn of(body: &impl Serialize) -> Result<Self, ApiError> {
        let written = serde_json::to_vec(body);
        let unwritable = |error| ApiError::new(Code::Internal, "the answer cannot be written").caused_by(error);
        written.map(|body| Self(body.into())).map_err(unwritable)
    }
}

/// Tells whoever asked. What went wrong inside is logged.
pub(super) async fn send(client: &Client, reply: Subject, done: Result<Answer, ApiError>, app: &App) {
    let mut headers = HeaderMap::new();
    let body = match done {
        Ok(Answer(body)) => body,
        Err(error) => {
            http::log(&error);
            headers.insert("Nats-Service-Error", error.code().as_str());
            headers.insert("Nats-Service-Error-Code", error.code().status().as_u16().to_string());
            // What is written is made of text and numbers alone.
            serde_json::to_vec(&error.body(&app.ids.uuid().to_string())).unwrap_or_default().into()
        }
    };
    if let Err(error) = client.publish_with_headers(reply, headers, body).await {
        tracing::warn!(%error, "an answer was not sent: the connection is closed");
    }
}
