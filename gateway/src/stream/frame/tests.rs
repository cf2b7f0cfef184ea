#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use sba_subjects::{
    codec,
    envelope::{Enveloped, VERSION},
    id::{RecordId, RunId},
    record::Head,
};
use serde_json::json;
use uuid::Uuid;

use super::*;

fn envelope(seq: u64, kind: &str, payload: Value) -> RawEnvelope {
    let run = RunId::from_uuid(Uuid::from_u128(1));
    let r#type = kind.to_owned();
    Enveloped { v: VERSION, r#type, run, step: Some(2), attempt: 3, seq, ts: 4, cause: None, key_id: None, payload }
}

fn stored(seq: u64, count: u64, envelopes: &[RawEnvelope]) -> Stored {
    let id = RecordId::from_uuid(Uuid::from_u128(2));
    let head = Head { v: VERSION, id, seq, count, attempt: 3 };
    Stored { stream_sequence: 9, head, body: codec::encode(&envelopes).unwrap() }
}

fn text(words: &str) -> Value {
    Value::Map(vec![("text".into(), words.into())])
}

#[test]
fn a_record_becomes_one_document_an_event() {
    let events = [envelope(5, "token", text("a \"b\"\n")), envelope(6, "done", text("c"))];
    let frames = Frame::of(&stored(5, 2, &events)).unwrap();
    let found: Vec<_> = frames.iter().map(|frame| (frame.seq, frame.stream_sequence, frame.last)).collect();
    assert_eq!(found, [(5, 9, false), (6, 9, true)]);
    let first: serde_json::Value = serde_json::from_str(frames[0].json().unwrap()).unwrap();
    let run = Uuid::from_u128(1);
    let expected = json!({
        "v": 1, "type": "token", "run": run, "step": 2, "attempt": 3, "seq": 5, "ts": 4,
        "payload": {"text": "a \"b\"\n"},
    });
    assert_eq!(first, expected);
}

#[test]
fn what_a_newer_version_says_is_passed_on() {
    let events = [envelope(1, "from_the_future", Value::Array(vec![1.into(), Value::Bool(true)]))];
    let frames = Frame::of(&stored(1, 1, &events)).unwrap();
    let text = frames[0].json().unwrap();
    assert!(text.contains(r#""payload":[1,true]"#), "{text}");
}

#[test]
fn what_json_cannot_say_keeps_its_place() {
    let odd = Value::Map(vec![(Value::Array(vec![]), 1.into())]);
    let frames = Frame::of(&stored(1, 1, &[envelope(1, "odd", odd)])).unwrap();
    let text = frames[0].json().unwrap();
    assert!(text.contains(r#""payload":null"#), "{text}");
}

#[test]
fn a_record_that_is_not_what_its_head_says_is_unreadable() {
    let event = || envelope(5, "token", text("a"));
    for bad in [stored(5, 2, &[event()]), stored(4, 1, &[event()]), stored(5, 2, &[event(), event()])] {
        assert!(matches!(Frame::of(&bad), Err(ReadError::Unreadable { .. })));
    }
    let noise = Stored { body: bytes::Bytes::from_static(b"noise"), ..stored(5, 1, &[event()]) };
    assert!(matches!(Frame::of(&noise), Err(ReadError::Unreadable { .. })));
}

#[test]
fn the_other_codecs_say_the_same_and_all_viewers_share_the_bytes() {
    let frames = Frame::of(&stored(5, 1, &[envelope(5, "token", text("ä"))])).unwrap();
    let expected: serde_json::Value = serde_json::from_str(frames[0].json().unwrap()).unwrap();
    for codec in [Codec::MessagePack, Codec::Cbor] {
        let packet = frames[0].packet(codec).unwrap();
        assert_eq!(codec.read(packet.message()).unwrap(), expected, "{codec:?}");
        let again = frames[0].clone();
        assert_eq!(again.packet(codec).unwrap().bytes(true).as_ptr(), packet.bytes(true).as_ptr(), "{codec:?}");
    }
}
