//! The connections that are open: so many in all, and of these so many from one address.

use std::{
    io::{self, IoSlice},
    net::{IpAddr, Ipv6Addr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use sba_service::metrics::Metrics;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::{OwnedSemaphorePermit, Semaphore},
};

use crate::places::{Share, Shares};

/// Counts the connections that are open.
#[derive(Debug)]
pub(super) struct Connections {
    all: Arc<Semaphore>,
    shares: Arc<Shares<IpAddr>>,
    metrics: Metrics,
}

/// A connection that is counted until it is dropped: as long as it speaks HTTP, and as a WebSocket after that.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    _share: Share<IpAddr>,
    _permit: OwnedSemaphorePermit,
    metrics: Metrics,
}

impl Connections {
    /// So many connections in `all`, and of these so many from `each` address.
    pub(super) fn new(all: usize, each: usize, metrics: Metrics) -> Self {
        Self { all: Arc::new(Semaphore::new(all)), shares: Shares::new(each), metrics }
    }

    /// Counts a connection; gives it back where it is one too many.
    pub(super) fn admit(&self, stream: TcpStream, peer: IpAddr) -> Result<Connection, TcpStream> {
        let share = self.shares.take(network(peer));
        let Some((share, permit)) = share.zip(Arc::clone(&self.all).try_acquire_owned().ok()) else {
            self.metrics.connections_refused.inc();
            return Err(stream);
        };
        self.metrics.connections.inc();
        Ok(Connection { stream, _share: share, _permit: permit, metrics: self.metrics.clone() })
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.metrics.connections.dec();
    }
}

/// Who counts as one: an address, but of IPv6 a whole /64, which is what a single client is given.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_network_of_ipv6_counts_as_one_client() {
        let network = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(network("10.0.0.1"), "10.0.0.1");
        assert_eq!(network("::ffff:10.0.0.1"), "10.0.0.1");
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
    }
}
