//! What is too large, too slow or too much is refused, and is in nobody else's way.

use std::time::Duration;

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use sba_service::config::{Config, Millis};
use sba_subjects::id::TenantKey;
use serde_json::json;
use tower::ServiceExt as _;

use super::bench::{bench, bench_with};
use crate::auth::{Claims, Role};

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_announced_or_not() {
    let bench = bench().await;
    let huge = json!({"prompt": "x".repeat(10 << 20)}).to_string();
    let announced = Request::post("/api/v1/runs")
        .header("authorization", format!("Bearer {}", bench.member()))
        .header("content-type", "application/json")
        .header("content-length", huge.len())
        .body(Body::from(huge.clone()))
        .unwrap();
    let answer = bench.send(announced).await;
    assert_eq!((answer.status, answer.code()), (StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large"));
    let pieces =
        huge.into_bytes().chunks(64 * 1024).map(|piece| Ok::<_, std::io::Error>(piece.to_vec())).collect::<Vec<_>>();
    let answer = bench.post("/api/v1/runs", Body::from_stream(futures::stream::iter(pieces))).await;
    assert_eq!((answer.status, answer.code()), (StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large"));
}

#[tokio::test]
async fn a_gateway_with_enough_to_do_says_so() {
    let bench = bench_with(|config| config.gateway.max_requests = 1).await;
    let _taken = bench.app.requests.place().unwrap();
    let answer = bench.get("/api/v1/runs").await;
    assert_eq!((answer.status, answer.code()), (StatusCode::SERVICE_UNAVAILABLE, "overloaded"));
    let answer = bench.send(Request::get("/healthz").body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::OK);
}

/// A request whose body never comes.
fn silent(path: &str, token: &str) -> Request<Body> {
    let request = Request::post(path).header("authorization", format!("Bearer {token}"));
    let body = Body::from_stream(futures::stream::pending::<Result<Vec<u8>, std::io::Error>>());
    request.header("content-type", "application/json").body(body).unwrap()
}

#[tokio::test]
async fn a_tenant_with_slow_clients_is_in_nobodys_way_but_its_own() {
    for (path, change) in [
        (
            "/api/v1/runs",
            (|config: &mut Config| {
                (config.gateway.max_requests, config.gateway.max_requests_per_tenant) = (2, 2);
            }) as fn(&mut Config),
        ),
        ("/api/v1/knowledge/documents", |config| {
            (config.gateway.max_uploads, config.gateway.max_uploads_per_tenant) = (3, 2);
        }),
    ] {
        let bench = bench_with(change).await;
        let member = bench.member();
        let slow = || tokio::spawn(bench.router.clone().oneshot(silent(path, &member)));
        let slow = [slow(), slow()];
        let body = json!({"prompt": "a", "title": "t", "text": "a"});
        let full = async {
            loop {
                let answer = bench.post(path, body.to_string()).await;
                if answer.status == StatusCode::TOO_MANY_REQUESTS {
                    return answer;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let answer = tokio::time::timeout(Duration::from_secs(10), full).await.expect("there is no end to it");
        assert_eq!(answer.code(), "rate_limited", "{path}");
        assert!(answer.headers.contains_key("retry-after"));

        let neighbour: TenantKey = nkeys::KeyPair::new_account().public_key().parse().unwrap();
        bench.app.tenants.remember(neighbour.clone()).await;
        let theirs = Claims { tenant_id: Some(neighbour.id()), ..bench.claims(&[Role::Member]) };
        let answer = bench.post_as(path, &bench.token(&theirs), body.to_string()).await;
        assert!(!["overloaded", "rate_limited"].contains(&answer.code()), "{path}: {}", answer.json);
        slow.iter().for_each(tokio::task::JoinHandle::abort);
    }
}

#[tokio::test]
async fn a_body_that_comes_too_slowly_is_not_waited_for() {
    let bench = bench_with(|config| config.gateway.body_timeout_ms = Millis::new(100)).await;
    for path in ["/api/v1/runs", "/api/v1/knowledge/documents"] {
        let answer = bench.send(silent(path, &bench.member())).await;
        assert_eq!((answer.status, answer.code()), (StatusCode::REQUEST_TIMEOUT, "body_too_slow"), "{path}");
        let mut form = silent(path, &bench.member());
        form.headers_mut().insert("content-type", "multipart/form-data; boundary=X".parse().unwrap());
        let code = bench.send(form).await;
        assert_eq!(code.code(), "body_too_slow", "{path}");
    }
    let _share = bench.app.requests.share(Some(bench.tenant.id())).unwrap();
    assert_eq!(bench.send(silent("/api/v1/runs", "nobody")).await.code(), "unauthenticated", "and not read at all");
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused_in_the_form_of_all_errors() {
    let bench = bench().await;
    let huge = "x".repeat(bench.app.config.gateway.max_head_bytes);
    for request in [Request::get("/api/v1/runs").header("x-huge", &huge), Request::get(format!("/{huge}"))] {
        let answer = bench.send(request.body(Body::empty()).unwrap()).await;
        let found = (answer.status, answer.code());
        assert_eq!(found, (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "head_too_large"));
        assert!(answer.json["error"]["request_id"].is_string());
    }
}
