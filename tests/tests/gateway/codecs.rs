//! The same in JSON, MessagePack and CBOR.

use futures::{SinkExt as _, StreamExt as _};
use sba_subjects::id::RunId;
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use super::{
    stream::{finish, say, started},
    support::{DEADLINE, House, Socket, closed, house, refusal},
};

async fn open(house: &House, run: RunId, protocol: &str) -> Socket {
    let offered = format!("sba.bearer.{}, {protocol}", house.member());
    house.try_watch(run, 0, &[("sec-websocket-protocol", &offered)]).await.unwrap()
}

fn read(protocol: &str, message: &Message) -> Option<Value> {
    match (protocol, message) {
        ("sba.v1.json", Message::Text(text)) => Some(serde_json::from_str(text).unwrap()),
        ("sba.v1.msgpack", Message::Binary(bytes)) => Some(rmp_serde::from_slice(bytes).unwrap()),
        ("sba.v1.cbor", Message::Binary(bytes)) => Some(ciborium::from_reader(bytes.as_ref()).unwrap()),
        (_, Message::Text(_) | Message::Binary(_)) => panic!("{protocol}: {message:?}"),
        _ => None,
    }
}

fn write(protocol: &str, message: &Value) -> Message {
    match protocol {
        "sba.v1.json" => Message::text(message.to_string()),
        "sba.v1.msgpack" => Message::binary(rmp_serde::to_vec_named(message).unwrap()),
        _ => {
            let mut bytes = Vec::new();
            ciborium::into_writer(message, &mut bytes).unwrap();
            Message::binary(bytes)
        }
    }
}

async fn all(protocol: &str, socket: &mut Socket) -> Vec<Value> {
    let mut said = Vec::new();
    while let Some(Ok(message)) = timeout(DEADLINE, socket.next()).await.expect("nothing is said") {
        said.extend(read(protocol, &message));
    }
    said
}

#[tokio::test]
async fn every_codec_says_the_same_and_understands_the_same() {
    let house = house().await;
    let (run, mut writer) = started(&house).await;
    say(&mut writer, 50).await;
    let mut heard = Vec::new();
    let mut sockets = Vec::new();
    for protocol in ["sba.v1.json", "sba.v1.msgpack", "sba.v1.cbor"] {
        let mut socket = open(&house, run, protocol).await;
        socket.send(write(protocol, &json!({"id": "1", "type": "ping"}))).await.unwrap();
        socket.send(write(protocol, &json!({"id": "2", "type": "dance"}))).await.unwrap();
        sockets.push((protocol, socket));
    }
    for (protocol, socket) in &mut sockets {
        // Both answers come before the run ends.
        let (mut said, mut answers) = (Vec::new(), 0);
        while answers < 2 {
            let message = timeout(DEADLINE, socket.next()).await.expect("no answer").unwrap().unwrap();
            if let Some(message) = read(protocol, &message) {
                answers += usize::from(message["id"].is_string());
                said.push(message);
            }
        }
        heard.push(said);
    }
    finish(&mut writer).await;
    for ((protocol, socket), said) in sockets.iter_mut().zip(&mut heard) {
        said.extend(all(protocol, socket).await);
    }
    let events: Vec<Vec<&Value>> =
        heard.iter().map(|said| said.iter().filter(|message| message["seq"].is_u64()).collect()).collect();
    assert_eq!(events[0].len(), 53);
    assert_eq!((&events[0], &events[0]), (&events[1], &events[2]));
    for said in &heard {
        let answer = |id: &str| said.iter().find(|message| message["id"] == id).unwrap();
        assert_eq!(answer("1")["type"], "ack");
        assert_eq!(answer("2")["payload"]["code"], "invalid_request");
    }
}

#[tokio::test]
async fn binary_garbage_is_refused_and_an_unknown_codec_too() {
    let house = house().await;
    let (run, _writer) = started(&house).await;
    for protocol in ["sba.v1.msgpack", "sba.v1.cbor"] {
        let deep = if protocol == "sba.v1.cbor" { 0x81 } else { 0x91 };
        let mut trailing = write(protocol, &json!({"id": "1", "type": "ping"})).into_data().to_vec();
        trailing.push(0);
        for (message, code) in [
            (Message::binary(vec![0xff_u8; 100]), 1007),
            (Message::binary(vec![deep; 60_000]), 1007),
            (Message::binary(trailing), 1007),
            (Message::binary(Vec::new()), 1007),
            (Message::text("{\"id\": \"1\", \"type\": \"ping\"}"), 1003),
        ] {
            let offered = format!("{protocol}, sba.bearer.{}", house.member());
            let headers = [("sec-websocket-protocol", offered.as_str())];
            let mut socket = house.try_watch(run, 2, &headers).await.unwrap();
            socket.send(message).await.unwrap();
            assert_eq!(closed(&mut socket).await, code, "{protocol}");
        }
    }
    let offered = format!("sba.v2.json, sba.bearer.{}", house.member());
    let opened = house.try_watch(run, 0, &[("sec-websocket-protocol", &offered)]).await;
    assert_eq!(refusal(opened), (400, "unknown_subprotocol".to_owned()));
}
