//! A message as it goes over the wire.

use std::sync::OnceLock;

use bytes::Bytes;
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::frame::{
        FrameHeader,
        coding::{Control, Data, OpCode},
    },
};

use super::deflate;

/// Smaller messages are not compressed: it would take longer than it saves.
const WORTH_IT: usize = 256;

/// A framed message, plain and, once somebody wants that, compressed.
#[derive(Debug)]
pub(crate) struct Packet {
    message: Message,
    plain: Bytes,
    /// None, where compressing does not make it smaller.
    packed: OnceLock<Option<Bytes>>,
}

impl Packet {
    /// Frames a text or binary message.
    pub(crate) fn new(message: Message) -> Self {
        let plain = frame(opcode(&message), false, payload(&message));
        Self { message, plain, packed: OnceLock::new() }
    }

    /// The message itself.
    pub(crate) const fn message(&self) -> &Message {
        &self.message
    }

    /// The bytes for a client that takes compressed messages, or does not.
    pub(crate) fn bytes(&self, deflated: bool) -> Bytes {
        if !deflated || self.plain.len() < WORTH_IT {
            return self.plain.clone();
        }
        let packed = self.packed.get_or_init(|| {
            let packed = deflate::deflate(payload(&self.message))?;
            Some(frame(opcode(&self.message), true, &packed)).filter(|frame| frame.len() < self.plain.len())
        });
        packed.as_ref().unwrap_or(&self.plain).clone()
    }

    /// A ping.
    pub(crate) fn ping() -> Bytes {
        frame(OpCode::Control(Control::Ping), false, b"")
    }

    /// The answer to a ping.
    pub(crate) fn pong(payload: &[u8]) -> Bytes {
        frame(OpCode::Control(Control::Pong), false, payload)
    }

    /// The end of a conversation; the reason is short.
    pub(crate) fn close(code: u16, reason: &str) -> Bytes {
        frame(OpCode::Control(Control::Close), false, &[&code.to_be_bytes(), reason.as_bytes()].concat())
    }
}

fn opcode(message: &Message) -> OpCode {
    OpCode::Data(if message.is_text() { Data::Text } else { Data::Binary })
}

fn payload(message: &Message) -> &[u8] {
    match message {
        Message::Text(text) => text.as_bytes(),
        Message::Binary(bytes) => bytes,
        _ => &[],
    }
}

/// A frame of a server: whole, and without a mask.
fn frame(opcode: OpCode, rsv1: bool, payload: &[u8]) -> Bytes {
    let header = FrameHeader { is_final: true, rsv1, opcode, ..FrameHeader::default() };
    let length = payload.len() as u64;
    let mut bytes = Vec::with_capacity(header.len(length) + payload.len());
    // Writing to memory does not fail.
    let _ = header.format(length, &mut bytes);
    bytes.extend_from_slice(payload);
    bytes.into()
}
