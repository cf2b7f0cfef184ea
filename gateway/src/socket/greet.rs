//! The first message of a client that showed no token when it came.

use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::tungstenite::Message;

use super::{
    Admitted, Socket, Target, admit,
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
    wire::Packet,
};

/// Waits for who the client is, and lets it in.
pub(super) async fn greet(socket: &mut Socket, app: &App, target: Target) -> Result<Admitted, End> {
    let deadline = Instant::now() + app.config.gateway.ws_auth_timeout_ms.duration();
    let first = timeout_at(deadline, first(socket, app)).await.map_err(|_| End::Late)??;
    let Said { id, ask } = Said::of(socket.codec.read(&first)?)?;
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
    let message = socket.codec.write(&answer).map_err(|_| End::Refused(Code::Internal))?;
    socket.output.feed(Packet::new(message).bytes(socket.deflated));
    send(socket, app).await.and(outcome)
}

async fn send(socket: &mut Socket, app: &App) -> Result<(), End> {
    match timeout(app.config.gateway.ws_write_timeout_ms.duration(), socket.output.flush()).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(End::Left),
        Err(_) => Err(End::Slow),
    }
}

async fn enter(app: &App, target: Target, shown: Auth) -> Result<Admitted, ApiError> {
    let principal = Principal::with_token(app, &shown.token, target.operation()).await?;
    admit(app, principal, target, shown.session_token.map(SessionToken::sent)).await
}

/// A message that was no proper `auth` is not another kind of refusal than none.
fn refused(error: &ApiError) -> End {
    match error.code() {
        Code::InvalidRequest | Code::ValidationFailed => End::Stranger,
        code => End::Refused(code),
    }
}

async fn first(socket: &mut Socket, app: &App) -> Result<Message, End> {
    loop {
        match socket.input.next().await? {
            Message::Ping(payload) => {
                socket.output.feed(Packet::pong(&payload));
                send(socket, app).await?;
            }
            Message::Pong(_) => {}
            Message::Close(_) => return Err(End::Closed),
            message => return Ok(message),
        }
    }
}
