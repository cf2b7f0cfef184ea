//! Connections, from their acceptance to their end.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use sba_service::{config::GatewayConfig, metrics::Metrics, shutdown::Shutdown};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{sleep, timeout},
};
use tracing::{debug, warn};

use super::connections::Connections;

/// Pause before the next connection when the system can open none: mostly it has no files left.
const PAUSE: Duration = Duration::from_millis(500);

/// Most connections that are told at the same time that they are too many, and how long that may take. What is beyond it
/// is closed without a word.
const REFUSALS: usize = 64;
const REFUSAL_TIME: Duration = Duration::from_secs(2);

/// The connection reads heads of so many times what is allowed, so that the answer to one that is too large is made in
/// [`http::fits`](crate::http::fits).
const HEADROOM: usize = 4;

/// What serves connections, and what answers those that are too many.
#[derive(Clone)]
pub(super) struct Server {
    shutdown: Shutdown,
    connections: Arc<Connections>,
    http: http1::Builder,
    router: Router,
    refusals: Arc<Semaphore>,
    refuse: Router,
}

impl Server {
    /// A server of `router`; `refuse` answers on connections beyond the limits.
    pub(super) fn new(
        config: &GatewayConfig,
        router: Router,
        refuse: Router,
        metrics: Metrics,
        shutdown: Shutdown,
    ) -> Self {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(config.head_timeout_ms.duration())
            .max_buf_size(config.max_head_bytes * HEADROOM);
        let connections = Connections::new(config.max_connections, config.max_connections_per_address, metrics);
        Self {
            shutdown,
            connections: Arc::new(connections),
            http,
            // Everything is made ready once, and not for each request.
            router: router.with_state(()),
            refusals: Arc::new(Semaphore::new(REFUSALS)),
            refuse: refuse.with_state(()),
        }
    }

    /// Accepts connections until the soft request. Those that are open finish what is under way, until the hard one; the
    /// process waits for them.
    pub(super) async fn run(self, listener: TcpListener) {
        let soft = self.shutdown.soft();
        loop {
            let accepted = tokio::select! {
                biased;
                () = soft.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => self.begin(stream, peer),
                Err(error) if is_of_the_client(&error) => debug!(%error, "a client was gone before it was accepted"),
                Err(error) => {
                    warn!(%error, "no connection can be accepted; trying again");
                    sleep(PAUSE).await;
                }
            }
        }
    }

    fn begin(&self, stream: TcpStream, peer: SocketAddr) {
        // An event waits for nothing, least of all for the next one.
        if let Err(error) = stream.set_nodelay(true) {
            debug!(%error, "a connection could not be told not to wait");
        }
        match self.connections.admit(stream, peer.ip()) {
            Ok(connection) => {
                let served = self.clone().converse(connection, self.http.clone(), self.router.clone());
                self.shutdown.spawn(served);
            }
            Err(stream) => self.refuse(stream),
        }
    }

    fn refuse(&self, stream: TcpStream) {
        let Ok(place) = Arc::clone(&self.refusals).try_acquire_owned() else { return };
        let mut http = self.http.clone();
        http.keep_alive(false);
        let refused = self.clone().converse(stream, http, self.refuse.clone());
        self.shutdown.spawn(async move {
            let _ = timeout(REFUSAL_TIME, refused).await;
            drop(place);
        });
    }

    /// Serves one connection to its end.
    async fn converse<S>(self, stream: S, http: http1::Builder, router: Router)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let served = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router)).with_upgrades();
        let (soft, hard) = (self.shutdown.soft(), self.shutdown.hard());
        let mut served = std::pin::pin!(served);
        let ended = tokio::select! {
            biased;
            () = hard.cancelled() => return,
            ended = &mut served => ended,
            () = soft.cancelled() => {
                served.as_mut().graceful_shutdown();
                tokio::select! {
                    biased;
                    () = hard.cancelled() => return,
                    ended = &mut served => ended,
                }
            }
        };
        // Clients come, break off and send what is no HTTP as they like.
        if let Err(error) = ended {
            debug!(%error, "a connection ended with an error");
        }
    }
}

/// Whether it is one client that is gone, and nothing that the next one would meet too.
fn is_of_the_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

#[cfg(test)]
mod tests;
