//! Runs, and watching them.

use futures::StreamExt as _;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{Message, client::IntoClientRequest, http::HeaderValue},
};
use uuid::Uuid;

use super::{Client, ClientError, Session};

/// One event of a run.
#[derive(Debug, Clone, Deserialize)]
pub struct Event {
    /// What happened.
    pub r#type: String,
    /// The step it happened in.
    pub step: Option<u32>,
    /// Position in the run's log.
    pub seq: u64,
    /// When it was said, in milliseconds since 1970.
    pub ts: u64,
    /// What is said.
    pub payload: Value,
}

/// A run that is being watched.
#[derive(Debug)]
pub struct Watch {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Client {
    /// Starts a run; returns its id.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn start_run(&self, prompt: &str, session: Option<&Session>) -> Result<Uuid, ClientError> {
        let mut body = json!({"prompt": prompt});
        if let Some(session) = session {
            body["session_id"] = json!(session.session_id);
        }
        self.start(&body).await
    }

    /// Starts a run with a whole request; returns its id.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn start(&self, request: &Value) -> Result<Uuid, ClientError> {
        #[derive(Deserialize)]
        struct Started {
            run_id: Uuid,
        }
        let started: Started = self.json(self.request(Method::POST, "/api/v1/runs").json(request)).await?;
        Ok(started.run_id)
    }

    /// Watches a run behind event `after` (0: from its start).
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn watch(&self, run: Uuid, session: Option<&Session>, after: u64) -> Result<Watch, ClientError> {
        let address = self.url.replacen("http", "ws", 1);
        let address = format!("{address}/api/v1/runs/{run}/stream?after={after}");
        let mut request = address.into_client_request().map_err(Box::new)?;
        let headers = request.headers_mut();
        let value = |text: &str| HeaderValue::from_str(text).map_err(|error| ClientError::Closed(error.to_string()));
        headers.insert("authorization", value(&self.bearer())?);
        headers.insert("sec-websocket-protocol", HeaderValue::from_static("sba.v1.json"));
        if let Some(session) = session {
            headers.insert("x-session-token", value(&session.session_token)?);
        }
        let (socket, _) = tokio_tungstenite::connect_async(request).await.map_err(Box::new)?;
        Ok(Watch { socket })
    }
}

impl Watch {
    /// The next event; `None` after the last.
    ///
    /// # Errors
    /// [`ClientError`] when the stream ends before the run does.
    pub async fn next(&mut self) -> Result<Option<Event>, ClientError> {
        while let Some(message) = self.socket.next().await {
            match message.map_err(Box::new)? {
                Message::Text(text) => return Ok(Some(serde_json::from_str(&text)?)),
                Message::Close(Some(frame)) if u16::from(frame.code) == 1000 => return Ok(None),
                Message::Close(frame) => {
                    let why = frame.map(|frame| format!("{} {}", u16::from(frame.code), frame.reason));
                    return Err(ClientError::Closed(why.unwrap_or_else(|| "without a word".to_owned())));
                }
                _ => {}
            }
        }
        Err(ClientError::Closed("the connection ended".to_owned()))
    }
}
