//! A request, as it came over NATS.

use async_nats::{Message, Subject as NatsSubject};
use bytes::Bytes;
use sba_subjects::{
    boundary::is_reply,
    caller::CallerKey,
    id::TenantKey,
    subject::{Ask, Subject},
};

use crate::api::idempotency::KeyHeader;

/// The header that carries an idempotency key, as over HTTP.
const KEY: &str = "Idempotency-Key";

/// What was asked, by whom, and where the answer goes. Other headers are not looked at.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) tenant: TenantKey,
    pub(super) caller: CallerKey,
    pub(super) ask: Ask,
    pub(super) key: KeyHeader,
    pub(super) body: Bytes,
    pub(super) reply: NatsSubject,
}

impl Asked {
    /// Reads a message; `None` for one that is nobody's request, or that nobody may be answered.
    pub(super) fn read(message: Message) -> Option<Self> {
        let reply = message.reply.filter(|reply| is_reply(reply))?;
        // A status is what servers say, never what a client asks.
        if message.status.is_some() {
            return None;
        }
        let Ok(Subject::Inbound { tenant, caller, ask }) = message.subject.parse() else { return None };
        let key = message.headers.as_ref().and_then(|headers| headers.get(KEY)).map(|key| key.as_str().to_owned());
        Some(Self { tenant, caller, ask, key: KeyHeader::said(key), body: message.payload, reply })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use async_nats::{HeaderMap, StatusCode};

    use super::*;

    fn message(subject: &str, reply: Option<&str>) -> Message {
        Message {
            subject: subject.into(),
            reply: reply.map(Into::into),
            payload: Bytes::new(),
            headers: None,
            status: None,
            description: None,
            length: 0,
        }
    }

    #[test]
    fn only_a_request_that_the_servers_carry_is_one() {
        let subject = format!("cmd.A{}.U{}.start", "B".repeat(55), "C".repeat(55));
        let good = Some("_R_.abc.DEF");
        assert!(Asked::read(message(&subject, good)).is_some());
        for reply in [None, Some("_INBOX.x.y"), Some("$JS.API.STREAM.DELETE.RUNS"), Some("sba.x.cmd.y.z.cancel")] {
            assert!(Asked::read(message(&subject, reply)).is_none(), "{reply:?}");
        }
        assert!(Asked::read(message(&subject.replace("start", "result"), good)).is_none());
        let status = Message { status: Some(StatusCode::NOT_FOUND), ..message(&subject, good) };
        assert!(Asked::read(status).is_none());
    }

    #[test]
    fn of_the_headers_only_the_key_is_taken() {
        let subject = format!("cmd.A{}.U{}.start", "B".repeat(55), "C".repeat(55));
        let mut headers = HeaderMap::new();
        headers.insert(KEY, "mine");
        headers.insert("Nats-Msg-Id", "theirs");
        let asked = Asked::read(Message { headers: Some(headers), ..message(&subject, Some("_R_.a.b")) }).unwrap();
        assert_eq!(asked.key.or_body(None).unwrap().as_deref(), Some("mine"));
    }
}
