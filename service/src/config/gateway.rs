//! `[gateway]`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Millis, findings::Findings};

/// Most entries on a page that a list is read with.
pub const MAX_PAGE_SIZE: u32 = 100;

/// The HTTP and WebSocket side.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GatewayConfig {
    /// Address and port to listen on; port 0 takes a free one.
    pub listen: String,
    /// Address under which clients reach this gateway, for links in answers. Unset: the one it listens on.
    pub public_url: Option<String>,
    /// Whether the console is served at `/`.
    pub console: bool,
    /// Origins of browser pages that may call the API; `*` means any.
    pub cors_origins: Vec<String>,
    /// Origins of browser pages that may open a WebSocket, besides those of the host that they talk to; `*` means any.
    pub allowed_origins: Vec<String>,
    /// Connections that are open at the same time, those of viewers included; the next is answered with 503 and closed.
    pub max_connections: usize,
    /// As many from one address, or from one /64 network of IPv6. Behind a proxy, all have the proxy's.
    pub max_connections_per_address: usize,
    /// Longest time from the opening of a connection, or from an answer, to the end of the next request's head, in
    /// milliseconds; a connection that takes longer is closed.
    pub head_timeout_ms: Millis,
    /// Largest head of a request, address and headers together, in bytes.
    pub max_head_bytes: usize,
    /// How far a client may be behind `body_bytes_per_second` with the body of a request, in milliseconds; also the longest
    /// silence. One that is further behind is refused with 408.
    pub body_timeout_ms: Millis,
    /// The pace at which a body must come on the whole, in bytes per second.
    pub body_bytes_per_second: u32,
    /// Longest time for a request other than an upload or a stream, in milliseconds.
    pub request_timeout_ms: Millis,
    /// Requests that are worked on at the same time; more are refused with 503.
    pub max_requests: usize,
    /// Requests of one tenant that are under way at the same time, those whose body still comes included; more are refused
    /// with 429.
    pub max_requests_per_tenant: usize,
    /// Largest body of a JSON request, in bytes.
    pub max_body_bytes: usize,
    /// Largest prompt, in bytes of UTF-8.
    pub max_prompt_bytes: usize,
    /// Uploads of documents that are taken at the same time; more are refused with 503.
    pub max_uploads: usize,
    /// As many of one tenant; more are refused with 429.
    pub max_uploads_per_tenant: usize,
    /// Longest time for one upload, in milliseconds.
    pub upload_timeout_ms: Millis,
    /// Largest number of entries on one page of a list.
    pub max_page_size: u32,
    /// Schedules that a tenant may have; more are refused with 409.
    pub max_schedules_per_tenant: u32,
    /// Least time between two moments of a schedule, in seconds.
    pub min_schedule_seconds: u32,
    /// Hours for which an idempotency key answers with what it made the first time.
    pub idempotency_hours: u32,
    /// Viewers of this process, by WebSocket, server-sent events or polling; more are refused with 503.
    pub max_viewers: usize,
    /// As many of one tenant; more are refused with 429.
    pub max_viewers_per_tenant: usize,
    /// Longest time for which a viewer that polls waits for an event, in milliseconds.
    pub max_poll_wait_ms: Millis,
    /// Events of a watched run that are kept in memory for viewers that join or lag.
    pub ring_events: usize,
    /// Most bytes of these events as they are stored, for one run; each subprotocol that is in use takes about as much again.
    pub ring_bytes: usize,
    /// Most bytes of these events, for all watched runs together; viewers that lag behind them read the log.
    pub rings_bytes: usize,
    /// Seconds that a session lasts when the client names no number.
    pub session_ttl_seconds: u64,
    /// Most seconds that a client may ask a session to last.
    pub session_max_ttl_seconds: u64,
    /// Largest message that a client may send on a WebSocket, in bytes.
    pub max_message_bytes: usize,
    /// Time between pings to a WebSocket client; one that misses two is disconnected. In milliseconds.
    pub ws_ping_interval_ms: Millis,
    /// Longest time that a write to a slow viewer may take before it is disconnected, in milliseconds.
    pub ws_write_timeout_ms: Millis,
    /// Longest time from the opening of a WebSocket to its first message, where that must bring the token. In milliseconds.
    pub ws_auth_timeout_ms: Millis,
    /// How long before the end of its token a WebSocket client is told of it, in milliseconds.
    pub ws_renewal_notice_ms: Millis,
    /// Messages that a WebSocket client may send in a second; five times as many may come at once. What is more is refused;
    /// a client that sends more than twice as many is disconnected.
    pub ws_messages_per_second: u32,
    /// Messages of one WebSocket client that are worked on at the same time; while there are as many, no more are read.
    pub ws_commands_in_hand: usize,
    /// Whether messages on WebSockets are compressed for clients that offer it.
    pub ws_deflate: bool,
    /// Runs that one WebSocket of a session shows at the same time; more are refused.
    pub max_subscriptions: usize,
    /// Time after which a quiet watched run is compared with its log, in milliseconds.
    pub verify_interval_ms: Millis,
}

