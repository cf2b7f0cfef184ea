//! Bad input, answered without any server behind the gateway: what gets past these answers `unavailable`.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod bench;
mod limits;
mod roles;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use serde_json::json;
use tower::ServiceExt as _;
use uuid::Uuid;

use self::bench::{bench, bench_with};
use super::*;
use crate::auth::{Claims, Role};

#[tokio::test]
async fn every_error_has_the_same_form_and_names_its_request() {
    let bench = bench().await;
    let request = Request::get("/nowhere").header("x-request-id", "mine-1").body(Body::empty()).unwrap();
    let answer = bench.send(request).await;
    assert_eq!((answer.status, answer.code()), (StatusCode::NOT_FOUND, "not_found"));
    assert_eq!(answer.json["error"]["request_id"], "mine-1");
    assert_eq!(answer.headers["x-request-id"], "mine-1");

    let forged = Request::get("/nowhere").header("x-request-id", "a b{}").body(Body::empty()).unwrap();
    let answer = bench.send(forged).await;
    assert_eq!(answer.json["error"]["request_id"], Uuid::from_u128(1).to_string());
    assert_eq!(answer.headers["x-request-id"], answer.json["error"]["request_id"].as_str().unwrap());

    let answer = bench.send(Request::put("/api/v1/runs").body(Body::empty()).unwrap()).await;
    assert_eq!((answer.status, answer.code()), (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"));
}

#[tokio::test]
async fn the_console_is_served_unless_it_is_not_wanted() {
    let bench = bench().await;
    let get = async |bench: &bench::Bench, path: &str, known: &str| {
        let request = Request::get(path).header("if-none-match", known).body(Body::empty()).unwrap();
        bench.router.clone().oneshot(request).await.unwrap()
    };
    for (path, media_type) in [
        ("/", "text/html; charset=utf-8"),
        ("/console.css", "text/css; charset=utf-8"),
        ("/icon.svg", "image/svg+xml"),
        ("/js/main.js", "text/javascript; charset=utf-8"),
        ("/sdk/index.js", "text/javascript; charset=utf-8"),
    ] {
        let page = get(&bench, path, "").await;
        assert_eq!((page.status(), &page.headers()["content-type"]), (StatusCode::OK, &media_type.parse().unwrap()));
        assert_eq!(page.headers()["x-content-type-options"], "nosniff");
        let policy = page.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self';") && !policy.contains("unsafe"), "{policy}");
        let etag = page.headers()["etag"].to_str().unwrap().to_owned();
        assert_eq!(get(&bench, path, &etag).await.status(), StatusCode::NOT_MODIFIED);
    }
    for nothing in
        ["/js/../index.html", "/js/none.js", "/sdk/%2e%2e/package.json", "/sdk/", "/README.md", "/index.html"]
    {
        assert_eq!(get(&bench, nothing, "").await.status(), StatusCode::NOT_FOUND, "{nothing}");
    }
    let without = bench_with(|config| config.gateway.console = false).await;
    assert_eq!(get(&without, "/", "").await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn who_asks_is_checked_first() {
    let bench = bench().await;
    let send = async |value: Option<String>| {
        let mut request = Request::post("/api/v1/runs").header("content-type", "application/json");
        if let Some(value) = value {
            request = request.header("authorization", value);
        }
        bench.send(request.body(Body::from("no json")).unwrap()).await
    };
    let member = bench.member();
    for bad in [
        None,
        Some(member.clone()),
        Some("Bearer".to_owned()),
        Some("Basic eDp5".to_owned()),
        Some(format!("Bearer {member}x")),
    ] {
        let answer = send(bad.clone()).await;
        assert_eq!((answer.status, answer.code()), (StatusCode::UNAUTHORIZED, "unauthenticated"), "{bad:?}");
        assert_eq!(answer.headers["www-authenticate"], "Bearer");
    }
    let old = Claims { exp: 1, ..bench.claims(&[Role::Member]) };
    let answer = send(Some(format!("Bearer {}", bench.token(&old)))).await;
    assert_eq!((answer.status, answer.code()), (StatusCode::UNAUTHORIZED, "token_expired"));
}

#[tokio::test]
async fn an_operator_needs_no_tenant_and_everybody_else_does() {
    let bench = bench().await;
    let nobodys = |role| bench.token(&Claims { tenant_id: None, ..bench.claims(&[role]) });
    let tenant = json!({"name": "Acme"}).to_string();
    let answer = bench.post_as("/api/v1/tenants", &nobodys(Role::Operator), tenant).await;
    assert_eq!((answer.status, answer.code()), (StatusCode::NOT_IMPLEMENTED, "not_configured"));
    let run = json!({"prompt": "hello"}).to_string();
    let answer = bench.post_as("/api/v1/runs", &nobodys(Role::Member), run).await;
    assert_eq!((answer.status, answer.code()), (StatusCode::FORBIDDEN, "forbidden"));
}

#[tokio::test]
async fn a_run_that_cannot_be_started_is_refused_field_by_field() {
    let bench = bench().await;
    let long = "x".repeat(bench.app.config.gateway.max_prompt_bytes + 1);
    for (body, field) in [
        (json!({}), "prompt"),
        (json!({"prompt": ""}), "prompt"),
        (json!({"prompt": " \n\t "}), "prompt"),
        (json!({"prompt": "a\u{0}b"}), "prompt"),
        (json!({"prompt": "a\u{1b}[31m"}), "prompt"),
        (json!({"prompt": long}), "prompt"),
        (json!({"prompt": 7}), "prompt"),
        (json!({"prompt": null}), "prompt"),
        (json!({"prompt": "a", "tenantId": "7"}), "tenantId"),
        (json!({"prompt": "a", "session_id": {}}), "session_id"),
        (json!({"prompt": "a", "workflow": "unheard"}), "workflow"),
        (json!({"prompt": "a", "workflow": "tool"}), "workflow"),
        (json!({"prompt": "a", "options": {"tools": ["rm"]}}), "options.tools"),
        (json!({"prompt": "a", "options": {"tools": "task_list"}}), "options.tools"),
        (json!({"prompt": "a", "options": {"critical": "yes"}}), "options.critical"),
        (json!({"prompt": "a", "surprise": 1}), "surprise"),
        (json!({"prompt": "a", "options": {"topK": 0}}), "options.top_k"),
        (json!({"prompt": "a", "options": {"topK": "six"}}), "options.topK"),
        (json!({"prompt": "a", "options": {"top_k": 1_000_000}}), "options.top_k"),
        (json!({"prompt": "a", "options": {"maxSteps": -1}}), "options.maxSteps"),
        (json!({"prompt": "a", "options": {"max_steps": 1.5}}), "options.max_steps"),
        (json!({"prompt": "a", "options": {"locale": "e"}}), "options.locale"),
        (json!({"prompt": "a", "options": {"locale": "../../etc"}}), "options.locale"),
        (json!({"prompt": "a", "options": 7}), "options"),
        (json!({"prompt": "a", "idempotencyKey": ""}), "idempotency_key"),
        (json!([]), ""),
        (json!([null, null, "a"]), ""),
        (json!("text"), ""),
    ] {
        let answer = bench.post("/api/v1/runs", body.to_string()).await;
        let found = (answer.status, answer.code(), answer.fields());
        assert_eq!(found.0, StatusCode::BAD_REQUEST, "{body} {found:?}");
        assert_eq!(found.1, "validation_failed", "{body}");
        assert!(found.2.iter().any(|found| found.starts_with(field)), "{body}: {found:?}");
    }
}

#[tokio::test]
async fn what_is_no_json_is_refused() {
    let bench = bench().await;
    for body in ["", "{", "{\"prompt\": \"a\"} x", "{\"prompt\": \"\\ud800\"}", "\u{0}", "nul"] {
        let answer = bench.post("/api/v1/runs", body).await;
        assert_eq!((answer.status, answer.code()), (StatusCode::BAD_REQUEST, "invalid_request"), "{body:?}");
    }
    let deep = "[".repeat(100_000);
    assert_eq!(bench.post("/api/v1/runs", deep).await.status, StatusCode::BAD_REQUEST);
    let form = Request::post("/api/v1/runs")
        .header("authorization", format!("Bearer {}", bench.member()))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from("prompt=a"))
        .unwrap();
    let answer = bench.send(form).await;
    assert_eq!((answer.status, answer.code()), (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type"));
}

#[tokio::test]
async fn a_body_may_name_nobody_but_the_tokens_own() {
    let bench = bench().await;
    for body in [
        json!({"prompt": "a", "tenantId": Uuid::from_u128(1)}),
        json!({"prompt": "a", "tenant_id": bench.tenant.id(), "user_id": Uuid::from_u128(1)}),
    ] {
        let answer = bench.post("/api/v1/runs", body.to_string()).await;
        assert_eq!((answer.status, answer.code()), (StatusCode::FORBIDDEN, "forbidden"), "{body}");
    }
}

#[tokio::test]
async fn malformed_ids_and_queries_are_refused() {
    let bench = bench().await;
    for path in [
        "/api/v1/runs/7",
        "/api/v1/runs/%00",
        "/api/v1/runs/0192f0c1-7d5e-7c3a-9b1e-2f6a4d8c0e1g",
        "/api/v1/artifacts/x",
        "/api/v1/knowledge/documents/x",
        "/api/v1/sessions/x",
        "/api/v1/tasks/x",
        "/api/v1/tasks?status=asleep",
        "/api/v1/runs?page=x",
        "/api/v1/runs?status=asleep",
        "/api/v1/runs?surprise=1",
        "/api/v1/artifacts?run_id=7",
    ] {
        let answer = bench.get(path).await;
        assert_eq!((answer.status, answer.code()), (StatusCode::BAD_REQUEST, "invalid_request"), "{path}");
    }
    for path in [
        "/api/v1/runs?page=0",
        "/api/v1/runs?limit=0",
        "/api/v1/runs?limit=101",
        "/api/v1/knowledge/documents?status=lost",
    ] {
        let answer = bench.get(path).await;
        assert_eq!((answer.status, answer.code()), (StatusCode::BAD_REQUEST, "validation_failed"), "{path}");
    }
}

#[tokio::test]
async fn a_plain_request_for_a_stream_is_told_so() {
    let bench = bench().await;
    let answer = bench.get(&format!("/api/v1/runs/{}/stream", Uuid::from_u128(1))).await;
    assert_eq!((answer.status, answer.code()), (StatusCode::UPGRADE_REQUIRED, "upgrade_required"));
}

#[tokio::test]
async fn servers_that_are_down_are_said_to_be() {
    let bench = bench().await;
    for answer in [
        bench.post("/api/v1/runs", json!({"prompt": "a"}).to_string()).await,
        bench.get(&format!("/api/v1/runs/{}", Uuid::from_u128(1))).await,
        bench.get("/api/v1/runs").await,
        bench.get("/api/v1/artifacts").await,
        bench.get("/api/v1/tasks").await,
        bench.post(&format!("/api/v1/runs/{}/pause", Uuid::from_u128(1)), "{}").await,
        bench.post("/api/v1/tools/execute", json!({"tool_name": "task_list", "params": {}}).to_string()).await,
        bench.post("/api/v1/sessions", "{}").await,
    ] {
        assert_eq!((answer.status, answer.code()), (StatusCode::SERVICE_UNAVAILABLE, "unavailable"), "{}", answer.json);
        assert!(answer.headers.contains_key("retry-after"));
    }
}

#[tokio::test]
async fn documents_that_cannot_be_taken_are_refused() {
    let bench = bench_with(|config| config.knowledge.max_document_bytes = 2_048).await;
    let path = "/api/v1/knowledge/documents";
    for (body, code) in [
        (json!({"text": "a"}), "validation_failed"),
        (json!({"text": "", "title": "t"}), "validation_failed"),
        (json!({"title": "t"}), "validation_failed"),
        (json!({"text": "a", "source": "s\u{0}"}), "validation_failed"),
        (json!({"text": "a", "title": "t".repeat(501)}), "validation_failed"),
        (json!({"text": "a", "source": "/"}), "validation_failed"),
        (json!({"text": "a", "source": " / /"}), "validation_failed"),
        (json!({"text": "a", "title": "t", "media_type": "image/png"}), "unsupported_media_type"),
        (json!({"text": "a".repeat(2_049), "title": "t"}), "payload_too_large"),
    ] {
        let answer = bench.post(path, body.to_string()).await;
        assert_eq!(answer.code(), code, "{body}");
        assert_eq!(answer.fields().is_empty(), code != "validation_failed", "{body}");
    }
    let form = |body: String| {
        Request::post(path)
            .header("authorization", format!("Bearer {}", bench.member()))
            .header("content-type", "multipart/form-data; boundary=X")
            .body(Body::from(body))
            .unwrap()
    };
    let part = |name: &str, file: &str, text: &str| {
        format!("--X\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{text}\r\n--X--\r\n")
    };
    for (body, code) in [
        (part("title", "", "t"), "validation_failed"),
        (part("surprise", "", "t"), "validation_failed"),
        (part("file", "; filename=\"a.exe\"", "MZ"), "unsupported_media_type"),
        (part("file", "; filename=\"a.md\"", ""), "validation_failed"),
        (part("file", "; filename=\"/\"", "a"), "validation_failed"),
        (part("file", &format!("; filename=\"{}.md\"", "a".repeat(2_000)), "a"), "validation_failed"),
        (part("file", "; filename=\"a.md\"", &"a".repeat(2_049)), "payload_too_large"),
        ("--X\r\nContent-Disposition: form-data; name=\"file\"".to_owned(), "invalid_request"),
        (String::new(), "invalid_request"),
    ] {
        let answer = bench.send(form(body.clone())).await;
        assert_eq!(answer.code(), code, "{body}");
        assert_eq!(answer.fields().is_empty(), code != "validation_failed", "{body}");
    }
}

#[tokio::test]
async fn a_handler_that_panics_is_a_fault_and_nothing_more() {
    let bench = bench().await;
    #[expect(clippy::panic, reason = "it is what is tested")]
    async fn fault() {
        panic!("secret words");
    }
    let router = Router::new()
        .route("/fault", axum::routing::get(fault))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(bench.app.clone(), observe));
    let request = Request::get("/fault").body(Body::empty()).unwrap();
    let response = router.oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    let text = String::from_utf8(body.to_vec()).unwrap();
    assert!(text.contains("\"internal\"") && !text.contains("secret"), "{text}");
}

#[tokio::test]
async fn the_api_describes_itself() {
    let bench = bench().await;
    let answer = bench.send(Request::get("/api/v1/openapi.json").body(Body::empty()).unwrap()).await;
    assert_eq!(answer.json["info"]["title"], "SBA");
    let docs = bench.send(Request::get("/docs/").body(Body::empty()).unwrap()).await;
    assert_eq!(docs.status, StatusCode::OK);
}

#[tokio::test]
async fn other_origins_are_let_in_only_by_name() {
    let ask = |origin: &str| Request::get("/api/v1/runs").header("origin", origin).body(Body::empty()).unwrap();
    let closed = bench().await.send(ask("https://a.example")).await;
    assert!(!closed.headers.contains_key("access-control-allow-origin"));
    let open = bench_with(|config| config.gateway.cors_origins = vec!["https://a.example".to_owned()]).await;
    let named = open.send(ask("https://a.example")).await;
    assert_eq!(named.headers["access-control-allow-origin"], "https://a.example");
    assert!(!open.send(ask("https://b.example")).await.headers.contains_key("access-control-allow-origin"));
}
