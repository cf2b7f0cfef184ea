//! What letting a request in costs: measured by a bench, in its own process, without a network between.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode, header},
    middleware,
    routing::get,
};
use sba_service::{clock::Clock, config::Config, heartbeat::ProcessKind, process::Base, shutdown::Shutdown};
use tokio::net::TcpListener;
use tower::ServiceExt as _;

use super::{GatewayError, open::open};
use crate::{
    app::App,
    auth::{Principal, guard},
    http::{Taking, admit},
};

/// The address of what is asked: as the router spells an operation that every role of a tenant may do, and as a client does.
const ROUTE: &str = "/api/v1/sessions/{session_id}";
const ADDRESS: &str = "/api/v1/sessions/0192f0c1-7d5e-7c3a-9b1e-2f6a4d8c0e11";

/// A gateway whose handlers do nothing, with and without what stands before them.
pub struct Admission {
    guarded: Router,
    bare: Router,
    app: App,
    base: Base,
}

/// A request was not let in.
#[derive(Debug, thiserror::Error)]
#[error("the request was answered {0}")]
pub struct NotLetIn(StatusCode);

impl Admission {
    /// Opens what a gateway of this configuration opens, and serves nothing.
    ///
    /// # Errors
    /// As [`run`](super::run).
    pub async fn open(config: Config, clock: Arc<dyn Clock>, shutdown: &Shutdown) -> Result<Self, GatewayError> {
        let address = "127.0.0.1:0".to_owned();
        let listener = TcpListener::bind(&address).await.map_err(|source| GatewayError::Listen { address, source })?;
        let base = Base::open(ProcessKind::Gateway, &config, clock, shutdown, Vec::new).await?;
        let app = open(config, &listener, &base, shutdown).await?;
        let taking = Taking::Whole(app.config.gateway.max_body_bytes);
        let guarded = Router::new()
            .route(ROUTE, get(let_in))
            .route_layer(middleware::from_fn_with_state((app.clone(), taking), admit))
            .route_layer(middleware::from_fn_with_state(app.clone(), guard))
            .with_state(app.clone());
        let bare = Router::new().route(ROUTE, get(|| async { StatusCode::NO_CONTENT }));
        Ok(Self { guarded, bare, app, base })
    }

    /// The time from a request with this token or key to its answer: who asks, what they may, whether there is room, and which
    /// tenant it is.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn guarded(&self, token: &str) -> Result<Duration, NotLetIn> {
        let request = Request::get(ADDRESS).header(header::AUTHORIZATION, format!("Bearer {token}"));
        timed(&self.guarded, request).await
    }

    /// The time of the same request where nothing of that is asked.
    ///
    /// # Errors
    /// As [`guarded`](Self::guarded).
    pub async fn bare(&self) -> Result<Duration, NotLetIn> {
        timed(&self.bare, Request::get(ADDRESS)).await
    }

    /// Ends the connections that were opened.
    pub async fn close(self) {
        self.base.close().await;
        self.app.store.close().await;
    }
}

impl std::fmt::Debug for Admission {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Admission").field("app", &self.app).finish_non_exhaustive()
    }
}

async fn let_in(_: Principal) -> StatusCode {
    StatusCode::NO_CONTENT
}

async fn timed(router: &Router, request: axum::http::request::Builder) -> Result<Duration, NotLetIn> {
    let request = request.body(Body::empty()).map_err(|_| NotLetIn(StatusCode::BAD_REQUEST))?;
    let router = router.clone();
    let begun = Instant::now();
    let Ok(response) = router.oneshot(request).await;
    let took = begun.elapsed();
    if response.status() == StatusCode::NO_CONTENT { Ok(took) } else { Err(NotLetIn(response.status())) }
}
