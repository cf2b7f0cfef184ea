//! Requests that are refused.

use std::time::{SystemTime, UNIX_EPOCH};

use reqwest::{Method, header};
use sba_gateway::auth::{Claims, Role, mint};
use sba_subjects::id::UserId;
use sba_tests::api::{User, code};
use serde_json::json;
use uuid::Uuid;

use super::Scene;

pub(crate) async fn bodies_that_cannot_be_used(scene: &Scene) {
    let runs = scene.at("runs");
    let cases = [
        (json!({"prompt": ""}), 400, "validation_failed"),
        (json!({"prompt": " \n\t "}), 400, "validation_failed"),
        (json!({}), 400, "validation_failed"),
        (json!({"prompt": 5}), 400, "validation_failed"),
        (json!({"prompt": "a", "options": {"top_k": "many"}}), 400, "validation_failed"),
        (json!({"prompt": "a", "promt": "b"}), 400, "validation_failed"),
        (json!({"prompt": "a", "session_id": "no-uuid"}), 400, "validation_failed"),
        (json!(["prompt"]), 400, "validation_failed"),
        (json!({"prompt": "x".repeat(100_000)}), 400, "validation_failed"),
        (json!({"prompt": "x".repeat(10_000_000)}), 413, "payload_too_large"),
    ];
    for (body, status, expected) in cases {
        let shown: String = body.to_string().chars().take(60).collect();
        let (answered, refusal) = scene.user.post(&runs, &body).await.unwrap();
        assert_eq!((answered, code(&refusal)), (status, expected), "{shown}: {refusal}");
        assert!(refusal["error"]["request_id"].as_str().is_some_and(|id| !id.is_empty()), "{refusal}");
        assert!(refusal.to_string().len() < 2_000, "a refusal does not repeat what was sent");
    }
    let broken = scene.user.request(Method::POST, &runs).header(header::CONTENT_TYPE, "application/json");
    let (status, refusal) = scene.user.send(broken.body("{\"prompt\": ")).await.unwrap();
    assert_eq!((status, code(&refusal)), (400, "invalid_request"), "{refusal}");
    for path in ["runs/no-uuid", "artifacts/1", "knowledge/documents/..%2f..", "sessions/%00", "runs?page=many"] {
        let (status, refusal) = scene.user.get(&scene.at(path)).await.unwrap();
        assert_eq!((status, code(&refusal)), (400, "invalid_request"), "{path}: {refusal}");
    }
    assert_eq!(scene.user.get(&runs).await.unwrap().1["meta"]["total"], 0, "nothing of it was stored");
}

pub(crate) async fn tokens_that_do_not_hold(scene: &Scene) {
    let key = std::fs::read(scene.stack.config().with_file_name("issuer.pem")).unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let good = Claims {
        iss: "sba".to_owned(),
        aud: "sba".to_owned(),
        iat: now - 7_200,
        exp: now + 600,
        tenant_id: Some(scene.user.tenant),
        user_id: UserId::from_uuid(Uuid::from_u128(7)),
        roles: vec![Role::Member],
    };
    let sign = |claims: &Claims| mint(&key, claims).unwrap();
    let whole = sign(&good);
    assert_eq!(scene.user.showing(&whole).get(&scene.at("runs")).await.unwrap().0, 200);
    let (front, signature) = whole.rsplit_once('.').unwrap();
    let altered: String = signature.chars().rev().collect();
    let cases = [
        (sign(&Claims { exp: now - 3_600, ..good.clone() }), "token_expired"),
        (sign(&Claims { aud: "others".to_owned(), ..good.clone() }), "unauthenticated"),
        (format!("{front}.{altered}"), "unauthenticated"),
        (format!("{front}."), "unauthenticated"),
        ("no-token".to_owned(), "unauthenticated"),
        (String::new(), "unauthenticated"),
    ];
    for (token, expected) in cases {
        let user = scene.user.showing(token.as_str());
        let (status, refusal) = user.get(&scene.at("runs")).await.unwrap();
        assert_eq!((status, code(&refusal)), (401, expected), "{token}: {refusal}");
        let refused = user.refused_to_watch(&scene.url, &Uuid::from_u128(1).to_string()).await.unwrap();
        assert_eq!(refused, Some((401, expected.to_owned())), "{token}");
    }
}

pub(crate) async fn runs_of_another_tenant(scene: &Scene) {
    let (_, started) = scene.user.post(&scene.at("runs"), &json!({"prompt": "When are invoices due?"})).await.unwrap();
    let run = started["run_id"].as_str().unwrap();
    let stranger = User::new(&scene.stack, "Curious").await.unwrap();
    let (status, theirs) = stranger.get(&scene.at(&format!("runs/{run}"))).await.unwrap();
    let (_, nobodys) = stranger.get(&scene.at(&format!("runs/{}", Uuid::from_u128(1)))).await.unwrap();
    assert_eq!((status, code(&theirs)), (404, "not_found"));
    assert_eq!(theirs["error"]["message"], nobodys["error"]["message"], "it looks as if it did not exist");
    assert_eq!(stranger.refused_to_watch(&scene.url, run).await.unwrap(), Some((404, "not_found".to_owned())));
}
