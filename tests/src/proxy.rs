//! A TCP proxy between a process and a server, which spoils what passes as a network does.

use std::{io, net::SocketAddr, time::Duration};

use bytes::Bytes;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{mpsc, watch},
    task::JoinHandle,
    time::{Instant, sleep, sleep_until},
};

/// Most bytes that are read at once.
const CHUNK: usize = 16 * 1024;
/// Chunks on their way in one direction of a connection. Whoever sends more has to wait, as with a full pipe.
const ON_THEIR_WAY: usize = 64;

/// What happens to connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weather {
    /// They are passed on.
    Fair,
    /// They break, and no new one comes about.
    Cut,
    /// They stay open and nothing passes, as when packets are lost.
    Stalled,
    /// What passes takes so long, and so many bytes pass in a second.
    Slow { delay: Duration, bytes_per_second: u32 },
}

/// A proxy on a free port of 127.0.0.1. It ends, with its connections, when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    weather: watch::Sender<Weather>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Starts a proxy to the server at `target`, e.g. `127.0.0.1:4222`. It passes everything on for now.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(target: impl Into<String>) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let weather = watch::Sender::new(Weather::Fair);
        let accepting = tokio::spawn(accept(listener, target.into(), weather.clone()));
        Ok(Self { address, weather, accepting })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Breaks every connection, and each new one, until [`heal`](Self::heal).
    pub fn cut(&self) {
        self.weather.send_replace(Weather::Cut);
    }

    /// Lets nothing pass, without a word to either side, until [`heal`](Self::heal).
    pub fn stall(&self) {
        self.weather.send_replace(Weather::Stalled);
    }

    /// Holds everything up for `delay` in each direction, and lets so many bytes pass in a second.
    pub fn slow(&self, delay: Duration, bytes_per_second: u32) {
        self.weather.send_replace(Weather::Slow { delay, bytes_per_second });
    }

    /// Passes everything on again.
    pub fn heal(&self) {
        self.weather.send_replace(Weather::Fair);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

async fn accept(listener: TcpListener, target: String, weather: watch::Sender<Weather>) {
    loop {
        let Ok((client, _)) = listener.accept().await else { continue };
        if *weather.borrow() == Weather::Cut {
            continue;
        }
        let (target, weather) = (target.clone(), weather.subscribe());
        tokio::spawn(async move {
            // A server that is not there is no fault of the proxy: the client sees its connection break.
            if let Ok(server) = TcpStream::connect(target).await {
                join(client, server, weather).await;
            }
        });
    }
}

/// Passes both directions on until either side ends, or the connection is cut.
async fn join(client: TcpStream, server: TcpStream, weather: watch::Receiver<Weather>) {
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    let mut cut = weather.clone();
    tokio::select! {
        () = pass(from_client, to_server, weather.clone()) => {}
        () = pass(from_server, to_client, weather) => {}
        _ = cut.wait_for(|weather| *weather == Weather::Cut) => {}
    }
}

/// Passes one direction on. Chunks that are delayed are on their way side by side, so a delay costs no throughput.
async fn pass(mut from: OwnedReadHalf, to: OwnedWriteHalf, weather: watch::Receiver<Weather>) {
    let (sender, receiver) = mpsc::channel(ON_THEIR_WAY);
    let now = weather.clone();
    let reading = async move {
        let mut buffer = vec![0; CHUNK];
        loop {
            let read = from.read(&mut buffer).await.unwrap_or(0);
            let delay = match *now.borrow() {
                Weather::Slow { delay, .. } => delay,
                _ => Duration::ZERO,
            };
            let chunk = Bytes::copy_from_slice(&buffer[..read]);
            if read == 0 || sender.send((Instant::now() + delay, chunk)).await.is_err() {
                return;
            }
        }
    };
    // What reads holds the sender: when it ends, the writer ends behind the last chunk.
    tokio::join!(reading, write(receiver, to, weather));
}

async fn write(
    mut chunks: mpsc::Receiver<(Instant, Bytes)>,
    mut to: OwnedWriteHalf,
    mut weather: watch::Receiver<Weather>,
) {
    while let Some((due, chunk)) = chunks.recv().await {
        sleep_until(due).await;
        if weather.wait_for(|weather| *weather != Weather::Stalled).await.is_err() {
            return;
        }
        let now = *weather.borrow();
        if let Weather::Slow { bytes_per_second, .. } = now {
            sleep(Duration::from_secs_f64(chunk.len() as f64 / f64::from(bytes_per_second.max(1)))).await;
        }
        if to.write_all(&chunk).await.is_err() {
            return;
        }
    }
}
