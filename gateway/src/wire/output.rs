//! The writing half: many pieces, one write.

use std::{
    collections::VecDeque,
    future::poll_fn,
    io::{self, IoSlice},
    pin::Pin,
};

use bytes::{Buf as _, Bytes};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

/// Most pieces of one write.
const PIECES: usize = 64;

/// Frames that are to be sent, and where to.
#[derive(Debug)]
pub(crate) struct Output<W> {
    io: W,
    queue: VecDeque<Bytes>,
    bytes: usize,
}

impl<W: AsyncWrite + Unpin> Output<W> {
    pub(crate) const fn new(io: W) -> Self {
        Self { io, queue: VecDeque::new(), bytes: 0 }
    }

    /// Puts a frame behind those that are to be sent.
    pub(crate) fn feed(&mut self, frame: Bytes) {
        self.bytes += frame.len();
        self.queue.push_back(frame);
    }

    /// Bytes that are to be sent.
    pub(crate) const fn waiting(&self) -> usize {
        self.bytes
    }

    /// Sends what waits. A future that is dropped sends a part, and the next goes on behind it.
    ///
    /// # Errors
    /// Those of the connection.
    pub(crate) async fn flush(&mut self) -> io::Result<()> {
        while !self.queue.is_empty() {
            // Polled by hand, so that the pieces stand on the stack and not in every viewer's future.
            let written = poll_fn(|context| {
                let mut pieces = [IoSlice::new(&[]); PIECES];
                let count = pieces.len().min(self.queue.len());
                pieces.iter_mut().zip(&self.queue).for_each(|(piece, frame)| *piece = IoSlice::new(frame));
                Pin::new(&mut self.io).poll_write_vectored(context, &pieces[..count])
            });
            let written = written.await?;
            if written == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            self.sent(written);
        }
        self.io.flush().await
    }

    /// Says that nothing follows.
    ///
    /// # Errors
    /// Those of the connection.
    pub(crate) async fn shutdown(&mut self) -> io::Result<()> {
        self.io.shutdown().await
    }

    fn sent(&mut self, mut written: usize) {
        self.bytes -= written;
        while let Some(frame) = self.queue.front_mut() {
            if written < frame.len() {
                frame.advance(written);
                break;
            }
            written -= frame.len();
            self.queue.pop_front();
        }
        if self.queue.is_empty() {
            // A viewer that was sent much at once does not keep the room for it.
            self.queue.shrink_to(PIECES);
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use tokio::io::AsyncReadExt as _;

    use super::*;

    #[tokio::test]
    async fn everything_is_sent_in_order_however_little_is_taken_at_a_time() {
        for room in [1, 3, 64, 100_000] {
            let (ours, mut theirs) = tokio::io::duplex(room);
            let mut output = Output::new(ours);
            let frames: Vec<Bytes> = (0..500_u32).map(|n| n.to_string().repeat(n as usize % 7).into()).collect();
            let expected = frames.concat();
            frames.into_iter().for_each(|frame| output.feed(frame));
            assert_eq!(output.waiting(), expected.len());
            let read = async {
                let mut all = vec![0; expected.len()];
                theirs.read_exact(&mut all).await.unwrap();
                all
            };
            let (sent, all) = tokio::join!(output.flush(), read);
            sent.unwrap();
            assert_eq!((all, output.waiting()), (expected, 0), "room for {room}");
        }
    }
}
