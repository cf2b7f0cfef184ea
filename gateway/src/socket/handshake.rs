//! From an HTTP request to a socket.

use axum::{
    extract::{
        FromRequestParts,
        ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    },
    http::{HeaderMap, HeaderValue, header, request::Parts},
    response::Response,
};
use tracing::{Instrument as _, Span};

use super::{Admitted, Target, origin, serve};
use crate::{
    app::App,
    error::{ApiError, Code},
    stream::Codec,
};

/// What all subprotocols of SBA that carry messages begin with.
const FAMILY: &str = "sba.v";

/// A viewer says little and hears short messages: what is read is small, what is written is gathered.
const READ_BUFFER: usize = 4 * 1024;
const WRITE_BUFFER: usize = 16 * 1024;

/// A request to open a socket, from a page that may, in a codec that is known.
pub(crate) struct Handshake {
    upgrade: WebSocketUpgrade,
    codec: Codec,
}

impl FromRequestParts<App> for Handshake {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        origin::check(&parts.headers, &app.config.gateway.allowed_origins)?;
        let upgrade = WebSocketUpgrade::from_request_parts(parts, app).await;
        let mut upgrade = upgrade.map_err(|rejection: WebSocketUpgradeRejection| {
            ApiError::new(Code::UpgradeRequired, format!("this address is for WebSockets: {}", rejection.body_text()))
        })?;
        let chosen = choose(&parts.headers)?;
        if let Some(codec) = chosen {
            upgrade.set_selected_protocol(HeaderValue::from_static(codec.protocol()));
        }
        Ok(Self { upgrade, codec: chosen.unwrap_or(Codec::Json) })
    }
}

impl Handshake {
    /// Opens the socket, and serves it to its end. A client that was not admitted yet shows its token over it.
    pub(crate) fn open(self, app: App, target: Target, admitted: Option<Admitted>) -> Response {
        let (most, codec) = (app.config.gateway.max_message_bytes, self.codec);
        let upgrade = self.upgrade.read_buffer_size(READ_BUFFER).write_buffer_size(WRITE_BUFFER);
        let upgrade = upgrade.max_message_size(most).max_frame_size(most);
        let (hub, span) = (app.hub.clone(), Span::current());
        upgrade.on_upgrade(move |socket| hub.track(serve(socket, app, codec, target, admitted).instrument(span)))
    }
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
