//! Schedules over REST. Nobody starts anything here.

use reqwest::Method;
use sba_gateway::auth::Role;
use sba_subjects::{
    codec,
    id::{ScheduleId, TenantKey},
    schedule::Wake,
    stream::Stream,
    subject::Subject,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::support::{House, answer, house, house_with};

fn daily() -> Value {
    json!({"name": "Daily", "when": {"cron": "0 7 * * *", "timeZone": "europe/berlin"}, "run": {"prompt": "What is new?"}})
}

async fn create(house: &House, body: &Value) -> Value {
    let (status, schedule) = house.post("/schedules", body).await;
    assert_eq!(status, 201, "{schedule}");
    schedule
}

fn path(schedule: &Value) -> String {
    format!("/schedules/{}", schedule["schedule_id"].as_str().unwrap())
}

async fn refused(house: &House, method: Method, path: &str, token: &str) -> (u16, String) {
    let (status, body) = answer(house.request(method, path, token)).await;
    (status.as_u16(), body["error"]["code"].as_str().unwrap_or_default().to_owned())
}

/// What wakes a schedule.
async fn wake(house: &House, tenant: &TenantKey, schedule: &Value) -> Option<Wake> {
    let schedule: ScheduleId = schedule["schedule_id"].as_str().unwrap().parse().unwrap();
    let subject = Subject::Schedule { tenant: tenant.clone(), schedule }.to_string();
    let timers = house.jetstream.get_stream(Stream::Timers.as_str()).await.unwrap();
    let message = timers.get_last_raw_message_by_subject(&subject).await.ok()?;
    Some(codec::decode(&message.payload).unwrap())
}

fn millis(time: &Value) -> u64 {
    let at = time::OffsetDateTime::parse(time.as_str().unwrap(), &time::format_description::well_known::Rfc3339);
    u64::try_from(at.unwrap().unix_timestamp()).unwrap() * 1_000
}

#[tokio::test]
async fn a_schedule_is_made_seen_held_and_deleted() {
    let house = house().await;
    let response = house.request(Method::POST, "/schedules", &house.member()).json(&daily()).send().await.unwrap();
    assert_eq!(response.status(), 201);
    let location = response.headers()["location"].to_str().unwrap().to_owned();
    let made: Value = response.json().await.unwrap();
    assert_eq!(location, format!("/api/v1{}", path(&made)));
    assert_eq!(house.get(&path(&made)).await.1, made);
    assert_eq!(made["when"], json!({"cron": "0 7 * * *", "time_zone": "Europe/Berlin"}));
    assert_eq!((&made["status"], &made["missed"], &made["last"]), (&json!("active"), &json!("once"), &Value::Null));
    assert_eq!((&made["run"]["prompt"], &made["run"]["workflow"]), (&json!("What is new?"), &json!("render")));
    let next = millis(&made["next_at"]);
    assert_eq!(wake(&house, &house.tenant, &made).await.unwrap().at, next);

    let post = async |verb: &str| house.post(&format!("{}/{verb}", path(&made)), &json!({})).await;
    for _ in 0..2 {
        let (status, paused) = post("pause").await;
        assert_eq!((status.as_u16(), &paused["status"], &paused["next_at"]), (200, &json!("paused"), &Value::Null));
    }
    for _ in 0..2 {
        let (status, resumed) = post("resume").await;
        assert_eq!((status.as_u16(), &resumed["status"], millis(&resumed["next_at"])), (200, &json!("active"), next));
    }
    let listed = house.get("/schedules?status=active&limit=1").await.1;
    assert_eq!((&listed["data"][0]["schedule_id"], &listed["meta"]["total"]), (&made["schedule_id"], &json!(1)));
    assert_eq!(house.get("/schedules?status=paused").await.1["meta"]["total"], 0);

    let delete = async || answer(house.request(Method::DELETE, &path(&made), &house.member())).await.0.as_u16();
    assert_eq!((delete().await, delete().await), (204, 404));
    assert_eq!(house.get(&path(&made)).await.0, 404);
    assert_eq!(wake(&house, &house.tenant, &made).await, None);
}

#[tokio::test]
async fn the_same_key_makes_one_schedule() {
    let house = house().await;
    let keyed = |name: &str| {
        let mut body = daily();
        (body["name"], body["idempotencyKey"]) = (json!(name), json!("k"));
        body
    };
    let first = create(&house, &keyed("Daily")).await;
    assert_eq!(create(&house, &keyed("Daily")).await, first);
    let (status, body) = house.post("/schedules", &keyed("Other")).await;
    assert_eq!((status.as_u16(), &body["error"]["code"]), (409, &json!("idempotency_conflict")));
    assert_eq!(house.get("/schedules").await.1["meta"]["total"], 1);
}

#[tokio::test]
async fn a_tenant_has_only_so_many_schedules() {
    let house = house_with(|config| config.gateway.max_schedules_per_tenant = 2).await;
    let body = daily();
    // Two at once do not take the same room.
    let asked = futures::future::join_all((0..6).map(|_| house.post("/schedules", &body))).await;
    let mut statuses: Vec<u16> = asked.iter().map(|(status, _)| status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 201, 409, 409, 409, 409]);
    let refused = asked.iter().find(|(status, _)| *status == 409).unwrap();
    assert_eq!(refused.1["error"]["code"], "too_many_schedules");
    let made = &asked.iter().find(|(status, _)| *status == 201).unwrap().1;
    answer(house.request(Method::DELETE, &path(made), &house.member())).await;
    create(&house, &daily()).await;
    let timers = house.jetstream.get_stream(Stream::Timers.as_str()).await.unwrap();
    assert_eq!(timers.get_info().await.unwrap().state.messages, 2, "who is refused leaves nothing that wakes");
}

