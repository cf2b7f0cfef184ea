//! A run, shown as it goes.

use std::{io::Write as _, time::Instant};

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::client::Event;

/// What was seen of a run.
#[derive(Debug)]
pub(super) struct Shown {
    posted: Instant,
    first_token_ms: Option<u64>,
    hits: usize,
    url: Option<String>,
    done: Option<Value>,
}

/// A run that came to its end with a report.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) status: String,
    pub(super) hits: usize,
    pub(super) tokens: u64,
    pub(super) first_token_ms: u64,
    pub(super) url: String,
}

impl Shown {
    pub(super) const fn new(posted: Instant) -> Self {
        Self { posted, first_token_ms: None, hits: 0, url: None, done: None }
    }

    /// Shows an event.
    pub(super) fn event(&mut self, event: &Event) {
        let payload = &event.payload;
        let text = |value: &Value| value.as_str().map(printable).unwrap_or_default();
        match event.r#type.as_str() {
            "step_started" if payload["kind"] == "model" => {
                let heading = text(&payload["input"]["heading"]);
                let what =
                    if heading.is_empty() { "the answer".to_owned() } else { format!("what “{heading}” says") };
                println!("\nWriting {what}:");
            }
            "tool_request" => println!("\nCalling {} …", text(&payload["tool_name"])),
            "tool_result" => self.result(payload),
            "token" => {
                let elapsed = u64::try_from(self.posted.elapsed().as_millis()).unwrap_or(u64::MAX);
                self.first_token_ms.get_or_insert(elapsed);
                print!("{}", text(&payload["text"]));
                // A terminal that is gone ends the demo elsewhere.
                let _ = std::io::stdout().flush();
            }
            "attempt" if !payload["restarts_step"].is_null() => println!("\n(begun anew by another process)"),
            "artifact" => {
                println!("\nMade “{}” with {} citations.", text(&payload["title"]), payload["citations"]);
                self.url = payload["url"].as_str().map(ToOwned::to_owned);
            }
            "error" => println!("\nError {}: {}", text(&payload["code"]), text(&payload["message"])),
            "done" => self.done = Some(payload.clone()),
            _ => {}
        }
    }

    fn result(&mut self, payload: &Value) {
        let Some(hits) = payload["result"]["hits"].as_array() else { return };
        self.hits = hits.len();
        println!("Found {} passages:", hits.len());
        for hit in hits {
            let score = hit["score"].as_f64().unwrap_or_default();
            let passage: String = hit["text"].as_str().map(printable).unwrap_or_default();
            let passage: String = passage.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(72).collect();
            println!("  {score:.4}  {}: {passage}…", hit["title"].as_str().map(printable).unwrap_or_default());
        }
    }

    /// What was seen, if the run came to its end with a report.
    pub(super) fn finish(self) -> anyhow::Result<Seen> {
        let done = self.done.context("the run's stream ended without `done`")?;
        let status = done["status"].as_str().unwrap_or_default().to_owned();
        if status != "completed" {
            let error = &done["error"];
            bail!(
                "run_{status} {}: {}",
                error["code"].as_str().unwrap_or("?"),
                error["message"].as_str().unwrap_or("?")
            );
        }
        Ok(Seen {
            status,
            hits: self.hits,
            tokens: done["usage"]["output_tokens"].as_u64().unwrap_or_default(),
            first_token_ms: self.first_token_ms.unwrap_or_default(),
            url: self.url.context("the run made no report")?,
        })
    }
}

/// Text of a model or a document, without what a terminal would obey.
fn printable(text: &str) -> String {
    text.chars().filter(|&c| c == '\n' || c == '\t' || !c.is_control()).collect()
}
