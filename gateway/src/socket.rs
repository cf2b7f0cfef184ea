//! WebSockets: one run, or the many runs of a session, and what the client says meanwhile.
//!
//! `docs/protocol.md` says what travels. A [`handshake`] ends in a socket, of which a [`reader`] takes what the client
//! says and a [`writer`] has what it is told; between them goes a bounded queue of [words](word). Commands are carried out
//! beside the reading, by the code that REST has for them.

mod commands;
mod end;
mod greet;
mod handshake;
mod message;
mod origin;
mod pace;
mod reader;
mod shows;
mod word;
mod writer;

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use futures::{SinkExt as _, StreamExt as _};
use sba_subjects::id::{RunId, SessionId};
use tokio::{sync::mpsc, time::timeout};
use tracing::debug;

pub(crate) use self::handshake::Handshake;
use self::{end::End, reader::Reader, writer::Writer};
use crate::{
    api::runs::seat::{self, Pass},
    app::App,
    auth::{Action, Principal, SessionToken},
    error::{ApiError, Code},
    stream::{Codec, Feed, Start},
};

/// Longest time for what is still to be said, and for a client's answer to a close.
const FAREWELL: Duration = Duration::from_secs(2);

/// Answers that wait to be written; when there are more, reading waits.
const WORDS: usize = 32;

/// What a socket is for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target {
    /// One run, from there on.
    Run(RunId, Start),
    /// The runs of a session, as the client asks for them.
    Session(SessionId),
}

/// What a client may have who has shown who it is.
#[derive(Debug)]
pub(crate) struct Admitted {
    principal: Principal,
    /// The run that the socket is for; none, where it is for a session.
    feed: Option<Feed>,
}

/// Lets a client in that may have what it came for.
///
/// # Errors
/// As [`seat::take`]; of a session those of [`crate::sessions::Sessions::usable`] and of its token.
pub(crate) async fn admit(
    app: &App,
    principal: Principal,
    target: Target,
    token: Option<SessionToken>,
) -> Result<Admitted, ApiError> {
    let feed = match target {
        Target::Run(run, start) => Some(seat::take(app, &principal, run, start, &Pass::Token(token)).await?),
        Target::Session(session) => {
            principal.may(Action::ReadRuns)?;
            let now = app.clock.now();
            app.sessions.usable(&principal, session, now).await?;
            app.sessions.admit(principal.tenant, session, token.as_ref(), now).await?;
            None
        }
    };
    Ok(Admitted { principal, feed })
}

/// Serves a socket to its end. A client that has not shown who it is does so first.
async fn serve(mut socket: WebSocket, app: App, codec: Codec, target: Target, admitted: Option<Admitted>) {
    let stopped = app.hub.clone();
    let greeted = async {
        match admitted {
            Some(admitted) => Ok(admitted),
            None => greet::greet(&mut socket, &app, codec, target).await,
        }
    };
    let admitted = tokio::select! {
        greeted = greeted => greeted,
        () = stopped.stopped() => Err(End::Stopping),
    };
    let end = match admitted {
        Ok(admitted) => return converse(socket, app, codec, target, admitted).await,
        Err(end) => end,
    };
    debug!(?end, "a client that showed no token was not let in");
    let patience = app.config.gateway.ws_write_timeout_ms.duration();
    let (mut writer, mut reader) = socket.split();
    close(&mut writer, &mut reader, end, patience).await;
}

/// Shows and listens until the client leaves or either has to go.
async fn converse(socket: WebSocket, app: App, codec: Codec, target: Target, admitted: Admitted) {
    let (sink, stream) = socket.split();
    let (words, said) = mpsc::channel(WORDS);
    let hub = app.hub.clone();
    let patience = app.config.gateway.ws_write_timeout_ms.duration();
    let mut writer = Writer::new(sink, codec, said, &app, target, &admitted.principal);
    if let (Target::Run(run, _), Some(feed)) = (target, admitted.feed) {
        writer.begin(run, feed);
    }
    let mut reader = Reader::new(stream, codec, words, app, target, admitted.principal);
    let end = tokio::select! {
        end = writer.run() => end,
        end = reader.run() => end,
        () = hub.stopped() => End::Stopping,
    };
    debug!(?end, "A viewer's stream ended.");
    if end.frame().is_some() {
        // What was asked before the end is answered before it.
        let answered = async {
            let late = if end == End::Done { reader.finish().await } else { Vec::new() };
            writer.finish(late).await
        };
        if !matches!(timeout(patience.min(FAREWELL), answered).await, Ok(Err(End::Left))) {
            close(&mut writer.socket, &mut reader.socket, end, patience).await;
        }
    }
}

/// Tells the client why the socket is closed.
async fn close<S, R>(writer: &mut S, reader: &mut R, end: End, patience: Duration)
where
    S: futures::Sink<Message, Error = axum::Error> + Unpin,
    R: futures::Stream<Item = Result<Message, axum::Error>> + Unpin,
{
    let Some((code, reason)) = end.frame() else { return };
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
    let _ = timeout(patience.min(FAREWELL), closed).await;
}

/// A command or a subscription that takes longer than a request may.
fn too_long(limit: Duration) -> ApiError {
    ApiError::new(Code::DeadlineExceeded, format!("it took longer than {} ms", limit.as_millis()))
}

#[cfg(test)]
mod examples;