impl Default for GatewayConfig {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".to_owned(),
            public_url: None,
            console: true,
            cors_origins: Vec::new(),
            allowed_origins: Vec::new(),
            max_connections: 16_384,
            max_connections_per_address: 4_096,
            head_timeout_ms: Millis::new(30_000),
            max_head_bytes: 16 * 1024,
            body_timeout_ms: Millis::new(10_000),
            body_bytes_per_second: 4_096,
            request_timeout_ms: Millis::new(30_000),
            max_requests: 1_024,
            max_requests_per_tenant: 512,
            max_body_bytes: 256 * 1024,
            max_prompt_bytes: 64 * 1024,
            max_uploads: 8,
            max_uploads_per_tenant: 4,
            upload_timeout_ms: Millis::new(120_000),
            max_page_size: 100,
            max_schedules_per_tenant: 100,
            min_schedule_seconds: 60,
            idempotency_hours: 24,
            max_viewers: 10_000,
            max_viewers_per_tenant: 5_000,
            max_poll_wait_ms: Millis::new(20_000),
            ring_events: 1_024,
            ring_bytes: 4 << 20,
            rings_bytes: 256 << 20,
            session_ttl_seconds: 8 * 3_600,
            session_max_ttl_seconds: 7 * 86_400,
            max_message_bytes: 64 * 1024,
            ws_ping_interval_ms: Millis::new(20_000),
            ws_write_timeout_ms: Millis::new(10_000),
            ws_auth_timeout_ms: Millis::new(10_000),
            ws_renewal_notice_ms: Millis::new(60_000),
            ws_messages_per_second: 20,
            ws_commands_in_hand: 16,
            ws_deflate: true,
            max_subscriptions: 256,
            verify_interval_ms: Millis::new(1_000),
        }
    }
}

impl GatewayConfig {
    pub(super) fn check(&self, mut to: Findings<'_>) {
        to.socket("listen", &self.listen);
        if let Some(url) = &self.public_url {
            to.scheme("public_url", url, &["http://", "https://"]);
        }
        for origin in self.cors_origins.iter().filter(|origin| *origin != "*") {
            to.scheme("cors_origins", origin, &["http://", "https://"]);
        }
        for origin in self.allowed_origins.iter().filter(|origin| *origin != "*") {
            to.scheme("allowed_origins", origin, &["http://", "https://"]);
        }
        to.range("max_connections", self.max_connections, 1..=1_000_000);
        to.range("max_connections_per_address", self.max_connections_per_address, 1..=1_000_000);
        to.range("head_timeout_ms", self.head_timeout_ms.get(), 100..=600_000);
        to.range("max_head_bytes", self.max_head_bytes, 4_096..=1 << 20);
        to.range("body_timeout_ms", self.body_timeout_ms.get(), 100..=600_000);
        to.range("body_bytes_per_second", self.body_bytes_per_second, 1..=1 << 30);
        to.range("request_timeout_ms", self.request_timeout_ms.get(), 100..=600_000);
        to.range("max_requests", self.max_requests, 1..=1_000_000);
        to.range("max_requests_per_tenant", self.max_requests_per_tenant, 1..=1_000_000);
        to.range("max_body_bytes", self.max_body_bytes, 1_024..=64 << 20);
        // A prompt travels in one message with the rest of the request.
        to.range("max_prompt_bytes", self.max_prompt_bytes, 1..=512 * 1024);
        to.require(
            "max_prompt_bytes",
            self.max_prompt_bytes < self.max_body_bytes,
            "must be smaller than max_body_bytes, which carries the prompt",
        );
        to.range("max_uploads", self.max_uploads, 1..=1_024);
        to.range("max_uploads_per_tenant", self.max_uploads_per_tenant, 1..=1_024);
        to.range("upload_timeout_ms", self.upload_timeout_ms.get(), 1_000..=3_600_000);
        to.range("max_page_size", self.max_page_size, 1..=MAX_PAGE_SIZE);
        to.range("max_schedules_per_tenant", self.max_schedules_per_tenant, 1..=100_000);
        to.range("min_schedule_seconds", self.min_schedule_seconds, 1..=86_400);
        to.range("idempotency_hours", self.idempotency_hours, 1..=720);
        to.range("max_viewers", self.max_viewers, 1..=1_000_000);
        to.range("max_viewers_per_tenant", self.max_viewers_per_tenant, 1..=1_000_000);
        to.range("max_poll_wait_ms", self.max_poll_wait_ms.get(), 0..=600_000);
        to.range("ring_events", self.ring_events, 16..=1_048_576);
        to.range("ring_bytes", self.ring_bytes, 1_024..=1 << 30);
        to.range("rings_bytes", self.rings_bytes, self.ring_bytes..=1 << 40);
        to.range("session_max_ttl_seconds", self.session_max_ttl_seconds, 60..=31_536_000);
        to.range("session_ttl_seconds", self.session_ttl_seconds, 60..=self.session_max_ttl_seconds.max(60));
        to.range("max_message_bytes", self.max_message_bytes, 1_024..=16 << 20);
        to.range("ws_ping_interval_ms", self.ws_ping_interval_ms.get(), 100..=600_000);
        to.range("ws_write_timeout_ms", self.ws_write_timeout_ms.get(), 100..=600_000);
        to.range("ws_auth_timeout_ms", self.ws_auth_timeout_ms.get(), 100..=600_000);
        to.range("ws_renewal_notice_ms", self.ws_renewal_notice_ms.get(), 0..=3_600_000);
        to.range("ws_messages_per_second", self.ws_messages_per_second, 1..=1_000_000);
        to.range("ws_commands_in_hand", self.ws_commands_in_hand, 1..=1_024);
        to.range("max_subscriptions", self.max_subscriptions, 1..=65_536);
        to.range("verify_interval_ms", self.verify_interval_ms.get(), 50..=60_000);
    }
}
