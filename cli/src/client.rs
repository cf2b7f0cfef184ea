//! SBA's API, as the command line uses it.

mod documents;
mod keys;
mod runs;

use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response, header};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use uuid::Uuid;

pub use self::{
    documents::{Document, Progress},
    keys::{Key, Keys},
    runs::{Event, Watch},
};

/// Longest wait for one answer.
const ANSWER: Duration = Duration::from_secs(60);

/// A client of one gateway, acting with one token.
#[derive(Debug, Clone)]
pub struct Client {
    url: String,
    token: String,
    http: reqwest::Client,
}

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The gateway did not answer.
    #[error("no answer from the gateway: {0}")]
    Http(#[from] reqwest::Error),
    /// The gateway refused.
    #[error("the gateway answered {status} {code}: {message} (request {request_id})")]
    Refused {
        /// HTTP status.
        status: u16,
        /// Stable code.
        code: String,
        /// A sentence.
        message: String,
        /// The request, for whoever reads the logs.
        request_id: String,
    },
    /// The WebSocket broke.
    #[error("the stream broke: {0}")]
    Stream(#[from] Box<tokio_tungstenite::tungstenite::Error>),
    /// The gateway closed the stream before the run's end.
    #[error("the stream was closed before the end of the run: {0}")]
    Closed(String),
    /// What came cannot be read.
    #[error("an answer cannot be read: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// A file cannot be read.
    #[error("{path} cannot be read: {source}")]
    File {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// It took too long.
    #[error("{0} took too long")]
    Deadline(&'static str),
}

/// The blueprint's error body.
#[derive(Deserialize)]
struct Refusal {
    error: RefusalBody,
}

#[derive(Deserialize)]
struct RefusalBody {
    code: String,
    message: String,
    #[serde(default)]
    details: Vec<FieldProblem>,
    request_id: String,
}

#[derive(Deserialize)]
struct FieldProblem {
    field: String,
    problem: String,
}

/// A session: its id, and the token that watching its runs takes.
#[derive(Debug, Clone, Deserialize)]
pub struct Session {
    /// The session.
    pub session_id: Uuid,
    /// Its token.
    pub session_token: String,
}

impl Client {
    /// A client of the gateway at `url`.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(url: impl Into<String>, token: impl Into<String>) -> Result<Self, ClientError> {
        let http = reqwest::Client::builder().timeout(ANSWER).build()?;
        Ok(Self { url: url.into().trim_end_matches('/').to_owned(), token: token.into(), http })
    }

    /// Creates a tenant; returns its id.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn create_tenant(&self, name: &str) -> Result<Uuid, ClientError> {
        #[derive(Deserialize)]
        struct Made {
            tenant_id: Uuid,
        }
        let made: Made = self.json(self.request(Method::POST, "/api/v1/tenants").json(&json!({"name": name}))).await?;
        Ok(made.tenant_id)
    }

    /// Opens a session.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn create_session(&self) -> Result<Session, ClientError> {
        self.json(self.request(Method::POST, "/api/v1/sessions").json(&json!({}))).await
    }

    /// Any resource, as JSON.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn get(&self, path: &str) -> Result<Value, ClientError> {
        self.json(self.request(Method::GET, path)).await
    }

    /// Any resource, as text.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn text(&self, path: &str) -> Result<String, ClientError> {
        Ok(accepted(self.request(Method::GET, path).send().await?).await?.text().await?)
    }

    pub(self) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url)).header(header::AUTHORIZATION, self.bearer())
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }

    async fn json<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, ClientError> {
        Ok(accepted(request.send().await?).await?.json().await?)
    }
}

/// The answer, unless it is a refusal.
async fn accepted(response: Response) -> Result<Response, ClientError> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let text = response.text().await?;
    let body = serde_json::from_str::<Refusal>(&text).map(|refusal| refusal.error).unwrap_or_else(|_| RefusalBody {
        code: "unknown".to_owned(),
        message: text.chars().take(300).collect(),
        details: Vec::new(),
        request_id: String::new(),
    });
    let RefusalBody { code, mut message, details, request_id } = body;
    for FieldProblem { field, problem } in details {
        message = format!("{message}; {field} {problem}");
    }
    Err(ClientError::Refused { status: status.as_u16(), code, message, request_id })
}
