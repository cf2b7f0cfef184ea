//! Tool calls by name, and what runs are told of who asks.

use reqwest::Method;
use sba_gateway::auth::Role;
use sba_subjects::{
    codec,
    command::{Command, CommandBody},
    event::Created,
    id::{CallId, RunId, TenantKey},
    name::Verb,
    run::Workflow,
    stream::Stream,
    subject::Subject,
};
use serde_json::{Value, json};

use super::support::{House, answer, house};

async fn started(house: &House, tenant: &TenantKey, run: RunId) -> Created {
    let subject = Subject::Cmd { tenant: tenant.clone(), run, verb: Verb::Start }.to_string();
    let commands = house.jetstream.get_stream(Stream::Cmds.as_str()).await.unwrap();
    let message = commands.get_last_raw_message_by_subject(&subject).await.unwrap();
    let command: Command = codec::decode(&message.payload).unwrap();
    let CommandBody::Start(created) = command.body else { panic!("{command:?}") };
    created
}

fn run_of(body: &Value) -> RunId {
    body["run_id"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_tool_call_is_a_run_and_its_id_is_known_before_it_is_made() {
    let house = house().await;
    let body = json!({
        "toolName": "task_create", "params": {"title": "Pay"}, "idempotencyKey": "k", "tenantId": house.tenant.id(),
    });
    let (status, first) = house.post("/tools/execute", &body).await;
    assert_eq!(status, 202, "{first}");
    let run = run_of(&first);
    assert_eq!(first["call_id"], json!(CallId::of_step(run, 1)));
    assert_eq!(first["links"]["run"], json!(format!("/api/v1/runs/{run}")));
    assert_eq!(house.post("/tools/execute", &body).await.1, first);
    let created = started(&house, &house.tenant, run).await;
    let call = created.call.unwrap();
    assert_eq!((created.workflow, call.tool_name.as_str()), (Workflow::Tool, "task_create"));
    assert_eq!((call.params, created.roles), (json!({"title": "Pay"}), vec!["member".to_owned()]));
    let other = json!({"tool_name": "task_create", "params": {"title": "Other"}, "idempotency_key": "k"});
    assert_eq!(house.post("/tools/execute", &other).await.0, 409);
    assert_eq!(house.get(&format!("/runs/{run}")).await.1["workflow"], json!("tool"));
}

#[tokio::test]
async fn a_call_that_cannot_be_made_is_refused_before_anything_is_stored() {
    let house = house().await;
    let neighbour = house.neighbour().await;
    for (body, code, status) in [
        (json!({"tool_name": "rm", "params": {}}), "tool_unknown", 400),
        (json!({"tool_name": "", "params": {}}), "tool_unknown", 400),
        (json!({"tool_name": "ask_person", "params": {"question": "Who?"}}), "tool_unknown", 400),
        (json!({"tool_name": "task_create", "params": {"title": 7}}), "validation_failed", 400),
        (json!({"tool_name": "task_create", "params": {"title": "a", "x": 1}}), "validation_failed", 400),
        (json!({"tool_name": "task_create"}), "validation_failed", 400),
        (json!({"tool_name": "task_list", "params": {}, "tenant_id": neighbour.id()}), "forbidden", 403),
    ] {
        let (found, answer) = house.post("/tools/execute", &body).await;
        assert_eq!((found.as_u16(), answer["error"]["code"].as_str()), (status, Some(code)), "{body}");
    }
    let viewer = house.token(&house.tenant, 7, &[Role::Viewer]);
    let body = json!({"tool_name": "task_list", "params": {}});
    assert_eq!(answer(house.request(Method::POST, "/tools/execute", &viewer).json(&body)).await.0, 403);
    assert_eq!(house.get("/runs").await.1["meta"]["total"], 0);
}

#[tokio::test]
async fn a_document_that_is_handed_in_whole_is_completed_for_its_worker() {
    let house = house().await;
    let body = json!({"tool_name": "document_render", "params": {"title": "Note", "text": "Hello."}});
    let (status, made) = house.post("/tools/execute", &body).await;
    assert_eq!(status, 202, "{made}");
    let call = started(&house, &house.tenant, run_of(&made)).await.call.unwrap();
    let params: sba_subjects::tool::RenderParams = serde_json::from_value(call.params).unwrap();
    assert_eq!((params.title.as_str(), params.sections[0].text.as_str()), ("Note", "Hello."));
}

#[tokio::test]
async fn a_run_is_told_the_roles_the_options_and_the_tenants_settings() {
    let house = house().await;
    let operator = house.token(&house.tenant, 9, &[Role::Operator]);
    let config = json!({"locale": "id", "approve": ["task_create"], "maxSteps": 3});
    let body = json!({"name": "Acme", "config": config});
    let (status, tenant) = answer(house.request(Method::POST, "/tenants", &operator).json(&body)).await;
    assert_eq!(status, 201, "{tenant}");
    let account: TenantKey = tenant["account"].as_str().unwrap().parse().unwrap();
    let member = house.token(&account, 7, &[Role::Member, Role::Viewer]);
    let options = json!({"tools": ["task_create", "task_list"], "critical": true});
    let body = json!({"prompt": "a", "workflow": "agentic", "options": options});
    let (status, run) = answer(house.request(Method::POST, "/runs", &member).json(&body)).await;
    assert_eq!((status.as_u16(), &run["workflow"]), (201, &json!("agentic")), "{run}");
    let created = started(&house, &account, run_of(&run)).await;
    assert_eq!(created.roles, ["member", "viewer"]);
    assert_eq!((created.settings.locale.as_deref(), created.settings.max_steps), (Some("id"), Some(3)));
    assert_eq!(created.settings.approve, ["task_create".parse().unwrap()]);
    assert_eq!((created.options.critical, created.options.tools.unwrap().len()), (Some(true), 2));

    for body in [json!({"prompt": "a", "options": {"tools": ["rm"]}}), json!({"prompt": "a", "workflow": "tool"})] {
        let (status, answer) = house.post("/runs", &body).await;
        assert_eq!((status.as_u16(), &answer["error"]["code"]), (400, &json!("validation_failed")), "{body}");
    }
    for config in [json!({"aprove": []}), json!({"tools": ["rm"]}), json!({"top_k": "six"}), json!([])] {
        let body = json!({"name": "Acme", "config": config});
        let (status, _) = answer(house.request(Method::POST, "/tenants", &operator).json(&body)).await;
        assert_eq!(status, 400, "{body}");
    }
}
