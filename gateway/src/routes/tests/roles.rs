//! Who may do what, asked of every operation that the API describes.

use axum::body::Body;
use futures::future::join_all;
use serde_json::Value;
use uuid::Uuid;

use super::{
    bench::{Bench, bench},
    *,
};
use crate::{
    api::openapi,
    auth::{Operation, Role},
};

/// A request to an operation, with nothing that it could be done with.
fn empty(method: &str, path: &str) -> axum::http::request::Builder {
    let id = Uuid::from_u128(1).to_string();
    let address: Vec<&str> = path.split('/').map(|part| if part.starts_with('{') { &id } else { part }).collect();
    Request::builder().method(method).uri(address.join("/")).header("content-type", "application/json")
}

/// The code with which somebody who may be this is answered.
async fn answered(bench: &Bench, method: &str, path: &str, token: Option<&str>) -> String {
    let mut request = empty(method, path);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    bench.send(request.body(Body::from("{}")).unwrap()).await.code().to_owned()
}

#[tokio::test]
async fn every_operation_is_for_those_roles_that_the_table_names() {
    let bench = bench().await;
    let document = serde_json::to_value(openapi::document()).unwrap();
    let mut asked = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, described) in operations.as_object().unwrap() {
            asked.push(ask_as_everybody(&bench, method.to_uppercase(), path, described));
        }
    }
    let rows = Operation::ALL.iter().filter(|operation| operation.is_of_http());
    assert_eq!(join_all(asked).await.len(), rows.count(), "a row of the table is no operation of the API");
}

/// Asks an operation as each role, as nobody in particular, and without a word of who asks.
async fn ask_as_everybody(bench: &Bench, method: String, path: &str, described: &Value) {
    let operation = Operation::find(&method.parse().unwrap(), path);
    assert!(operation.is_some(), "{method} {path} has no row in auth/operation.rs");
    let operation = operation.unwrap();
    for role in Role::ALL {
        let token = bench.token(&bench.claims(&[*role]));
        let code = answered(bench, &method, path, Some(&token)).await;
        let described = described["x-roles"].as_array().unwrap().contains(&Value::from(role.as_str()));
        assert_eq!(code != "forbidden", operation.allows(*role), "{role} {method} {path}: {code}");
        assert_eq!(described, operation.allows(*role), "{role} {method} {path} in the description");
        assert_ne!(code, "internal", "{role} {method} {path}");
    }
    let nobody = bench.token(&bench.claims(&[]));
    assert_eq!(answered(bench, &method, path, Some(&nobody)).await, "forbidden", "{method} {path}");
    let strangers = answered(bench, &method, path, None).await;
    let expected = if operation.hears_who_asks() { "upgrade_required" } else { "unauthenticated" };
    assert_eq!(strangers, expected, "{method} {path}");
}

#[tokio::test]
async fn what_is_refused_is_refused_before_it_is_read() {
    let bench = bench().await;
    let viewer = bench.token(&bench.claims(&[Role::Viewer]));
    assert_eq!(bench.post_as("/api/v1/runs", &viewer, "no json").await.code(), "forbidden");
    assert_eq!(bench.post_as("/api/v1/runs/7/cancel", &viewer, "{}").await.code(), "forbidden");
}
