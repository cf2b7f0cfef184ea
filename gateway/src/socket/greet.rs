//! The first message of a client that showed no token when it came.

use axum::extract::ws::{Message, WebSocket};
use futures::StreamExt as _;
use tokio::time::{Instant, timeout, timeout_at};

use super::{
    Admitted, Target, admit,
    end::End,
    message::{Ask, Auth, Said},
    reader::expires_at,
    too_long, word,
};
use crate::{
    app::App,
    auth::{Principal, SessionToken},
    error::{ApiError, Code},
    http,
    stream::Codec,
};

/// Waits for who the client is, and lets it in.
pub(super) async fn greet(socket: &mut WebSocket, app: &App, codec: Codec, target: Target) -> Result<Admitted, End> {
    let deadline = Instant::now() + app.config.gateway.ws_auth_timeout_ms.duration();
    let first = timeout_at(deadline, first(socket)).await.map_err(|_| End::Late)??;
    let Said { id, ask } = Said::of(codec.read(&first)?)?;
    let shown = match ask {
        Ok(Ask::Auth(shown)) => Ok(shown),
        Ok(_) => return Err(End::Stranger),
        Err(error) => Err(error),
    };
    let limit = app.config.gateway.request_timeout_ms.duration();
    let entered = match shown {
        Ok(shown) => timeout(limit, enter(app, target, shown)).await.unwrap_or_else(|_| Err(too_long(limit))),
        Err(error) => Err(error),
    };
    let (answer, outcome) = match entered {
        Ok(admitted) => {
            let payload = serde_json::json!({"expires_at": expires_at(&admitted.principal)});
            (word::ack(&id, &payload), Ok(admitted))
        }
        Err(error) => {
            http::log(&error);
            (word::rejected(&id, &error), Err(refused(&error)))
        }
    };
    let message = codec.write(&answer).map_err(|_| End::Refused(Code::Internal))?;
    match timeout(app.config.gateway.ws_write_timeout_ms.duration(), socket.send(message)).await {
        Ok(Ok(())) => outcome,
        Ok(Err(_)) => Err(End::Left),
        Err(_) => Err(End::Slow),
    }
}

async fn enter(app: &App, target: Target, shown: Auth) -> Result<Admitted, ApiError> {
    let principal = Principal::with_token(app, &shown.token).await?;
    admit(app, principal, target, shown.session_token.map(SessionToken::sent)).await
}

/// A message that was no proper `auth` is not another kind of refusal than none.
fn refused(error: &ApiError) -> End {
    match error.code() {
        Code::InvalidRequest | Code::ValidationFailed => End::Stranger,
        code => End::Refused(code),
    }
}

async fn first(socket: &mut WebSocket) -> Result<Message, End> {
    loop {
        match socket.next().await {
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(Message::Close(_))) | None => return Err(End::Left),
            Some(Ok(message)) => return Ok(message),
            Some(Err(error)) => return Err(End::of_read(error)),
        }
    }
}
