//! Discovery, as the NATS services API has it: `nats micro ls` in a tenant's account finds SBA.
//!
//! `STATS` is not answered: what gateways count is of all tenants together.

use async_nats::{Client, Message};
use sba_subjects::{boundary::is_reply, id::InstanceId, name::Discovery, subject::Subject};
use serde_json::{Map, Value, json};

/// The service's name.
const NAME: &str = "sba";

/// What is offered: names and subjects, as a tenant's clients see them. `*` stands for the caller's own key.
const ENDPOINTS: [(&str, &str); 11] = [
    ("start", "cmd.*.start"),
    ("input", "cmd.*.input.*"),
    ("cancel", "cmd.*.cancel.*"),
    ("pause", "cmd.*.pause.*"),
    ("resume", "cmd.*.resume.*"),
    ("feed-open", "feed.*.open"),
    ("feed-close", "feed.*.close"),
    ("tool-register", "serve.*.register.*"),
    ("tool-next", "serve.*.next.*"),
    ("tool-progress", "serve.*.progress.*"),
    ("tool-done", "serve.*.done.*"),
];

/// This gateway, as one instance of the service.
#[derive(Debug)]
pub(super) struct Service {
    instance: InstanceId,
    client: Client,
}

impl Service {
    pub(super) const fn new(instance: InstanceId, client: Client) -> Self {
        Self { instance, client }
    }

    /// Answers a question, where this instance is meant.
    pub(super) async fn answer(&self, message: Message) {
        let Some(reply) = message.reply.filter(|reply| is_reply(reply)) else { return };
        let Ok(Subject::Discovery { ask, service, id, .. }) = message.subject.parse() else { return };
        let other = service.is_some_and(|name| name.as_str() != NAME) || id.is_some_and(|id| id != self.instance);
        if other {
            return;
        }
        let answer = Value::Object(self.describe(ask)).to_string();
        if let Err(error) = self.client.publish(reply, answer.into()).await {
            tracing::warn!(%error, "an answer was not sent: the connection is closed");
        }
    }

    fn describe(&self, ask: Discovery) -> Map<String, Value> {
        let kind = match ask {
            Discovery::Ping => "io.nats.micro.v1.ping_response",
            Discovery::Info => "io.nats.micro.v1.info_response",
        };
        let mut said = Map::from_iter([
            ("type".to_owned(), json!(kind)),
            ("name".to_owned(), json!(NAME)),
            ("id".to_owned(), json!(self.instance)),
            ("version".to_owned(), json!(env!("CARGO_PKG_VERSION"))),
            ("metadata".to_owned(), json!({})),
        ]);
        if ask == Discovery::Info {
            let endpoint = |(name, subject): &(&str, &str)| json!({"name": name, "subject": subject, "queue_group": super::QUEUE, "metadata": {}});
            said.insert("description".to_owned(), json!("Runs of AI agents"));
            said.insert("endpoints".to_owned(), ENDPOINTS.iter().map(endpoint).collect());
        }
        said
    }
}
