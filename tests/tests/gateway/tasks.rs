//! Tasks over REST.

use reqwest::Method;
use sba_gateway::auth::Role;
use serde_json::{Value, json};
use uuid::Uuid;

use super::support::{House, answer, house};

async fn create(house: &House, body: &Value) -> Value {
    let (status, task) = house.post("/tasks", body).await;
    assert_eq!(status, 201, "{task}");
    task
}

async fn patch(house: &House, task: &Value, body: &Value) -> (u16, Value) {
    let path = format!("/tasks/{}", task["task_id"].as_str().unwrap());
    let (status, body) = answer(house.request(Method::PATCH, &path, &house.member()).json(body)).await;
    (status.as_u16(), body)
}

#[tokio::test]
async fn a_task_is_created_seen_changed_and_completed() {
    let house = house().await;
    let body = json!({"title": "Pay", "assignee": Uuid::from_u128(8), "dueAt": "2030-01-31T14:00:00+02:00"});
    let response = house.request(Method::POST, "/tasks", &house.member()).json(&body).send().await.unwrap();
    assert_eq!(response.status(), 201);
    let location = response.headers()["location"].to_str().unwrap().to_owned();
    let task: Value = response.json().await.unwrap();
    assert_eq!((&task["status"], &task["due_at"]), (&json!("open"), &json!("2030-01-31T12:00:00Z")));
    assert_eq!((&task["created_by"], &task["run_id"]), (&json!(Uuid::from_u128(7)), &Value::Null));
    assert_eq!(house.get(location.strip_prefix("/api/v1").unwrap()).await.1, task);

    let (status, changed) = patch(&house, &task, &json!({"status": "in_progress", "assignee": null})).await;
    assert_eq!((status, &changed["status"], &changed["assignee"]), (200, &json!("in_progress"), &Value::Null));
    assert_eq!((&changed["title"], &changed["due_at"]), (&task["title"], &task["due_at"]));
    let path = format!("/tasks/{}/complete", task["task_id"].as_str().unwrap());
    let complete = async || answer(house.request(Method::POST, &path, &house.member())).await;
    let (status, done) = complete().await;
    assert_eq!((status.as_u16(), &done["status"]), (200, &json!("completed")));
    assert!(done["completed_at"].is_string());
    assert_eq!(complete().await.1, done, "again changes nothing");
}

#[tokio::test]
async fn the_same_key_makes_one_task() {
    let house = house().await;
    let first = create(&house, &json!({"title": "Pay", "idempotency_key": "k"})).await;
    assert_eq!(create(&house, &json!({"title": "Pay", "idempotency_key": "k"})).await, first);
    let (status, body) = house.post("/tasks", &json!({"title": "Other", "idempotency_key": "k"})).await;
    assert_eq!((status.as_u16(), &body["error"]["code"]), (409, &json!("idempotency_conflict")));
    create(&house, &json!({"title": "Pay"})).await;
    assert_eq!(house.get("/tasks").await.1["meta"]["total"], 2);
}

#[tokio::test]
async fn tasks_are_listed_by_status_and_in_pages() {
    let house = house().await;
    for title in ["a", "b", "c"] {
        create(&house, &json!({"title": title})).await;
    }
    let newest = house.get("/tasks?limit=2").await.1;
    assert_eq!((&newest["data"][0]["title"], &newest["meta"]["has_next"]), (&json!("c"), &json!(true)));
    patch(&house, &newest["data"][0], &json!({"status": "completed"})).await;
    let open = house.get("/tasks?status=open").await.1;
    assert_eq!((&open["data"][0]["title"], &open["meta"]["total"]), (&json!("b"), &json!(2)));
    for (path, code) in [("/tasks?status=lost", "invalid_request"), ("/tasks?limit=0", "validation_failed")] {
        let (status, body) = house.get(path).await;
        assert_eq!((status.as_u16(), &body["error"]["code"]), (400, &json!(code)), "{path}");
    }
}

#[tokio::test]
async fn another_tenants_task_is_no_task_and_a_viewer_changes_none() {
    let house = house().await;
    let task = create(&house, &json!({"title": "secret"})).await;
    let path = format!("/tasks/{}", task["task_id"].as_str().unwrap());
    let stranger = house.token(&house.neighbour().await, 7, &[Role::TenantAdmin]);
    let viewer = house.token(&house.tenant, 7, &[Role::Viewer]);
    for (token, read, write) in [(&stranger, 404, 404), (&viewer, 200, 403)] {
        assert_eq!(answer(house.request(Method::GET, &path, token)).await.0, read);
        let change = house.request(Method::PATCH, &path, token).json(&json!({"title": "mine"}));
        assert_eq!(answer(change).await.0, write);
        assert_eq!(answer(house.request(Method::POST, &format!("{path}/complete"), token)).await.0, write);
    }
    let create = house.request(Method::POST, "/tasks", &viewer).json(&json!({"title": "a"}));
    assert_eq!(answer(create).await.0, 403);
    assert_eq!(answer(house.request(Method::GET, "/tasks", &stranger)).await.1["meta"]["total"], 0);
    assert_eq!(house.get(&path).await.1, task);
}

#[tokio::test]
async fn what_no_task_can_be_is_refused_field_by_field() {
    let house = house().await;
    let task = create(&house, &json!({"title": "a"})).await;
    for (body, field) in [
        (json!({"title": ""}), "title"),
        (json!({"title": " "}), "title"),
        (json!({"title": "a\nb"}), "title"),
        (json!({"title": "x".repeat(201)}), "title"),
        (json!({"title": "a", "description": "x".repeat(10_001)}), "description"),
        (json!({"title": "a", "description": "\u{0}"}), "description"),
        (json!({"title": "a", "due_at": "soon"}), "due_at"),
        (json!({"title": "a", "assignee": "me"}), "assignee"),
        (json!({"title": "a", "surprise": 1}), "surprise"),
    ] {
        for (status, answer) in [
            house.post("/tasks", &body).await,
            answer(
                house
                    .request(Method::PATCH, &format!("/tasks/{}", task["task_id"].as_str().unwrap()), &house.member())
                    .json(&body),
            )
            .await,
        ] {
            assert_eq!((status.as_u16(), &answer["error"]["code"]), (400, &json!("validation_failed")), "{body}");
            assert_eq!(answer["error"]["details"][0]["field"], json!(field), "{body}");
        }
    }
    assert_eq!(patch(&house, &task, &json!({"status": "lost"})).await.0, 400);
    assert_eq!(patch(&house, &json!({"task_id": Uuid::nil()}), &json!({"title": "a"})).await.0, 404);
}
