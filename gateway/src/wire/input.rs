//! The reading half: frames, put together to messages, within bounds.

use std::io::Cursor;

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio_tungstenite::tungstenite::{
    Message, Utf8Bytes,
    protocol::frame::{
        FrameHeader,
        coding::{Control, Data, OpCode},
    },
};

use super::deflate::{self, Uninflatable};

/// How much is read at a time, in bytes: clients say little, and a connection that is idle holds no more.
const READ: usize = 1024;

/// Largest payload of a control frame.
const CONTROL: u64 = 125;

/// Most frames that a message may come in.
const PARTS: usize = 1024;

/// Why nothing more can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Broken {
    /// The connection is gone.
    Gone,
    /// What comes is no WebSocket.
    Protocol,
    /// A message is larger than it may be, as it comes or inflated.
    TooLarge,
    /// A message is not the text that it should be, or cannot be inflated.
    Malformed,
}

/// What comes from a client.
#[derive(Debug)]
pub(crate) struct Input<R> {
    io: R,
    buffer: BytesMut,
    most: usize,
    /// Whether messages may be compressed.
    deflated: bool,
    part: Option<Part>,
}

/// A message of which more is to come.
#[derive(Debug)]
struct Part {
    kind: Data,
    packed: bool,
    payload: Vec<u8>,
    frames: usize,
}

impl<R: AsyncRead + Unpin> Input<R> {
    /// Messages of `most` bytes at most.
    pub(crate) fn new(io: R, most: usize, deflated: bool) -> Self {
        Self { io, buffer: BytesMut::new(), most, deflated, part: None }
    }

    /// The next message. Waits for it, and loses nothing when it is not waited for to the end.
    ///
    /// # Errors
    /// [`Broken`]; nothing can be read after it.
    pub(crate) async fn next(&mut self) -> Result<Message, Broken> {
        loop {
            while let Some((header, payload)) = self.frame()? {
                if let Some(message) = self.take(&header, payload)? {
                    return Ok(message);
                }
            }
            if self.buffer.is_empty() && self.buffer.capacity() > READ {
                self.buffer = BytesMut::new();
            }
            self.buffer.reserve(READ);
            match self.io.read_buf(&mut self.buffer).await {
                Ok(1..) => {}
                Ok(0) | Err(_) => return Err(Broken::Gone),
            }
        }
    }

    /// Reads until the client closes the connection, and forgets it.
    pub(crate) async fn drain(&mut self) {
        loop {
            self.buffer.clear();
            self.buffer.reserve(READ);
            if !matches!(self.io.read_buf(&mut self.buffer).await, Ok(1..)) {
                return;
            }
        }
    }

    /// The next frame, when all of it is there. One that may not be is refused before it comes.
    fn frame(&mut self) -> Result<Option<(FrameHeader, BytesMut)>, Broken> {
        let mut cursor = Cursor::new(&self.buffer[..]);
        let parsed = FrameHeader::parse(&mut cursor).map_err(|_| Broken::Protocol)?;
        let Some((header, length)) = parsed else { return Ok(None) };
        let head = usize::try_from(cursor.position()).map_err(|_| Broken::Protocol)?;
        let Some(mask) = header.mask else { return Err(Broken::Protocol) };
        self.check(&header, length)?;
        // It was found to be small enough.
        let length = usize::try_from(length).map_err(|_| Broken::TooLarge)?;
        if self.buffer.len() - head < length {
            self.buffer.reserve(head + length - self.buffer.len());
            return Ok(None);
        }
        self.buffer.advance(head);
        let mut payload = self.buffer.split_to(length);
        payload.iter_mut().zip(mask.into_iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
        Ok(Some((header, payload)))
    }

    fn check(&self, header: &FrameHeader, length: u64) -> Result<(), Broken> {
        let begins = matches!(header.opcode, OpCode::Data(Data::Text | Data::Binary));
        if header.rsv2 || header.rsv3 || (header.rsv1 && !(begins && self.deflated)) {
            return Err(Broken::Protocol);
        }
        match header.opcode {
            OpCode::Control(_) if !header.is_final || length > CONTROL => Err(Broken::Protocol),
            OpCode::Control(_) => Ok(()),
            OpCode::Data(_) if begins == self.part.is_some() => Err(Broken::Protocol),
            OpCode::Data(_) => {
                let before = self.part.as_ref().map_or(0, |part| part.payload.len());
                let fits = length <= (self.most - before) as u64;
                if fits { Ok(()) } else { Err(Broken::TooLarge) }
            }
        }
    }

    /// What a frame makes whole.
    fn take(&mut self, header: &FrameHeader, payload: BytesMut) -> Result<Option<Message>, Broken> {
        let kind = match header.opcode {
            OpCode::Control(Control::Ping) => return Ok(Some(Message::Ping(payload.freeze()))),
            OpCode::Control(Control::Pong) => return Ok(Some(Message::Pong(payload.freeze()))),
            OpCode::Control(_) => return Ok(Some(Message::Close(None))),
            OpCode::Data(kind) => kind,
        };
        let Some(mut part) = self.part.take() else {
            if header.is_final {
                return self.whole(kind, header.rsv1, payload.freeze()).map(Some);
            }
            self.part = Some(Part { kind, packed: header.rsv1, payload: payload.to_vec(), frames: 1 });
            return Ok(None);
        };
        part.payload.extend_from_slice(&payload);
        part.frames += 1;
        if header.is_final {
            return self.whole(part.kind, part.packed, part.payload.into()).map(Some);
        }
        if part.frames >= PARTS {
            return Err(Broken::TooLarge);
        }
        self.part = Some(part);
        Ok(None)
    }

    fn whole(&self, kind: Data, packed: bool, payload: Bytes) -> Result<Message, Broken> {
        let payload = if packed { deflate::inflate(&payload, self.most)?.into() } else { payload };
        match kind {
            Data::Text => Utf8Bytes::try_from(payload).map(Message::Text).map_err(|_| Broken::Malformed),
            _ => Ok(Message::Binary(payload)),
        }
    }
}

impl From<Uninflatable> for Broken {
    fn from(error: Uninflatable) -> Self {
        match error {
            Uninflatable::TooLarge => Self::TooLarge,
            Uninflatable::Malformed => Self::Malformed,
        }
    }
}

#[cfg(test)]
mod tests;
