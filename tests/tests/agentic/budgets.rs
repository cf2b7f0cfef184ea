//! What a run may take.

use sba_tests::{
    model::Turn,
    scene::{Run, Scene},
};
use serde_json::json;

pub(crate) async fn steps_tokens_and_money_run_out(scene: &Scene) {
    let list = |n: usize| Turn::calls([("task_list", json!({"limit": n}))]);
    let many = || (1..=20).map(list);
    // Of a request that asks for more than its tenant has, the tenant's counts.
    let user = scene.tenant(json!({"max_steps": 5})).await.unwrap();
    for (options, most) in [(json!({"max_steps": 3}), 3), (json!({"max_steps": 9}), 5)] {
        let run = Run::start(&scene.urls, &user, options, "many-steps", many()).await.unwrap();
        let ended = run.end().await.unwrap();
        assert_eq!(ended.how(), ("failed", "budget_steps"), "{ended:?}");
        assert_eq!(ended.all("step_started").count(), most);
    }
    for (setting, code) in [("max_run_tokens", "budget_tokens"), ("max_run_cost_micros", "budget_cost")] {
        let user = scene.tenant(json!({setting: 2_000})).await.unwrap();
        let run = scene.run(&user, "many-tokens", many()).await.unwrap();
        let ended = run.end().await.unwrap();
        assert_eq!(ended.how(), ("failed", code), "{ended:?}");
        let usage = &ended.events.last().unwrap().payload["usage"];
        let tokens = usage["input_tokens"].as_u64().unwrap() + usage["output_tokens"].as_u64().unwrap();
        assert_eq!(usage["cost_micros"], tokens, "{usage}");
        assert!((2_000..8_000).contains(&tokens), "it ends with the call that used them up: {usage}");
    }
}
