//! The main job on an installation of two gateways, two orchestrators and two workers: ask, watch, fetch.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::BTreeSet, time::Duration};

use reqwest::Method;
use sba::{
    client::Event,
    local::{Stack, StackModel},
};
use sba_tests::{
    api::{User, code, two_gateways, until},
    installation::{everything, text_of},
};
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

const SAYS: &str = "Invoices are paid within thirty days of their receipt.";
const DEADLINE: Duration = Duration::from_secs(30);
const TERMS: &str =
    "# Terms of payment\n\nInvoices are due within thirty days of receipt. Late payments cost 2 percent.";

/// An installation, and what happened on it.
struct Scene {
    stack: Stack,
    urls: Vec<String>,
    user: User,
    run: Uuid,
    document: String,
    artifact: String,
    session: String,
}

#[tokio::test]
async fn the_main_job_is_done_and_can_be_looked_at() {
    let overrides = json!({"model": {"scripted": {"text": SAYS, "delay_ms": 2}}});
    let stack = two_gateways(StackModel::Scripted, overrides).await.unwrap();
    let user = User::new(&stack, "Acme").await.unwrap();
    let urls = stack.urls();
    let document = user.document(&urls[0], "terms.md", TERMS.into(), DEADLINE).await.unwrap();
    assert_eq!(document["status"], "indexed", "{document}");
    let client = user.client(&urls[0]).unwrap();
    let session = client.create_session().await.unwrap();
    let run = client.start_run("When are invoices due?", None).await.unwrap();
    let events = everything(&user.client(&urls[1]).unwrap(), run).await.unwrap();
    let artifact = watched(&events, run);
    let scene = Scene {
        stack,
        urls,
        user,
        run,
        document: document["document_id"].as_str().unwrap().to_owned(),
        artifact,
        session: session.session_id.to_string(),
    };
    the_artifact_comes_in_both_forms(&scene).await;
    the_run_shows_what_it_did(&scene, &events).await;
    a_run_is_found_right_after_it_was_started(&scene).await;
    runs_are_listed_in_pages(&scene).await;
    a_key_stands_for_one_run_at_both_gateways(&scene).await;
    nothing_is_shown_to_another_tenant(&scene).await;
    the_changes_are_audited(&scene).await;
    the_five_metrics_are_counted(scene).await;
}

