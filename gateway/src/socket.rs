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

use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use sba_subjects::id::{RunId, SessionId};
use tokio::{
    io::{ReadHalf, WriteHalf, split},
    sync::mpsc,
    time::timeout,
};
use tracing::debug;

pub(crate) use self::handshake::Handshake;
use self::{end::End, reader::Reader, writer::Writer};
use crate::{
    api::runs::seat::{self, Pass},
    app::App,
    auth::{Operation, Principal, SessionToken},
    error::{ApiError, Code},
    stream::{Codec, Feed, Start},
    wire::{Input, Output, Packet},
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

/// Lets a client in that may open such a socket, if it may have what it came for.
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
            let now = app.clock.now();
            app.sessions.usable(&principal, session, now).await?;
            app.sessions.admit(&principal, session, token.as_ref(), now).await?;
            None
        }
    };
    Ok(Admitted { principal, feed })
}

/// Where a socket's messages come from, and where they go to.
type In = ReadHalf<TokioIo<Upgraded>>;
type Out = WriteHalf<TokioIo<Upgraded>>;

/// A WebSocket, and how messages travel over it.
struct Socket {
    input: Input<In>,
    output: Output<Out>,
    codec: Codec,
    /// Whether messages may be compressed.
    deflated: bool,
}

impl Target {
    /// What a client does who opens a socket for it.
    const fn operation(self) -> Operation {
        match self {
            Self::Run(..) => Operation::StreamRun,
            Self::Session(_) => Operation::StreamSession,
        }
    }
}

impl Socket {
    fn new(io: TokioIo<Upgraded>, most: usize, codec: Codec, deflated: bool) -> Self {
        let (read, write) = split(io);
        Self { input: Input::new(read, most, deflated), output: Output::new(write), codec, deflated }
    }
}

/// Serves a socket to its end. A client that has not shown who it is does so first.
async fn serve(mut socket: Socket, app: App, target: Target, admitted: Option<Admitted>) {
    let hub = app.hub.clone();
    let greeted = async {
        match admitted {
            Some(admitted) => Ok(admitted),
            // In a place of its own: an idle socket holds what its future may ever need.
            None => Box::pin(greet::greet(&mut socket, &app, target)).await,
        }
    };
    let admitted = tokio::select! {
        greeted = greeted => greeted,
        () = hub.stopped() => Err(End::Stopping),
    };
    let end = match admitted {
        Ok(admitted) => return Box::pin(converse(socket, app, target, admitted)).await,
        Err(end) => end,
    };
    debug!(?end, "a client that showed no token was not let in");
    let patience = app.config.gateway.ws_write_timeout_ms.duration();
    close(&mut socket.output, &mut socket.input, end, patience).await;
}

/// Shows and listens until the client leaves or either has to go.
async fn converse(socket: Socket, app: App, target: Target, admitted: Admitted) {
    let Socket { input, output, codec, deflated } = socket;
    let (words, said) = mpsc::channel(WORDS);
    let hub = app.hub.clone();
    let patience = app.config.gateway.ws_write_timeout_ms.duration();
    let mut writer = Writer::new(output, (codec, deflated), said, &app, target, &admitted.principal);
    if let (Target::Run(run, _), Some(feed)) = (target, admitted.feed) {
        writer.begin(run, feed);
    }
    let mut reader = Reader::new(input, codec, words, app, target, admitted.principal);
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
            close(&mut writer.output, &mut reader.input, end, patience).await;
        }
    }
}

/// Tells the client why the socket is closed.
async fn close(output: &mut Output<Out>, input: &mut Input<In>, end: End, patience: Duration) {
    let Some((code, reason)) = end.frame() else { return };
    let closed = async {
        output.feed(Packet::close(code, reason));
        output.flush().await?;
        output.shutdown().await?;
        // The client answers with its own close. A connection that is cut before what it sent was read could lose what
        // was sent last.
        input.drain().await;
        Ok::<(), std::io::Error>(())
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
