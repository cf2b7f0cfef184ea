//! Clients that take connections and give little for them.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::future::ready;

use axum::{
    extract::Request,
    http::{StatusCode, header},
    middleware::map_request,
    routing::{any, get, post},
};
use sba_service::{config::Millis, shutdown::Ending};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    sync::Notify,
    time::Instant,
};

use super::*;
use crate::http::linger;

/// Longest time that a test waits for anything.
const DEADLINE: Duration = Duration::from_secs(20);

/// A server of a few addresses.
struct House {
    address: SocketAddr,
    shutdown: Shutdown,
    metrics: Metrics,
    /// Lets the requests for `/slow` be answered.
    go: Arc<Notify>,
}

async fn house(change: impl FnOnce(&mut GatewayConfig)) -> House {
    let mut config = GatewayConfig { head_timeout_ms: Millis::new(20_000), ..GatewayConfig::default() };
    change(&mut config);
    let (metrics, shutdown, go) = (Metrics::new().unwrap(), Shutdown::new(DEADLINE), Arc::new(Notify::new()));
    let wait = go.clone();
    let slow = async move || {
        wait.notified().await;
        "done"
    };
    let socket = async |mut request: Request| {
        let upgrade = hyper::upgrade::on(&mut request);
        tokio::spawn(async move { TokioIo::new(upgrade.await.unwrap()).read_u8().await });
        (StatusCode::SWITCHING_PROTOCOLS, [(header::CONNECTION, "upgrade"), (header::UPGRADE, "websocket")])
    };
    let router = Router::new()
        .route("/", get(async || "hello"))
        .route("/slow", get(slow))
        .route("/socket", any(socket))
        .route("/nothing", post(async || StatusCode::FORBIDDEN))
        .layer(map_request(|request| ready(linger(request))));
    let refuse = Router::new().fallback(async || (StatusCode::SERVICE_UNAVAILABLE, "full"));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = Server::new(&config, router, refuse, metrics.clone(), shutdown.clone());
    shutdown.spawn(server.run(listener));
    House { address, shutdown, metrics, go }
}

impl House {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Connects and waits until that is counted.
    async fn take(&self) -> TcpStream {
        let mut stream = self.connect().await;
        assert!(ask(&mut stream, "/").await.starts_with("HTTP/1.1 200"));
        stream
    }

    async fn until_open(&self, count: i64) {
        let end = Instant::now() + DEADLINE;
        while self.metrics.connections.get() != count {
            assert!(Instant::now() < end, "{} connections are open", self.metrics.connections.get());
            sleep(Duration::from_millis(5)).await;
        }
    }
}

/// Sends a request and reads an answer of one piece.
async fn ask(stream: &mut TcpStream, path: &str) -> String {
    say(stream, &format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n")).await;
    let mut answer = vec![0; 4_096];
    let read = timeout(DEADLINE, stream.read(&mut answer)).await.expect("no answer in time").unwrap();
    String::from_utf8_lossy(&answer[..read]).into_owned()
}

async fn say(stream: &mut TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).await.unwrap();
}

/// Everything up to the end of the connection.
async fn rest(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    timeout(DEADLINE, stream.read_to_string(&mut text)).await.expect("the connection stays open").unwrap();
    text
}

#[tokio::test]
async fn a_connection_that_asks_nothing_in_time_is_closed() {
    let house = house(|config| config.head_timeout_ms = Millis::new(200)).await;
    let mut silent = house.connect().await;
    let mut dripping = house.connect().await;
    say(&mut dripping, "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ").await;
    let drip = async {
        while dripping.write_all(b"x").await.is_ok() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(DEADLINE, drip).await.expect("a head that never ends is read for ever");
    assert_eq!(rest(&mut silent).await, "");
    let mut resting = house.take().await;
    assert_eq!(rest(&mut resting).await, "", "after an answer, too");
    house.until_open(0).await;
}

#[tokio::test]
async fn one_too_many_is_told_so_and_the_others_go_on() {
    let house = house(|config| config.max_connections = 2).await;
    let (mut first, second) = (house.take().await, house.take().await);
    let mut third = house.connect().await;
    let answer = ask(&mut third, "/").await;
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("connection: close"), "{answer}");
    assert_eq!(house.metrics.connections_refused.get(), 1);
    assert!(ask(&mut first, "/").await.ends_with("hello"));
    drop(second);
    house.until_open(1).await;
    let _third = house.take().await;
}

#[tokio::test]
async fn an_address_has_a_share_of_its_own() {
    let house = house(|config| config.max_connections_per_address = 1).await;
    let _first = house.take().await;
    assert!(ask(&mut house.connect().await, "/").await.starts_with("HTTP/1.1 503"));
    // All of 127.0.0.0/8 is this machine.
    let other = tokio::net::TcpSocket::new_v4().unwrap();
    other.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let mut other = other.connect(house.address).await.unwrap();
    assert!(ask(&mut other, "/").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_flood_of_connections_beyond_the_limit_is_closed_without_a_word() {
    let house = house(|config| config.max_connections = 1).await;
    let mut first = house.take().await;
    let mut flood = Vec::new();
    for _ in 0..REFUSALS + 8 {
        flood.push(house.connect().await);
    }
    let closed = async {
        let mut closed = 0;
        for stream in &mut flood {
            closed += usize::from(matches!(stream.read(&mut [0]).await, Ok(0) | Err(_)));
        }
        closed
    };
    assert_eq!(timeout(DEADLINE, closed).await.expect("some stay open"), REFUSALS + 8);
    assert!(ask(&mut first, "/").await.ends_with("hello"));
}

#[tokio::test]
async fn a_websocket_is_counted_as_long_as_it_lives() {
    let house = house(|_| ()).await;
    let mut stream = house.connect().await;
    let upgrade = "GET /socket HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\
                   Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    say(&mut stream, upgrade).await;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 101");
    // Long after HTTP has handed it over.
    sleep(Duration::from_millis(100)).await;
    assert_eq!(house.metrics.connections.get(), 1);
    drop(stream);
    house.until_open(0).await;
}

#[tokio::test]
async fn what_is_under_way_is_finished_and_what_rests_is_closed() {
    let house = house(|_| ()).await;
    let mut resting = house.take().await;
    let mut slow = house.connect().await;
    say(&mut slow, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await;
    house.until_open(2).await;
    // The request has arrived when its handler waits.
    sleep(Duration::from_millis(100)).await;
    house.shutdown.begin();
    assert_eq!(rest(&mut resting).await, "");
    house.go.notify_one();
    assert!(rest(&mut slow).await.ends_with("done"));
    assert_eq!(house.shutdown.finished().await, Ending::Clean);
    assert!(TcpStream::connect(house.address).await.is_err(), "it still accepts");
}

#[tokio::test]
async fn whoever_sends_what_is_refused_still_sees_the_answer() {
    let house = house(|_| ()).await;
    let mut client = house.connect().await;
    // More than lies in buffers: were the connection closed, it could not be sent.
    let body = vec![b'x'; 64 << 20];
    say(&mut client, &format!("POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", body.len())).await;
    timeout(DEADLINE, client.write_all(&body)).await.expect("the body is not read").unwrap();
    assert!(ask(&mut client, "/").await.starts_with("HTTP/1.1 403"));
    house.until_open(1).await;
}
