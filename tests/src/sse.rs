//! Server-sent events, as clients read them.

use std::time::Duration;

use anyhow::Context as _;
use futures::StreamExt as _;
use reqwest::Response;
use serde_json::Value;
use tokio::time::timeout;

/// So many events that are JSON, or some more that came with them, or all until the stream ends; each with its id.
///
/// # Errors
/// When nothing comes for too long, or what comes is no event.
pub async fn events(response: Response, most: usize, patience: Duration) -> anyhow::Result<Vec<(String, Value)>> {
    anyhow::ensure!(response.headers()["content-type"] == "text/event-stream", "{response:?}");
    let (mut pieces, mut text, mut events) = (response.bytes_stream(), String::new(), Vec::new());
    while events.len() < most
        && let Some(piece) = timeout(patience, pieces.next()).await.context("nothing is said")?
    {
        text += std::str::from_utf8(&piece?)?;
        while let Some((event, rest)) = text.split_once("\n\n") {
            let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            if let Some(data) = field("data") {
                let id = field("id").context("an event without an id")?;
                events.push((id.to_owned(), serde_json::from_str(data)?));
            }
            text = rest.to_owned();
        }
    }
    Ok(events)
}
