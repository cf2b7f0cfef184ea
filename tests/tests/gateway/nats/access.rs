//! A client of a tenant, on NATS.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_nats::{Client, ConnectOptions, Event, HeaderMap, Message, StatusCode};
use futures::StreamExt as _;
use reqwest::Method;
use sba_gateway::auth::Role;
use sba_subjects::{caller::CallerKey, id::TenantKey};
use serde_json::{Value, json};

use crate::support::{DEADLINE, House, answer};

/// How long an answer may take that never comes.
pub(crate) const SILENCE: Duration = Duration::from_millis(500);

/// Somebody who was let in.
pub(crate) struct Access {
    /// What the gateway said.
    pub(crate) given: Value,
    pub(crate) caller: CallerKey,
    pub(crate) client: Client,
    events: Arc<Mutex<Vec<Event>>>,
}

impl House {
    /// Asks for credentials.
    pub(crate) async fn ask_in(&self, tenant: &TenantKey, user: u128, roles: &[Role], body: &Value) -> (u16, Value) {
        self.ask_showing(&self.token(tenant, user, roles), body).await
    }

    /// The same for whoever shows this token.
    pub(crate) async fn ask_showing(&self, token: &str, body: &Value) -> (u16, Value) {
        let request = self.request(Method::POST, "/nats/credentials", token);
        let (status, body) = answer(request.json(body)).await;
        (status.as_u16(), body)
    }

    /// Gets credentials and connects with them.
    pub(crate) async fn let_in(&self, tenant: &TenantKey, roles: &[Role], body: &Value) -> Access {
        let (status, given) = self.ask_in(tenant, 7, roles, body).await;
        assert_eq!(status, 201, "{given}");
        Access::connect(given).await
    }

    /// The most that a tenant can be given.
    pub(crate) async fn let_all_in(&self, tenant: &TenantKey) -> Access {
        self.let_in(tenant, &[Role::TenantAdmin], &json!({})).await
    }
}

impl Access {
    /// Connects with credentials that were given.
    pub(crate) async fn connect(given: Value) -> Self {
        let events = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&events);
        let options = ConnectOptions::with_credentials(given["credentials"].as_str().unwrap()).unwrap();
        let client = options
            .custom_inbox_prefix(given["inbox_prefix"].as_str().unwrap())
            .request_timeout(Some(DEADLINE))
            .event_callback(move |event| {
                seen.lock().unwrap().push(event);
                std::future::ready(())
            })
            .connect(given["servers"][0].as_str().unwrap())
            .await
            .unwrap();
        let caller = given["public_key"].as_str().unwrap().parse().unwrap();
        Self { given, caller, client, events }
    }

    /// Asks SBA something, and gives back its answer.
    pub(crate) async fn ask(&self, subject: &str, body: &Value) -> Value {
        self.ask_with(subject, HeaderMap::new(), body.to_string()).await
    }

    pub(crate) async fn ask_with(&self, subject: &str, headers: HeaderMap, body: impl Into<String>) -> Value {
        let message = self.client.request_with_headers(subject.to_owned(), headers, body.into().into()).await.unwrap();
        let answer: Value = serde_json::from_slice(&message.payload).unwrap();
        let said = message.headers.as_ref().and_then(|headers| headers.get("Nats-Service-Error"));
        assert_eq!(said.map(|code| code.as_str()), answer["error"]["code"].as_str(), "{answer}");
        answer
    }

    /// The subject of a command.
    pub(crate) fn cmd(&self, rest: &str) -> String {
        format!("cmd.{}.{rest}", self.caller)
    }

    /// The code with which something is refused.
    pub(crate) async fn refused(&self, subject: &str, body: &str) -> String {
        let answer = self.ask_with(subject, HeaderMap::new(), body).await;
        answer["error"]["code"].as_str().unwrap_or_else(|| panic!("it was done: {answer}")).to_owned()
    }

    /// What is answered to a request within a short time. A message of a stream is an answer too, under its own subject.
    pub(crate) async fn heard(&self, subject: &str, body: &[u8]) -> Option<Message> {
        let inbox = self.client.new_inbox();
        let mut answers = self.client.subscribe(inbox.clone()).await.ok()?;
        self.client.publish_with_reply(subject.to_owned(), inbox, body.to_vec().into()).await.ok()?;
        let answer = tokio::time::timeout(SILENCE, answers.next()).await.ok().flatten()?;
        (answer.status != Some(StatusCode::NO_RESPONDERS)).then_some(answer)
    }

    /// Waits until the servers have put this client out.
    pub(crate) async fn until_put_out(&self) {
        self.until(|event| matches!(event, Event::Disconnected | Event::Closed)).await;
    }

    /// Waits until the servers have refused something that this client did.
    pub(crate) async fn until_denied(&self, what: &str) {
        let denied = format!("Permissions Violation for {what}").to_lowercase();
        self.until(|event| event.to_string().to_lowercase().contains(&denied)).await;
    }

    async fn until(&self, found: impl Fn(&Event) -> bool) {
        let end = tokio::time::Instant::now() + DEADLINE;
        while !self.events.lock().unwrap().iter().any(&found) {
            assert!(tokio::time::Instant::now() < end, "not in time; seen: {:?}", self.events.lock().unwrap());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Whether the client is still connected.
    pub(crate) async fn is_in(&self) -> bool {
        self.heard("$SRV.PING", b"").await.is_some()
    }
}
