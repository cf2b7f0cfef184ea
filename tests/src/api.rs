//! The API over plain HTTP, as a user of a tenant meets it: every status and body, refusals included.

use std::time::Duration;

use anyhow::Context as _;
use reqwest::{
    Method, RequestBuilder,
    multipart::{Form, Part},
};
use sba::{
    client::Client,
    local::{Stack, StackModel, StackOptions},
};
use sba_gateway::auth::Role;
use sba_subjects::id::{TenantId, UserId};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use tokio_tungstenite::tungstenite::{self, client::IntoClientRequest as _};
use uuid::Uuid;

/// Between two looks at a condition.
const LOOK_AGAIN: Duration = Duration::from_millis(25);

/// A user of a tenant.
#[derive(Debug, Clone)]
pub struct User {
    /// The tenant.
    pub tenant: TenantId,
    /// What the user shows.
    pub token: String,
    http: reqwest::Client,
}

/// An installation with two gateways, this model and these settings.
///
/// # Errors
/// When it cannot be started.
pub async fn two_gateways(model: StackModel, overrides: Value) -> anyhow::Result<Stack> {
    let options = StackOptions { gateways: 2, model, overrides, ..StackOptions::default() };
    Ok(Stack::start(options, |_| {}).await?)
}

/// Looks until there is something to see.
///
/// # Errors
/// When there is nothing within `deadline`; `what` says what was waited for.
pub async fn until<T>(
    what: &str,
    deadline: Duration,
    mut look: impl AsyncFnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let end = Instant::now() + deadline;
    loop {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        anyhow::ensure!(Instant::now() < end, "waited in vain for {what}");
        sleep(LOOK_AGAIN).await;
    }
}

impl User {
    /// A member and administrator of a new tenant.
    ///
    /// # Errors
    /// When the tenant cannot be made.
    pub async fn new(stack: &Stack, name: &str) -> anyhow::Result<Self> {
        let user = UserId::from_uuid(Uuid::new_v4());
        let operator = Client::new(stack.url(), stack.token(None, user, &[Role::Operator])?)?;
        let tenant = TenantId::from_uuid(operator.create_tenant(name).await?);
        Self::of(stack, Some(tenant), user, &[Role::TenantAdmin, Role::Member])
    }

    /// A member and administrator of a new tenant with these settings, which this gateway makes.
    ///
    /// # Errors
    /// When the tenant cannot be made.
    pub async fn with_settings(stack: &Stack, gateway: &str, config: &Value) -> anyhow::Result<Self> {
        let operator = Self::of(stack, None, UserId::from_uuid(Uuid::new_v4()), &[Role::Operator])?;
        let body = json!({"name": "Acme", "config": config});
        let (status, made) = operator.post(&format!("{gateway}/api/v1/tenants"), &body).await?;
        anyhow::ensure!(status == 201, "{status} {made}");
        let tenant = made["tenant_id"].as_str().context("a tenant without an id")?.parse().map(TenantId::from_uuid)?;
        Self::of(stack, Some(tenant), UserId::from_uuid(Uuid::new_v4()), &[Role::TenantAdmin, Role::Member])
    }

    /// A user with these roles, of a tenant that is there; an operator is of none.
    ///
    /// # Errors
    /// When no token can be minted.
    pub fn of(stack: &Stack, tenant: Option<TenantId>, user: UserId, roles: &[Role]) -> anyhow::Result<Self> {
        let token = stack.token(tenant, user, roles)?;
        let tenant = tenant.unwrap_or_else(|| TenantId::from_uuid(Uuid::nil()));
        Ok(Self { tenant, token, http: reqwest::Client::new() })
    }

    /// The same user with another token.
    #[must_use]
    pub fn showing(&self, token: impl Into<String>) -> Self {
        Self { token: token.into(), ..self.clone() }
    }

    /// A client of this gateway.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn client(&self, gateway: &str) -> anyhow::Result<Client> {
        Ok(Client::new(gateway, self.token.clone())?)
    }

    /// A request to this address.
    pub fn request(&self, method: Method, url: &str) -> RequestBuilder {
        self.http.request(method, url).bearer_auth(&self.token)
    }

    /// Sends a request; what is no JSON is null.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn send(&self, request: RequestBuilder) -> anyhow::Result<(u16, Value)> {
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        Ok((status, answer.json().await.unwrap_or_default()))
    }

    /// Asks for what is at this address.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn get(&self, url: &str) -> anyhow::Result<(u16, Value)> {
        self.send(self.request(Method::GET, url)).await
    }

    /// Sends JSON to this address.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn post(&self, url: &str, body: &Value) -> anyhow::Result<(u16, Value)> {
        self.send(self.request(Method::POST, url).json(body)).await
    }

    /// Hands bytes in as a document and waits until it is indexed or has failed.
    ///
    /// # Errors
    /// When it is refused, or neither happens within `deadline`.
    pub async fn document(
        &self,
        gateway: &str,
        source: &str,
        content: Vec<u8>,
        deadline: Duration,
    ) -> anyhow::Result<Value> {
        let form = Form::new()
            .text("source", source.to_owned())
            .part("file", Part::bytes(content).file_name(source.to_owned()));
        let documents = format!("{gateway}/api/v1/knowledge/documents");
        let (status, taken) = self.send(self.request(Method::POST, &documents).multipart(form)).await?;
        anyhow::ensure!(status == 202, "{status} {taken}");
        let id = taken["document_id"].as_str().context("a document without an id")?;
        let url = format!("{documents}/{id}");
        let change = taken["change"].clone();
        until("the document", deadline, async || {
            let (_, mut document) = self.get(&url).await?;
            document["change"] = change.clone();
            Ok((document["status"] != "pending").then_some(document))
        })
        .await
    }

    /// Status and code with which watching a run is refused; `None` when it is not.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn refused_to_watch(&self, gateway: &str, run: &str) -> anyhow::Result<Option<(u16, String)>> {
        let address = format!("{}/api/v1/runs/{run}/stream", gateway.replacen("http", "ws", 1));
        let mut request = address.into_client_request()?;
        request.headers_mut().insert("authorization", format!("Bearer {}", self.token).parse()?);
        match tokio_tungstenite::connect_async(request).await {
            Ok(_) => Ok(None),
            Err(tungstenite::Error::Http(answer)) => {
                let body = answer.body().as_deref().unwrap_or_default();
                let body: Value = serde_json::from_slice(body).unwrap_or_else(|_| json!({}));
                Ok(Some((answer.status().as_u16(), code(&body).to_owned())))
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// The stable code of a refusal; empty where there is none.
#[must_use]
pub fn code(body: &Value) -> &str {
    body["error"]["code"].as_str().unwrap_or_default()
}
