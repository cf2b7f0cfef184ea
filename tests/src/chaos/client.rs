//! A client and its run: it starts it, watches it, answers what it asks, and does not give up before it has ended.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::Context as _;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use reqwest::Method;
use sba::client::{Event, Watch};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use super::{
    shape::Shape,
    site::{PATIENCE, World},
};
use crate::api::User;

/// Longest wait for an event before the client looks whether its stream still lives.
const QUIET: Duration = Duration::from_secs(20);

/// How a run ended, as its client was told.
#[derive(Debug, Clone)]
pub struct Told {
    /// The run.
    pub run: Uuid,
    /// What it was like.
    pub shape: Shape,
    /// How it ended.
    pub status: String,
    /// Why, where it did not complete.
    pub code: String,
    /// The last event.
    pub seq: u64,
    /// The log that said so.
    pub epoch: u64,
}

/// One client.
pub struct Client {
    world: Arc<World>,
    user: User,
    lots: StdRng,
    shape: Shape,
    number: u64,
    run: Uuid,
    /// The last event that it has seen.
    seq: u64,
    /// What each step of the model has said, without what was voided.
    texts: BTreeMap<u32, String>,
    commanded: bool,
    /// Which log it lives in: after a restore, what it was told counts for nothing.
    epoch: u64,
}

impl Client {
    /// A client of a run that is drawn by lot; `number` tells it from all others.
    #[must_use]
    pub fn new(world: Arc<World>, seed: u64, number: u64) -> Self {
        let mut lots = StdRng::seed_from_u64(seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let shape = Shape::draw(&mut lots);
        let user = if shape == Shape::Careful { world.careful.clone() } else { world.quick.clone() };
        let (run, texts, epoch) = (Uuid::nil(), BTreeMap::new(), world.epoch());
        Self { world, user, lots, shape, number, run, seq: 0, texts, commanded: false, epoch }
    }

    /// From the request to the end of the run; `None` when the log was restored meanwhile, or was lost in that.
    ///
    /// # Errors
    /// When the run is refused for good, does not come to its end, or tells what cannot be.
    pub async fn live(mut self) -> anyhow::Result<Option<Told>> {
        let lived = async {
            if !self.start().await? {
                return Ok(None);
            }
            let end = Instant::now() + PATIENCE;
            while self.epoch == self.world.epoch() {
                // A connection that breaks tells nothing: the client comes back for what it has not seen.
                if let Ok(mut watch) = self.watch().await
                    && let Some(told) = self.follow(&mut watch).await?
                {
                    return Ok(Some(told));
                }
                if Instant::now() > end {
                    let seen = self.seen().await;
                    anyhow::bail!("the run does not end; after {}: {seen}", self.seq);
                }
                sleep(Duration::from_millis(self.lots.random_range(50..300))).await;
            }
            Ok(None)
        };
        let lived: anyhow::Result<Option<Told>> = lived.await;
        if self.epoch != self.world.epoch() {
            return Ok(None);
        }
        lived.with_context(|| format!("client {} ({:?}) of run {}", self.number, self.shape, self.run))
    }

    /// Asks for the run, at one gateway after the other, until one has taken it. Not so where it had ended, and only its
    /// log was lost in a restore.
    async fn start(&mut self) -> anyhow::Result<bool> {
        let (path, body) = self.shape.request(self.number);
        let key = format!("run-{}", self.number);
        let started = self.insist(path, &key, &body).await?;
        if started.0 == 409 && self.world.restored().is_some() {
            return Ok(false);
        }
        let (201 | 202, run) = &started else { anyhow::bail!("it was refused: {started:?}") };
        self.run = run["run_id"].as_str().context("a run without an id")?.parse()?;
        Ok(true)
    }

    /// Sends a request under a key until it is answered for good.
    async fn insist(&mut self, path: &str, key: &str, body: &Value) -> anyhow::Result<(u16, Value)> {
        let end = Instant::now() + PATIENCE;
        loop {
            let gateway = self.gateway();
            let request = self.user.request(Method::POST, &format!("{gateway}/api/v1/{path}"));
            let request = request.header("idempotency-key", key).timeout(Duration::from_secs(10)).json(body);
            let answer = self.user.send(request).await;
            match answer {
                Ok((status, body)) if status < 500 && status != 429 => return Ok((status, body)),
                other => {
                    let waits = Instant::now() < end && self.epoch == self.world.epoch();
                    anyhow::ensure!(waits, "no gateway answers {path} for good: {other:?}");
                }
            }
            sleep(Duration::from_millis(self.lots.random_range(50..500))).await;
        }
    }

    fn gateway(&mut self) -> String {
        self.world.urls[self.lots.random_range(0..self.world.urls.len())].clone()
    }

    async fn watch(&mut self) -> anyhow::Result<Watch> {
        let gateway = self.gateway();
        let client = self.user.client(&gateway)?;
        Ok(timeout(Duration::from_secs(10), client.watch(self.run, None, self.seq)).await??)
    }

    /// Follows the run until it has ended; `None` when the stream breaks.
    async fn follow(&mut self, watch: &mut Watch) -> anyhow::Result<Option<Told>> {
        loop {
            let Ok(Ok(Some(event))) = timeout(QUIET, watch.next()).await else { return Ok(None) };
            anyhow::ensure!(event.seq == self.seq + 1, "event {} follows event {}: {event:?}", event.seq, self.seq);
            self.seq = event.seq;
            if event.r#type == "done" {
                let text =
                    |path: &str| event.payload.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
                let (status, code) = (text("/status"), text("/error/code"));
                let Self { run, shape, seq, epoch, .. } = *self;
                return Ok(Some(Told { run, shape, status, code, seq, epoch }));
            }
            self.hear(&event)?;
            self.react(&event).await?;
        }
    }

