//! From an HTTP request to a socket.

use axum::{
    body::Body,
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, Request, header, request::Parts},
    response::Response,
};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;
use tracing::{Instrument as _, Span, debug};

use super::{Admitted, Socket, Target, origin, serve};
use crate::{
    app::App,
    error::{ApiError, Code},
    stream::Codec,
    wire::negotiate,
};

/// What all subprotocols of SBA that carry messages begin with.
const FAMILY: &str = "sba.v";

/// A request to open a socket, from a page that may, in a codec that is known.
pub(crate) struct Handshake {
    upgrade: OnUpgrade,
    answer: Response,
    codec: Codec,
    deflated: bool,
}

impl FromRequestParts<App> for Handshake {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let config = &app.config.gateway;
        origin::check(&parts.headers, &config.allowed_origins)?;
        let mut answer = accept(parts)?;
        let upgrade = parts.extensions.remove::<OnUpgrade>().ok_or_else(|| no_socket(&"it cannot be upgraded"))?;
        let chosen = choose(&parts.headers)?;
        if let Some(codec) = chosen {
            let protocol = HeaderValue::from_static(codec.protocol());
            answer.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
        }
        let extension = config.ws_deflate.then(|| negotiate(&parts.headers)).flatten();
        let deflated = extension.is_some();
        if let Some(extension) = extension {
            answer.headers_mut().insert(header::SEC_WEBSOCKET_EXTENSIONS, extension);
        }
        Ok(Self { upgrade, answer, codec: chosen.unwrap_or(Codec::Json), deflated })
    }
}

impl Handshake {
    /// Opens the socket, and serves it to its end. A client that was not admitted yet shows its token over it.
    pub(crate) fn open(self, app: App, target: Target, admitted: Option<Admitted>) -> Response {
        let Self { upgrade, answer, codec, deflated } = self;
        let hub = app.hub.clone();
        let served = async move {
            match upgrade.await {
                Ok(upgraded) => {
                    let most = app.config.gateway.max_message_bytes;
                    serve(Socket::new(TokioIo::new(upgraded), most, codec, deflated), app, target, admitted).await;
                }
                // The client has left before it was answered.
                Err(error) => debug!(%error, "a WebSocket was not opened"),
            }
        };
        tokio::spawn(hub.track(served.instrument(Span::current())));
        answer
    }
}

/// The answer to a request for a WebSocket.
fn accept(parts: &Parts) -> Result<Response, ApiError> {
    let mut request = Request::new(());
    *request.method_mut() = parts.method.clone();
    *request.version_mut() = parts.version;
    *request.headers_mut() = parts.headers.clone();
    create_response_with_body(&request, Body::empty).map_err(|error| no_socket(&error))
}

fn no_socket(why: &dyn std::fmt::Display) -> ApiError {
    ApiError::new(Code::UpgradeRequired, format!("this address is for WebSockets: {why}"))
}

/// The first subprotocol that the client offers and SBA knows; none, where it offers none of SBA's.
fn choose(headers: &HeaderMap) -> Result<Option<Codec>, ApiError> {
    let lists = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    let offered: Vec<&str> = lists.flat_map(|list| list.split(',')).map(str::trim).collect();
    let known = |name: &&str| Codec::ALL.into_iter().find(|codec| codec.protocol() == *name);
    let chosen = offered.iter().find_map(known);
    if chosen.is_none() && offered.iter().any(|name| name.starts_with(FAMILY)) {
        let known = Codec::ALL.map(Codec::protocol).join(", ");
        return Err(ApiError::new(Code::UnknownSubprotocol, format!("the subprotocols are {known}")));
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn the_client_chooses_among_those_that_are_known() {
        let chosen = |offered: &[&str]| {
            let mut headers = HeaderMap::new();
            for list in offered {
                headers.append(header::SEC_WEBSOCKET_PROTOCOL, list.parse().unwrap());
            }
            choose(&headers).map_err(|error| error.code())
        };
        assert_eq!(chosen(&[]), Ok(None));
        assert_eq!(chosen(&["sba.bearer.a.b.c"]), Ok(None));
        assert_eq!(chosen(&["chat"]), Ok(None));
        assert_eq!(chosen(&["sba.v1.json"]), Ok(Some(Codec::Json)));
        assert_eq!(chosen(&["sba.v2.json,sba.v1.cbor", "sba.v1.json"]), Ok(Some(Codec::Cbor)));
        assert_eq!(chosen(&["sba.bearer.x , sba.v1.msgpack , sba.v1.json"]), Ok(Some(Codec::MessagePack)));
        assert_eq!(chosen(&["sba.v1.xml"]), Err(Code::UnknownSubprotocol));
        assert_eq!(chosen(&["sba.v2.json, sba.bearer.x"]), Err(Code::UnknownSubprotocol));
    }
}