#[tokio::test]
async fn nobody_reaches_anothers_schedule_and_a_viewer_changes_none() {
    let house = house().await;
    let made = create(&house, &daily()).await;
    let neighbour = house.neighbour().await;
    let stranger = house.token(&neighbour, 7, &[Role::TenantAdmin]);
    let viewer = house.token(&house.tenant, 8, &[Role::Viewer]);
    assert_eq!(answer(house.request(Method::GET, &path(&made), &viewer)).await.0, 200);
    assert_eq!(answer(house.request(Method::GET, "/schedules", &stranger)).await.1["meta"]["total"], 0);
    for (method, path) in [
        (Method::GET, path(&made)),
        (Method::DELETE, path(&made)),
        (Method::POST, format!("{}/pause", path(&made))),
        (Method::POST, format!("{}/resume", path(&made))),
    ] {
        let asked = refused(&house, method.clone(), &path, &stranger).await;
        assert_eq!(asked, (404, "not_found".to_owned()), "{method} {path}");
        if method != Method::GET {
            assert_eq!(refused(&house, method.clone(), &path, &viewer).await.0, 403, "{method} {path}");
        }
    }
    let forbidden = answer(house.request(Method::POST, "/schedules", &viewer).json(&daily())).await;
    assert_eq!(forbidden.0, 403);
    assert_eq!(house.get(&path(&made)).await.1["status"], "active");
}

#[tokio::test]
async fn what_can_start_no_run_is_refused() {
    let house = house().await;
    let with = |field: &str, value: Value| {
        let mut body = daily();
        *body.pointer_mut(field).unwrap() = value;
        body
    };
    for (body, field) in [
        (json!({"when": {"at": "2030-01-01T00:00:00Z"}}), "run"),
        (json!({"run": {"prompt": "a"}}), "when"),
        (with("/when", json!({"at": "2020-01-01T00:00:00Z"})), "when"),
        (with("/when", json!({"cron": "0 0 31 2 *"})), "when"),
        (with("/when", json!({"cron": "every day"})), "when.cron"),
        (with("/when", json!({"cron": "0 7 * * *", "time_zone": "Mars"})), "when.time_zone"),
        (with("/when", json!({"every_seconds": 59})), "when"),
        (with("/when", json!({"every": 59})), "when.every"),
        (with("/run", json!({"prompt": ""})), "run.prompt"),
        (with("/run", json!({"prompt": "a", "options": {"top_k": 0}})), "run.options.top_k"),
        (with("/run", json!({"prompt": "a", "workflow": "tool"})), "run.workflow"),
        (with("/run", json!({"prompt": "a", "idempotency_key": "k"})), "run.idempotency_key"),
        (with("/name", json!("a\u{0}b")), "name"),
    ] {
        let (status, refused) = house.post("/schedules", &body).await;
        assert_eq!(
            (status.as_u16(), &refused["error"]["code"]),
            (400, &json!("validation_failed")),
            "{body} {refused}"
        );
        assert_eq!(refused["error"]["details"][0]["field"], field, "{body} {refused}");
    }
    let foreign = with("/run", json!({"prompt": "a", "tenant_id": Uuid::from_u128(1)}));
    assert_eq!(house.post("/schedules", &foreign).await.0, 403);
    let session = with("/run", json!({"prompt": "a", "session_id": Uuid::from_u128(1)}));
    assert_eq!(house.post("/schedules", &session).await.0, 404);
    assert_eq!(house.get("/schedules").await.1["meta"]["total"], 0);
}
