//! Compressed messages, and frames that no proper client sends.

use std::io::Cursor;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use sba_subjects::id::RunId;
use sba_tests::run_log::token;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_tungstenite::tungstenite::protocol::frame::{
    FrameHeader,
    coding::{Control, Data, OpCode},
};

use super::{
    stream::{finish, started},
    support::{DEADLINE, House, house, house_with, to_the_end},
};

const TEXT: OpCode = OpCode::Data(Data::Text);

/// A client that says what it likes.
struct Bare {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// The head of the gateway's answer.
    head: String,
}

impl Bare {
    async fn open(house: &House, run: RunId, after: u64, extensions: &str) -> Self {
        let address = house.url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!(
            "GET /api/v1/runs/{run}/stream?after={after} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer {}\r\n\
             {extensions}\r\n",
            house.member(),
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut bare = Self { stream, buffer: Vec::new(), head: String::new() };
        while !bare.buffer.windows(4).any(|end| end == b"\r\n\r\n") {
            bare.more().await;
        }
        let end = bare.buffer.windows(4).position(|end| end == b"\r\n\r\n").unwrap() + 4;
        bare.head = String::from_utf8(bare.buffer.drain(..end).collect()).unwrap().to_lowercase();
        assert!(bare.head.starts_with("http/1.1 101"), "{}", bare.head);
        bare
    }

    async fn packed(house: &House, run: RunId, after: u64) -> Self {
        let offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
        let bare = Self::open(house, run, after, offer).await;
        let agreed = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
        assert!(bare.head.contains(agreed), "{}", bare.head);
        bare
    }

    async fn more(&mut self) {
        let read = timeout(DEADLINE, self.stream.read_buf(&mut self.buffer)).await.expect("nothing comes").unwrap();
        assert!(read > 0, "the connection ended");
    }

    async fn send(&mut self, opcode: OpCode, rsv1: bool, payload: &[u8]) {
        let mask = [9, 8, 7, 6];
        let header = FrameHeader { is_final: true, rsv1, opcode, mask: Some(mask), ..FrameHeader::default() };
        let mut bytes = Vec::new();
        header.format(payload.len() as u64, &mut bytes).unwrap();
        bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        self.stream.write_all(&bytes).await.unwrap();
    }

    async fn frame(&mut self) -> (FrameHeader, Vec<u8>) {
        loop {
            let mut cursor = Cursor::new(&self.buffer);
            if let Some((header, length)) = FrameHeader::parse(&mut cursor).unwrap() {
                let (head, length) = (cursor.position() as usize, length as usize);
                if self.buffer.len() >= head + length {
                    let mut frame: Vec<u8> = self.buffer.drain(..head + length).collect();
                    return (header, frame.split_off(head));
                }
            }
            self.more().await;
        }
    }

    /// The next message, and whether it was compressed.
    async fn message(&mut self) -> (Value, bool) {
        loop {
            let (header, payload) = self.frame().await;
            match header.opcode {
                TEXT if header.rsv1 => return (serde_json::from_slice(&inflate(&payload)).unwrap(), true),
                TEXT => return (serde_json::from_slice(&payload).unwrap(), false),
                OpCode::Control(Control::Ping) => {}
                other => panic!("{other:?} {payload:?}"),
            }
        }
    }

    /// The code of the close, whatever comes before it.
    async fn closed(&mut self) -> u16 {
        loop {
            let (header, payload) = self.frame().await;
            if header.opcode == OpCode::Control(Control::Close) {
                return u16::from_be_bytes([payload[0], payload[1]]);
            }
        }
    }
}

fn deflate(payload: &[u8]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(payload.len() + 64);
    let mut compress = Compress::new(Compression::best(), false);
    compress.compress_vec(payload, &mut packed, FlushCompress::Sync).unwrap();
    assert!(packed.ends_with(&[0, 0, 0xff, 0xff]));
    packed.truncate(packed.len() - 4);
    packed
}

fn inflate(payload: &[u8]) -> Vec<u8> {
    let mut inflated = Vec::with_capacity(1 << 20);
    let whole = [payload, &[0, 0, 0xff, 0xff]].concat();
    Decompress::new(false).decompress_vec(&whole, &mut inflated, FlushDecompress::Sync).unwrap();
    inflated
}

#[tokio::test]
async fn large_events_are_compressed_for_those_who_want_it() {
    let house = house().await;
    let (run, mut writer) = started(&house).await;
    let mut packed = Bare::packed(&house, run, 0).await;
    let mut other = Bare::packed(&house, run, 0).await;
    let mut plain = house.watch(run, 0).await;
    for text in ["short", &"Invoices are paid. ".repeat(1_000), "short again", &"x".repeat(100_000)] {
        writer.append(&writer.record(vec![token(text)]).unwrap()).await.unwrap();
    }
    finish(&mut writer).await;
    let (expected, code) = to_the_end(&mut plain).await;
    assert_eq!((expected.len(), code), (7, 1000));
    for client in [&mut packed, &mut other] {
        let mut compressed = Vec::new();
        for event in &expected {
            let (found, was_compressed) = client.message().await;
            assert_eq!(&found, event);
            compressed.push(was_compressed);
        }
        assert_eq!(&compressed[2..6], [false, true, false, true], "{compressed:?}");
        assert_eq!(client.closed().await, 1000);
    }
}

#[tokio::test]
async fn a_client_may_compress_what_it_says_within_the_same_bounds() {
    let house = house_with(|config| config.gateway.max_message_bytes = 2_048).await;
    let (run, _writer) = started(&house).await;
    let mut client = Bare::packed(&house, run, 2).await;
    client.send(TEXT, true, &deflate(br#"{"id": "1", "type": "ping"}"#)).await;
    assert_eq!(client.message().await.0["type"], "ack");
    client.send(OpCode::Control(Control::Ping), false, b"there?").await;
    let (header, payload) = client.frame().await;
    assert_eq!((header.opcode, payload.as_slice()), (OpCode::Control(Control::Pong), &b"there?"[..]));
    client.send(OpCode::Control(Control::Close), false, &1000_u16.to_be_bytes()).await;
    assert_eq!(client.closed().await, 1000, "a close is answered");

    let bomb = deflate(&vec![b' '; 1 << 20]);
    assert!(bomb.len() < 2_048, "{}", bomb.len());
    for (payload, code) in [(bomb, 1009), (vec![0xff; 50], 1007), (deflate(b"{}"), 1007), (deflate(b"\xff"), 1007)] {
        let mut client = Bare::packed(&house, run, 2).await;
        client.send(TEXT, true, &payload).await;
        assert_eq!(client.closed().await, code);
    }
}

#[tokio::test]
async fn what_was_not_agreed_on_is_refused() {
    let house = house_with(|config| config.gateway.ws_deflate = false).await;
    let (run, _writer) = started(&house).await;
    let offer = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
    let mut client = Bare::open(&house, run, 2, offer).await;
    assert!(!client.head.contains("permessage-deflate"), "{}", client.head);
    client.send(TEXT, true, &deflate(br#"{"id": "1", "type": "ping"}"#)).await;
    assert_eq!(client.closed().await, 1002);
    let mut client = Bare::open(&house, run, 2, "").await;
    client.stream.write_all(&[0x81, 2, b'{', b'}']).await.unwrap();
    assert_eq!(client.closed().await, 1002, "without a mask");
    let mut client = Bare::open(&house, run, 2, "").await;
    client.send(OpCode::Data(Data::Continue), false, b"of nothing").await;
    assert_eq!(client.closed().await, 1002);
}
