//! One call, asked for by name.

use reqwest::Method;
use sba_tests::scene::{Run, Scene};
use serde_json::{Value, json};

pub(crate) async fn a_call_by_name_is_made_once_under_its_key(scene: &Scene) {
    let user = scene.tenant(json!({})).await.unwrap();
    let execute = async |gateway: usize, body: Value| {
        let request = user.request(Method::POST, &format!("{}/api/v1/tools/execute", scene.urls[gateway]));
        user.send(request.header("idempotency-key", "pay").json(&body)).await.unwrap()
    };
    let create = json!({"tool_name": "task_create", "params": {"title": "Pay"}});
    // At both gateways at the same moment, and again when it is done.
    let (here, there) = tokio::join!(execute(0, create.clone()), execute(1, create.clone()));
    assert_eq!((here.0, &here.1), (202, &there.1), "{here:?} {there:?}");
    let run = Run::known(&scene.urls, &user, &here.1["run_id"]).unwrap();
    let ended = run.end().await.unwrap();
    assert_eq!(ended.how(), ("completed", ""), "{ended:?}");
    let result = ended.all("tool_result").next().unwrap();
    assert_eq!(result.payload["call_id"], here.1["call_id"]);
    assert_eq!(result.payload["result"]["task"]["title"], "Pay", "{result:?}");
    assert_eq!(execute(1, create).await, here);
    let other = execute(0, json!({"tool_name": "task_create", "params": {"title": "Pay twice"}})).await;
    assert_eq!((other.0, other.1["error"]["code"].as_str()), (409, Some("idempotency_conflict")));
    let (_, tasks) = user.get(&format!("{}/api/v1/tasks", scene.urls[0])).await.unwrap();
    assert_eq!(tasks["meta"]["total"], 1, "{tasks}");
}
