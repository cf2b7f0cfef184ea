//! One viewer's WebSocket.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use futures::{
    SinkExt as _, StreamExt as _,
    stream::{SplitSink, SplitStream},
};
use sba_service::config::GatewayConfig;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::tungstenite;
use tracing::debug;

use super::{hub::Hub, viewer::Viewer};

/// Longest wait for a client's answer to a close.
const FAREWELL: Duration = Duration::from_secs(2);

/// How a stream is kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keeping {
    /// Time between pings; one that misses two is gone.
    pub(crate) ping: Duration,
    /// Longest time that a write may take.
    pub(crate) write: Duration,
    /// When the viewer's token ends.
    pub(crate) until: Instant,
}

impl Keeping {
    /// As it is configured, for a viewer whose token ends then.
    pub(crate) const fn of(config: &GatewayConfig, until: Instant) -> Self {
        Self { ping: config.ws_ping_interval_ms.duration(), write: config.ws_write_timeout_ms.duration(), until }
    }
}

/// Why a socket is closed, with the code that the client sees. `docs/api.md` lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Done,
    Left,
    Silent,
    Slow,
    Spoke,
    TooLarge,
    Unreadable,
    Stopping,
    TryAgain,
    TokenExpired,
}

impl End {
    const fn frame(self) -> Option<(u16, &'static str)> {
        match self {
            Self::Left | Self::Silent | Self::Slow => None,
            Self::Done => Some((1000, "done")),
            Self::Spoke => Some((1003, "this stream takes no messages")),
            Self::TooLarge => Some((1009, "the message is too large")),
            Self::Unreadable => Some((1011, "internal")),
            Self::Stopping => Some((1012, "stopping")),
            Self::TryAgain => Some((1013, "unavailable")),
            Self::TokenExpired => Some((4401, "token_expired")),
        }
    }
}

/// Shows a run to a client until the run ends, the client leaves or either has to go.
pub(crate) async fn show(socket: WebSocket, viewer: Viewer, hub: Hub, keeping: Keeping) {
    let (mut writer, mut reader) = socket.split();
    let end = tokio::select! {
        end = write(&mut writer, viewer, keeping) => end,
        end = read(&mut reader, keeping.ping * 2) => end,
        () = hub.stopped() => End::Stopping,
        () = tokio::time::sleep_until(keeping.until) => End::TokenExpired,
    };
    debug!(?end, "A viewer's stream ended.");
    if let Some((code, reason)) = end.frame() {
        let close = Message::Close(Some(CloseFrame { code, reason: reason.into() }));
        // The client answers a close with its own. A connection that is cut before could lose what was sent last.
        let closed = async {
            writer.send(close).await?;
            if end == End::TooLarge {
                // The rest of the message is never read, so the answer is not seen: the client gets the time for it.
                std::future::pending::<()>().await;
            }
            while let Some(Ok(_)) = reader.next().await {}
            Ok::<(), axum::Error>(())
        };
        // The client may be gone by now, or never answer: either way the stream is over.
        let _ = timeout(keeping.write.min(FAREWELL), closed).await;
    }
}

/// Says what is left to be said of a run whose log was removed, and closes.
pub(crate) async fn part(socket: WebSocket, last: Vec<Utf8Bytes>, keeping: Keeping) {
    let (mut writer, mut reader) = socket.split();
    let said = async {
        for text in last {
            writer.send(Message::Text(text)).await?;
        }
        let (code, reason) = (1000, "done");
        writer.send(Message::Close(Some(CloseFrame { code, reason: reason.into() }))).await?;
        while let Some(Ok(_)) = reader.next().await {}
        Ok::<(), axum::Error>(())
    };
    // The client may be gone by now, or never answer: either way the stream is over.
    let _ = timeout(keeping.write.min(FAREWELL), said).await;
}

async fn write(writer: &mut SplitSink<WebSocket, Message>, mut viewer: Viewer, keeping: Keeping) -> End {
    let mut ping = Instant::now() + keeping.ping;
    loop {
        let sent = match timeout_at(ping, viewer.next()).await {
            Ok(Ok(frames)) if frames.is_empty() => return End::Done,
            Ok(Ok(frames)) => {
                let messages = frames.into_iter().map(|frame| Ok(Message::Text(frame.text)));
                let mut messages = futures::stream::iter(messages);
                timeout(keeping.write, writer.send_all(&mut messages)).await
            }
            Ok(Err(lost)) => {
                return if lost.is_transient() { End::TryAgain } else { End::Unreadable };
            }
            Err(_) => {
                ping = Instant::now() + keeping.ping;
                timeout(keeping.write, writer.send(Message::Ping(bytes::Bytes::new()))).await
            }
        };
        match sent {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return End::Left,
            Err(_) => return End::Slow,
        }
    }
}

/// Listens for signs of life: answers to pings are among them.
async fn read(reader: &mut SplitStream<WebSocket>, silence: Duration) -> End {
    loop {
        match timeout(silence, reader.next()).await {
            Ok(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => {}
            Ok(Some(Ok(Message::Text(_) | Message::Binary(_)))) => return End::Spoke,
            Ok(Some(Err(error))) => return if is_too_large(error) { End::TooLarge } else { End::Left },
            Ok(Some(Ok(Message::Close(_))) | None) => return End::Left,
            Err(_) => return End::Silent,
        }
    }
}

fn is_too_large(error: axum::Error) -> bool {
    error.into_inner().downcast_ref::<tungstenite::Error>().is_some_and(|error| {
        matches!(error, tungstenite::Error::Capacity(tungstenite::error::CapacityError::MessageTooLong { .. }))
    })
}
