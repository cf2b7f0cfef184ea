//! An installation with two of each process whose model does what prompts say, and runs in it.

use std::time::Duration;

use anyhow::Context as _;
use reqwest::Method;
use sba::{
    client::Event,
    local::{Stack, StackModel, StackOptions},
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    api::{User, until},
    installation::everything,
    model::{ModelServer, Turn, prompt},
};

/// Longest wait for anything, on a busy machine too.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The installation.
pub struct Scene {
    /// Servers and processes.
    pub stack: Stack,
    /// The model.
    pub model: ModelServer,
    /// The addresses of both gateways.
    pub urls: Vec<String>,
}

impl Scene {
    /// Two of each process, with these settings.
    ///
    /// # Errors
    /// When something cannot be started.
    pub async fn start(overrides: Value) -> anyhow::Result<Self> {
        let model = ModelServer::start().await?;
        let options = StackOptions { gateways: 2, model: StackModel::Scripted, ..StackOptions::default() };
        let options = options.with(ModelServer::settings(model.address())).with(overrides);
        let stack = Stack::start(options, |_| {}).await?;
        let urls = stack.urls();
        Ok(Self { stack, model, urls })
    }

    /// A member and administrator of a new tenant with these settings.
    ///
    /// # Errors
    /// When the tenant cannot be made.
    pub async fn tenant(&self, config: Value) -> anyhow::Result<User> {
        User::with_settings(&self.stack, &self.urls[0], &config).await
    }

    /// Starts a run that chooses its tools; the prompt has `word` in it.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn run(&self, user: &User, word: &str, turns: impl IntoIterator<Item = Turn>) -> anyhow::Result<Run> {
        Run::start(&self.urls, user, json!({}), word, turns).await
    }
}

/// A run that was started at the first gateway, seen and commanded from the last.
#[derive(Debug, Clone)]
pub struct Run {
    urls: Vec<String>,
    /// Who started it.
    pub user: User,
    /// Its id.
    pub id: Uuid,
}

impl Run {
    /// Starts a run that chooses its tools, with these options; the prompt has `word` in it.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn start(
        urls: &[String],
        user: &User,
        options: Value,
        word: &str,
        turns: impl IntoIterator<Item = Turn>,
    ) -> anyhow::Result<Self> {
        let body = json!({"prompt": prompt(word, turns), "workflow": "agentic", "options": options});
        let url = format!("{}/api/v1/runs", urls.first().context("no gateway")?);
        let (status, started) = user.post(&url, &body).await?;
        anyhow::ensure!(status == 201, "{status} {started}");
        Self::known(urls, user, &started["run_id"])
    }

    /// A run that was started before.
    ///
    /// # Errors
    /// When that is no id.
    pub fn known(urls: &[String], user: &User, id: &Value) -> anyhow::Result<Self> {
        let id = id.as_str().context("a run without an id")?.parse()?;
        Ok(Self { urls: urls.to_vec(), user: user.clone(), id })
    }

    /// The gateway that it is seen from.
    fn gateway(&self) -> &str {
        self.urls.last().map_or("", String::as_str)
    }

    fn at(&self, path: &str) -> String {
        format!("{}/api/v1/runs/{}{path}", self.gateway(), self.id)
    }

    /// The run as it stands.
    ///
    /// # Errors
    /// When it is not shown.
    pub async fn seen(&self) -> anyhow::Result<Value> {
        let (status, run) = self.user.get(&self.at("")).await?;
        anyhow::ensure!(status == 200, "{status} {run}");
        Ok(run)
    }

    /// Waits until it stands so; then as it is.
    ///
    /// # Errors
    /// When it never does.
    pub async fn until(&self, status: &str) -> anyhow::Result<Value> {
        let seen = until(status, PATIENCE, async || {
            let run = self.seen().await?;
            Ok((run["status"] == status).then_some(run))
        });
        match seen.await {
            Ok(run) => Ok(run),
            Err(error) => Err(error.context(self.seen().await?)),
        }
    }

    /// Waits for an event of this type; gives back all until then.
    ///
    /// # Errors
    /// When the run ends before.
    pub async fn until_said(&self, kind: &str) -> anyhow::Result<Vec<Event>> {
        let mut watch = self.user.client(self.gateway())?.watch(self.id, None, 0).await?;
        let mut events = Vec::new();
        loop {
            let event = tokio::time::timeout(PATIENCE, watch.next()).await??.context("the run ended before")?;
            let found = event.r#type == kind;
            events.push(event);
            if found {
                return Ok(events);
            }
        }
    }

    /// Gives it a command, e.g. `cancel`; what came back.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn tell(&self, verb: &str, body: Value) -> anyhow::Result<(u16, Value)> {
        self.user.post(&self.at(&format!("/{verb}")), &body).await
    }

    /// As [`tell`](Self::tell), under a key.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn tell_as(&self, key: &str, verb: &str, body: Value) -> anyhow::Result<(u16, Value)> {
        let request = self.user.request(Method::POST, &self.at(&format!("/{verb}")));
        self.user.send(request.header("idempotency-key", key).json(&body)).await
    }

    /// Everything that it said, once it has ended.
    ///
    /// # Errors
    /// When it does not end, or its events have a gap, a repeat, or something behind the end.
    pub async fn end(&self) -> anyhow::Result<Ended> {
        let events = everything(&self.user.client(self.gateway())?, self.id).await?;
        sound(&events)?;
        Ok(Ended { events })
    }
}

/// A run that has ended.
#[derive(Debug)]
pub struct Ended {
    /// All that it said.
    pub events: Vec<Event>,
}

impl Ended {
    /// How, and with which code.
    #[must_use]
    pub fn how(&self) -> (&str, &str) {
        let done = self.events.last().map(|event| &event.payload);
        let text = |path: &str| done.and_then(|done| done.pointer(path)?.as_str()).unwrap_or_default();
        (text("/status"), text("/error/code"))
    }

    /// The events of a type.
    pub fn all(&self, kind: &str) -> impl Iterator<Item = &Event> {
        self.events.iter().filter(move |event| event.r#type == kind)
    }

    /// The codes with which steps failed, in the order of the steps.
    #[must_use]
    pub fn step_codes(&self) -> Vec<&str> {
        self.all("step_finished").filter_map(|event| event.payload["error"]["code"].as_str()).collect()
    }

    /// The codes with which commands were refused.
    #[must_use]
    pub fn refusals(&self) -> Vec<&str> {
        self.all("refused").filter_map(|event| event.payload["reason"]["code"].as_str()).collect()
    }
}

/// Whether events are those of a run that has ended: dense, with one end, at the end.
///
/// # Errors
/// What is wrong with them.
pub fn sound(events: &[Event]) -> anyhow::Result<()> {
    for (event, seq) in events.iter().zip(1..) {
        anyhow::ensure!(event.seq == seq, "a gap or a repeat at {seq}: {events:?}");
    }
    let ends = events.iter().filter(|event| event.r#type == "done").count();
    let last = events.last().is_some_and(|event| event.r#type == "done");
    anyhow::ensure!(ends == 1 && last, "{ends} ends: {events:?}");
    Ok(())
}
