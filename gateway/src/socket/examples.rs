//! `docs/protocol.md`, and the recorded messages beside it, against what is really sent and read.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use data_encoding::HEXLOWER;
use sba_service::log::Stored;
use sba_subjects::{
    envelope::VERSION,
    event::Event,
    id::{RecordId, RunId},
    record::Head,
    state::RunState,
};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use super::{end::End, message::Said, word};
use crate::{
    api::runs::RunView,
    error::{ApiError, Code},
    stream::{Codec, Frame, notice},
};

const PAGE: &str = include_str!("../../../docs/protocol.md");
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/protocol-examples.json");

/// Every type of event, as a log holds it.
const EVENTS: &str = include_str!("../../../subjects/tests/samples/v1.txt");

fn run() -> RunId {
    RunId::from_uuid(Uuid::from_u128(7))
}

/// The events of the log, each from a record of its own.
fn events() -> Vec<Frame> {
    let frame = |(line, seq): (&str, u64)| {
        let envelope = HEXLOWER.decode(line.split_once(' ').unwrap().1.as_bytes()).unwrap();
        let head = Head { v: VERSION, id: RecordId::from_uuid(Uuid::nil()), seq, count: 1, attempt: 1 };
        let stored = Stored { stream_sequence: seq, head, body: [&[0x81], &envelope[..]].concat().into() };
        Frame::of(&stored).unwrap().remove(0)
    };
    EVENTS.lines().zip(1..).map(frame).collect()
}

/// The run as its first event says.
fn view() -> RunView {
    let first = HEXLOWER.decode(EVENTS.lines().next().unwrap().split_once(' ').unwrap().1.as_bytes()).unwrap();
    let first = sba_subjects::record::open(&[&[0x81], &first[..]].concat()).unwrap().remove(0);
    RunState::begin(&first).unwrap().into()
}

/// What has no `seq`.
fn notices() -> Vec<Value> {
    let commanded = json!({"command_id": Uuid::from_u128(8), "run_id": run(), "status": "waiting_input"});
    let full = ApiError::invalid_field("input", "is longer than 65536 bytes");
    vec![
        notice::snapshot(run(), 1, &view()),
        notice::gap(run(), 2, 14),
        word::ended(run()),
        word::lost(run(), &ApiError::new(Code::Unavailable, "the run's log cannot be read now")),
        word::ack("answer-1", &commanded),
        word::rejected("answer-2", &full),
        word::token_expiring("2026-09-21T14:13:20Z"),
    ]
}

fn clients() -> Vec<Value> {
    let id = |n: u32| format!("m-{n}");
    vec![
        json!({"id": id(1), "type": "auth", "token": "eyJ…", "session_token": "k3J…"}),
        json!({"id": id(2), "type": "subscribe", "run": run(), "after": 4, "priority": "high"}),
        json!({"id": id(3), "type": "subscribe", "run": run(), "from": "snapshot"}),
        json!({"id": id(4), "type": "unsubscribe", "run": run()}),
        json!({"id": id(5), "type": "input", "run": run(), "ask_id": Uuid::from_u128(9), "input": {"approved": true}}),
        json!({"id": id(6), "type": "cancel", "run": run(), "reason": "The question was wrong."}),
        json!({"id": id(7), "type": "pause", "run": run()}),
        json!({"id": id(8), "type": "resume", "run": run()}),
        json!({"id": id(9), "type": "ping"}),
    ]
}

fn hex(message: Message) -> String {
    HEXLOWER.encode(&message.into_data())
}

fn recorded(from: &str, message: &Value, written: impl Fn(Codec) -> Message) -> Value {
    json!({
        "from": from, "message": message,
        "msgpack": hex(written(Codec::MessagePack)), "cbor": hex(written(Codec::Cbor)),
    })
}

#[test]
fn the_recorded_examples_are_what_is_sent_and_read() {
    let mut examples = Vec::new();
    for frame in events() {
        let message = Codec::Json.read(frame.packet(Codec::Json).unwrap().message()).unwrap();
        examples.push(recorded("gateway", &message, |codec| frame.packet(codec).unwrap().message().clone()));
    }
    for notice in notices() {
        examples.push(recorded("gateway", &notice, |codec| {
            Frame::notice(0, 0, notice.clone()).packet(codec).unwrap().message().clone()
        }));
    }
    for message in clients() {
        for codec in Codec::ALL {
            let read = Said::of(codec.read(&codec.write(&message).unwrap()).unwrap()).unwrap();
            assert!(read.ask.is_ok(), "{message}");
        }
        examples.push(recorded("client", &message, |codec| codec.write(&message).unwrap()));
    }
    let made = format!("{:#}\n", Value::Array(examples));
    if std::env::var_os("SBA_UPDATE_FILES").is_some() {
        std::fs::write(FILE, &made).unwrap();
    }
    let kept = std::fs::read_to_string(FILE).unwrap_or_default();
    assert!(kept == made, "docs/protocol-examples.json is out of date: run the tests with SBA_UPDATE_FILES=1");
}

/// Whatever stands in the place of a byte, a message is read, refused or unreadable.
#[test]
fn spoilt_messages_do_no_harm() {
    for message in clients() {
        for codec in Codec::ALL {
            let whole = codec.write(&message).unwrap().into_data().to_vec();
            for at in 0..whole.len() {
                for byte in [0, b'"', b'{', b'1', 0x80, 0xa1, 0xc1, 0xff, whole[at] ^ 1] {
                    let mut spoilt = whole.clone();
                    spoilt[at] = byte;
                    let spoilt = match codec {
                        Codec::Json => String::from_utf8(spoilt).ok().map(|text| Message::Text(text.into())),
                        _ => Some(Message::Binary(spoilt.into())),
                    };
                    let read = spoilt.and_then(|spoilt| codec.read(&spoilt).ok()).map(Said::of);
                    if let Some(Ok(said)) = read {
                        assert!((1..=255).contains(&said.id.len()));
                    }
                }
            }
        }
    }
}

#[test]
fn the_page_names_every_message_and_every_end() {
    let kinds = notices().into_iter().chain(clients()).map(|message| message["type"].as_str().unwrap().to_owned());
    for kind in Event::KINDS.iter().map(ToString::to_string).chain(kinds) {
        assert!(PAGE.contains(&format!("| `{kind}`")), "docs/protocol.md has no row for {kind}");
    }
    let refusals = Code::ALL.iter().map(|code| End::Refused(*code));
    let others =
        [End::Done, End::WrongKind, End::Malformed, End::Flood, End::TooLarge, End::Stopping, End::Stranger, End::Late];
    for end in others.into_iter().chain(refusals) {
        let (code, _) = end.frame().unwrap();
        assert!(PAGE.contains(&format!("| {code} |")), "docs/protocol.md has no row for {code}");
    }
    for codec in Codec::ALL {
        assert!(PAGE.contains(&format!("`{}`", codec.protocol())));
    }
}