    /// Keeps the text of each step, and holds it against what the step came to.
    fn hear(&mut self, event: &Event) -> anyhow::Result<()> {
        match (event.r#type.as_str(), event.step) {
            ("token", Some(step)) => {
                let text = event.payload["text"].as_str().unwrap_or_default();
                self.texts.entry(step).or_default().push_str(text);
            }
            ("attempt", _) => {
                let restarted = event.payload["restarts_step"].as_u64().and_then(|step| u32::try_from(step).ok());
                restarted.map(|step| self.texts.remove(&step));
            }
            ("step_finished", Some(step)) if event.payload["status"] == "completed" => {
                let said = self.texts.remove(&step).unwrap_or_default();
                let kept = event.payload["output"]["text"].as_str().unwrap_or(said.trim());
                anyhow::ensure!(kept == said.trim(), "step {step} said {said:?} and came to {kept:?}");
            }
            _ => {}
        }
        Ok(())
    }

    /// Does what its person does.
    async fn react(&mut self, event: &Event) -> anyhow::Result<()> {
        let begun = matches!(event.r#type.as_str(), "token" | "tool_request");
        match self.shape {
            Shape::Cancelled if begun && !self.commanded && self.lots.random_bool(0.2) => {
                self.commanded = true;
                self.tell("cancel", "cancel", json!({"reason": "by lot"})).await?;
            }
            Shape::Held if begun && !self.commanded && self.lots.random_bool(0.2) => {
                self.commanded = true;
                self.tell("pause", "pause", json!({})).await?;
            }
            Shape::Held if event.payload["status"] == "paused" && event.payload["until"].is_null() => {
                self.pause().await;
                self.tell("resume", &format!("resume-{}", event.seq), json!({})).await?;
            }
            _ => {}
        }
        if event.r#type == "input_request" {
            self.answer(event).await?;
        }
        Ok(())
    }

    async fn answer(&mut self, event: &Event) -> anyhow::Result<()> {
        let ask = &event.payload;
        let options = ask["options"].as_array().map(Vec::as_slice).unwrap_or_default();
        let input = if ask["kind"] == "approval" {
            json!(self.lots.random_bool(0.8))
        } else if !ask["call"].is_null() {
            // Whether an effect took place: what the ledger knows. Where it knows nothing it may yet come to know.
            let done = self.world.ledger.of(self.run, event.step.unwrap_or_default()).is_some();
            options.get(if done { 0 } else { 2 }).cloned().context("a question without its options")?
        } else if self.shape == Shape::Silence {
            return Ok(());
        } else {
            options.first().cloned().unwrap_or_else(|| json!("Ann"))
        };
        self.pause().await;
        let ask_id = ask["ask_id"].as_str().context("a question without an id")?.to_owned();
        self.tell("continue", &ask_id, json!({"ask_id": ask_id, "input": input})).await
    }

    /// As long as a person takes.
    async fn pause(&mut self) {
        sleep(Duration::from_millis(self.lots.random_range(0..400))).await;
    }

    /// Gives the run a command; that it is too late for it is an answer too.
    async fn tell(&mut self, verb: &str, key: &str, body: Value) -> anyhow::Result<()> {
        let path = format!("runs/{}/{verb}", self.run);
        let answer = self.insist(&path, key, &body).await?;
        anyhow::ensure!([202, 409].contains(&answer.0), "{verb} was refused: {answer:?}");
        Ok(())
    }

    /// The run as somebody shows it, for whoever reads why it hangs.
    async fn seen(&mut self) -> String {
        let url = format!("{}/api/v1/runs/{}", self.gateway(), self.run);
        self.user.get(&url).await.map_or_else(|error| error.to_string(), |(_, run)| run.to_string())
    }
}