/// Order and numbers of the events; returns the artifact.
fn watched(events: &[Event], run: Uuid) -> String {
    assert!(events.iter().zip(1..).all(|(event, seq)| event.seq == seq), "a gap or a repeat: {events:?}");
    let mut kinds: Vec<&str> =
        events.iter().map(|event| event.r#type.as_str()).filter(|kind| *kind != "status").collect();
    kinds.dedup();
    let expected = [
        &["created", "attempt", "step_started", "tool_request", "tool_result", "step_finished"][..],
        &["attempt", "step_started", "token", "step_finished", "step_started", "token", "step_finished"],
        &["step_started", "tool_request", "tool_result", "step_finished", "artifact", "done"],
    ];
    assert_eq!(kinds, expected.concat(), "{events:?}");
    assert_eq!(text_of(events, 2).trim(), SAYS);
    let done = &events.last().unwrap().payload;
    assert_eq!((&done["status"], &done["run_id"]), (&json!("completed"), &json!(run)));
    assert!(done["usage"]["output_tokens"].as_u64().unwrap() >= 2 * SAYS.split(' ').count() as u64, "{done}");
    let artifact = events.iter().find(|event| event.r#type == "artifact").unwrap();
    artifact.payload["artifact_id"].as_str().unwrap().to_owned()
}

async fn the_artifact_comes_in_both_forms(scene: &Scene) {
    for (format, media_type) in [("markdown", "text/markdown"), ("html", "text/html")] {
        // From the gateway that neither took the run nor showed it.
        let url = format!("{}/api/v1/artifacts/{}/content?format={format}", scene.urls[0], scene.artifact);
        let answer = scene.user.request(Method::GET, &url).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert!(answer.headers()["content-type"].to_str().unwrap().starts_with(media_type));
        let text = answer.text().await.unwrap();
        for part in ["Terms of payment", "due within thirty days of receipt", SAYS] {
            assert!(text.contains(part), "{part:?} is missing in {text}");
        }
    }
    let (status, artifact) =
        scene.user.get(&format!("{}/api/v1/artifacts/{}", scene.urls[1], scene.artifact)).await.unwrap();
    assert_eq!((status, &artifact["run_id"]), (200, &json!(scene.run)), "{artifact}");
    assert_eq!(artifact["citations"][0]["document_id"], json!(scene.document), "{artifact}");
}

async fn the_run_shows_what_it_did(scene: &Scene, events: &[Event]) {
    let last = events.last().unwrap().seq;
    let url = format!("{}/api/v1/runs/{}", scene.urls[0], scene.run);
    let run = until("the projection", DEADLINE, async || {
        let (status, run) = scene.user.get(&url).await?;
        assert_eq!(status, 200, "{run}");
        Ok((run["seq"] == json!(last)).then_some(run))
    });
    let run = run.await.unwrap();
    assert_eq!((&run["status"], &run["prompt"]), (&json!("completed"), &json!("When are invoices due?")));
    let steps = run["steps"].as_array().unwrap();
    let names: Vec<&str> = steps.iter().map(|step| step["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["look_up", "write", "write", "render"]);
    assert!(steps.iter().all(|step| step["status"] == "completed"), "{run}");
    assert_eq!(steps[0]["tool_call"]["tool_name"], "knowledge_search");
    assert_eq!(steps[0]["tool_call"]["result"]["hits"][0]["document_id"], json!(scene.document));
    assert_eq!(
        (&steps[3]["tool_call"]["tool_name"], &steps[3]["tool_call"]["success"]),
        (&json!("document_render"), &json!(true))
    );
    assert!(steps[1]["output"]["text"].as_str().unwrap().contains(SAYS), "the model's own text stays: {run}");
    for part in ["input_tokens", "output_tokens"] {
        assert_eq!(run["usage"][part], events.last().unwrap().payload["usage"][part], "{part}");
    }
    assert!(
        run["artifacts"].as_array().unwrap().iter().any(|artifact| artifact["artifact_id"] == json!(scene.artifact))
    );
}

async fn a_run_is_found_right_after_it_was_started(scene: &Scene) {
    for n in 0..50 {
        let (here, there) = (&scene.urls[n % 2], &scene.urls[(n + 1) % 2]);
        let body = json!({"prompt": format!("When is invoice {n} due?")});
        let (status, started) = scene.user.post(&format!("{here}/api/v1/runs"), &body).await.unwrap();
        assert_eq!(status, 201, "{started}");
        let run = started["run_id"].as_str().unwrap();
        let (status, seen) = scene.user.get(&format!("{there}/api/v1/runs/{run}")).await.unwrap();
        assert_eq!((status, &seen["prompt"]), (200, &body["prompt"]), "{seen}");
    }
}

async fn runs_are_listed_in_pages(scene: &Scene) {
    let page = async |page: u32| {
        let (status, list) =
            scene.user.get(&format!("{}/api/v1/runs?page={page}&limit=20", scene.urls[0])).await.unwrap();
        assert_eq!(status, 200, "{list}");
        list
    };
    let all = until("51 completed runs", DEADLINE, async || {
        let pages = [page(1).await, page(2).await, page(3).await];
        let all: Vec<Value> = pages.iter().flat_map(|page| page["data"].as_array().unwrap().clone()).collect();
        let ended = all.len() == 51 && all.iter().all(|run| run["status"] == "completed");
        Ok(ended.then_some((pages, all)))
    });
    let (pages, all) = all.await.unwrap();
    let ids: BTreeSet<&str> = all.iter().map(|run| run["run_id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 51, "no run stands on two pages");
    let metas: Vec<&Value> = pages.iter().map(|page| &page["meta"]).collect();
    let meta = |page: u32, more: bool| json!({"total": 51, "page": page, "limit": 20, "has_next": more});
    assert_eq!(metas, [&meta(1, true), &meta(2, true), &meta(3, false)]);
    assert!(all[0]["created_at"].as_str() > all[50]["created_at"].as_str(), "the latest comes first");
}

async fn a_key_stands_for_one_run_at_both_gateways(scene: &Scene) {
    let send = async |gateway: &str, prompt: &str| {
        let request = scene.user.request(Method::POST, &format!("{gateway}/api/v1/runs"));
        scene.user.send(request.header("idempotency-key", "monthly").json(&json!({"prompt": prompt}))).await.unwrap()
    };
    let first = send(&scene.urls[0], "What is due?").await;
    assert_eq!(first.0, 201);
    assert_eq!(send(&scene.urls[1], "What is due?").await, first);
    let (status, refused) = send(&scene.urls[1], "What is not due?").await;
    assert_eq!((status, code(&refused)), (409, "idempotency_conflict"));
}

async fn nothing_is_shown_to_another_tenant(scene: &Scene) {
    let stranger = User::new(&scene.stack, "Rival").await.unwrap();
    let paths = [
        format!("runs/{}", scene.run),
        format!("artifacts/{}", scene.artifact),
        format!("artifacts/{}/content", scene.artifact),
        format!("knowledge/documents/{}", scene.document),
        format!("sessions/{}", scene.session),
    ];
    for path in paths {
        let url = format!("{}/api/v1/{path}", scene.urls[0]);
        assert_eq!(scene.user.get(&url).await.unwrap().0, 200, "{path} is there for its own tenant");
        let (status, body) = stranger.get(&url).await.unwrap();
        assert_eq!((status, code(&body)), (404, "not_found"), "{path}");
    }
    let refused = stranger.refused_to_watch(&scene.urls[0], &scene.run.to_string()).await.unwrap();
    assert_eq!(refused, Some((404, "not_found".to_owned())));
    let delete = format!("{}/api/v1/knowledge/documents/{}", scene.urls[0], scene.document);
    assert_eq!(stranger.send(stranger.request(Method::DELETE, &delete)).await.unwrap().0, 404);
}

async fn the_changes_are_audited(scene: &Scene) {
    let mut database = PgConnection::connect(&scene.stack.database().app_url).await.unwrap();
    let mut transaction = database.begin().await.unwrap();
    sqlx::query("select set_config('app.current_tenant', $1, true)")
        .bind(scene.user.tenant.to_string())
        .execute(&mut *transaction)
        .await
        .unwrap();
    let actions: Vec<String> =
        sqlx::query_scalar("select distinct action from audit_logs").fetch_all(&mut *transaction).await.unwrap();
    for action in ["tenant_created", "document_created", "artifact_created"] {
        assert!(actions.iter().any(|found| found == action), "{action} is missing in {actions:?}");
    }
}

async fn the_five_metrics_are_counted(mut scene: Scene) {
    let tenant = format!("llm_tokens_total{{tenantId=\"{}\"}}", scene.user.tenant);
    let orchestrators: Vec<String> =
        scene.stack.orchestrators().iter().map(|process| process.ops_url().to_owned()).collect();
    let workers: Vec<String> = scene.stack.workers().iter().map(|process| process.ops_url().to_owned()).collect();
    let driven = sum(&orchestrators).await;
    assert!(driven("orchestrator_requests_total") >= 51.0 * 3.0, "a start and two results a run");
    assert!(driven("agent_run_duration_seconds_count") >= 51.0);
    assert!(driven(&tenant) > 51.0);
    let worked = sum(&workers).await;
    assert!(worked("tool_calls_total{toolName=\"knowledge_search\"}") >= 51.0);
    assert!(worked("tool_calls_total{toolName=\"document_render\"}") >= 51.0);
    assert!(worked("queue_jobs_in_progress{queue=\"render\"}") >= 0.0);
}

/// Reads the metrics of these processes; what comes back adds up one of them.
async fn sum(processes: &[String]) -> impl Fn(&str) -> f64 {
    let mut texts = Vec::new();
    for url in processes {
        texts.push(reqwest::get(format!("{url}/metrics")).await.unwrap().text().await.unwrap());
    }
    move |name| {
        let lines = texts.iter().flat_map(|text| text.lines());
        let values: Vec<f64> =
            lines.filter_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok()).collect();
        assert!(!values.is_empty(), "{name} is missing in {texts:?}");
        values.iter().sum()
    }
}
