#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::{
    event::{Done, Token},
    id::RunId,
    run::{RunStatus, Usage},
};

fn envelope(seq: u64, payload: Event) -> Envelope {
    Envelope {
        v: VERSION,
        r#type: payload.kind().to_owned(),
        run: RunId::from_uuid(Uuid::from_u128(1)),
        step: Some(2),
        attempt: 3,
        seq,
        ts: 1_790_000_000_000,
        cause: None,
        key_id: None,
        payload,
    }
}

fn token(text: &str) -> Event {
    Event::Token(Token { text: text.to_owned(), index: 0, count: 1 })
}

proptest! {
    #[test]
    fn a_record_is_read_back(texts in prop::collection::vec(".{0,40}", 1..8), first in 1..u64::MAX / 2) {
        let events: Vec<_> = texts.iter().zip(first..).map(|(text, seq)| envelope(seq, token(text))).collect();
        let record = Record::of(RecordId::from_uuid(Uuid::from_u128(9)), &events).unwrap().unwrap();
        prop_assert_eq!(Head::read(&record.headers).unwrap(), record.head.clone());
        prop_assert_eq!(record.head.last_seq(), events.last().unwrap().seq);
        prop_assert_eq!(open(&record.body).unwrap(), events);
    }

    #[test]
    fn arbitrary_bytes_are_no_record(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = open(&bytes); // must neither panic nor take long
    }
}

#[test]
fn tokens_alone_are_a_token_frame() {
    let id = RecordId::from_uuid(Uuid::nil());
    let kind = |events: &[Envelope]| Record::of(id, events).unwrap().unwrap().kind;
    let done = Event::Done(Done {
        run_id: RunId::from_uuid(Uuid::from_u128(1)),
        status: RunStatus::Completed,
        usage: Usage::default(),
        error: None,
        unconfirmed: Vec::new(),
    });
    assert_eq!(kind(&[envelope(1, token("a")), envelope(2, token("b"))]), RunKind::Token);
    assert_eq!(kind(&[envelope(1, token("a")), envelope(2, done)]), RunKind::Event);
    assert!(Record::of(id, &[]).unwrap().is_none());
}

#[test]
fn what_a_newer_version_wrote_is_told_apart_from_garbage() {
    let mut newer = envelope(1, token("a")).close().unwrap();
    newer.r#type = "teleported".to_owned();
    let error = newer.clone().open().unwrap_err();
    assert!(error.is_from_the_future(), "{error}");
    newer.r#type = "token".to_owned();
    newer.v = 2;
    assert!(newer.clone().open().unwrap_err().is_from_the_future());
    newer.v = VERSION;
    newer.payload = ciborium::Value::Null;
    assert!(!newer.open().unwrap_err().is_from_the_future());
}
