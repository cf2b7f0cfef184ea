//! Tools that a customer's own worker serves, over NATS.

use async_nats::{Client, ConnectOptions};
use reqwest::Method;
use sba_gateway::auth::Role;
use sba_subjects::id::UserId;
use sba_tests::{
    api::{User, until},
    model::Turn,
    scene::{PATIENCE, Scene},
};
use serde_json::{Value, json};
use uuid::Uuid;

/// A worker of a tenant.
struct Worker {
    client: Client,
    caller: String,
}

impl Worker {
    async fn new(scene: &Scene, user: &User) -> Self {
        let body = json!({"scopes": ["serve"]});
        let (status, given) = user.post(&format!("{}/api/v1/nats/credentials", scene.urls[0]), &body).await.unwrap();
        assert_eq!(status, 201, "{given}");
        let options = ConnectOptions::with_credentials(given["credentials"].as_str().unwrap()).unwrap();
        let client = options
            .custom_inbox_prefix(given["inbox_prefix"].as_str().unwrap())
            .request_timeout(Some(PATIENCE))
            .connect(given["servers"][0].as_str().unwrap())
            .await
            .unwrap();
        Self { client, caller: given["public_key"].as_str().unwrap().to_owned() }
    }

    async fn ask(&self, verb: &str, tool: &str, body: Value) -> Value {
        let subject = format!("serve.{}.{verb}.{tool}", self.caller);
        let answer = self.client.request(subject, body.to_string().into()).await.unwrap();
        serde_json::from_slice(&answer.payload).unwrap()
    }

    async fn refused(&self, verb: &str, tool: &str, body: Value) -> String {
        let answer = self.ask(verb, tool, body).await;
        answer["error"]["code"].as_str().unwrap_or_else(|| panic!("it was done: {answer}")).to_owned()
    }

    async fn register(&self, tool: &str, effect: &str, deadline_ms: u64) {
        let answer = self.ask("register", tool, described(effect, deadline_ms)).await;
        assert_eq!((&answer["name"], &answer["effect"]), (&json!(tool), &json!(effect)), "{answer}");
    }

    /// The next call, once there is one.
    async fn next(&self, tool: &str) -> Value {
        until("a call", PATIENCE, async || {
            let mut answer = self.ask("next", tool, json!({"wait_ms": 2_000})).await;
            anyhow::ensure!(answer["error"].is_null(), "{answer}");
            let job = answer["job"].take();
            Ok((!job.is_null()).then_some(job))
        })
        .await
        .unwrap()
    }

    /// Says something of a call.
    async fn say(&self, verb: &str, job: &Value, more: Value) -> Value {
        let mut body = json!({"call_id": job["call_id"], "run_id": job["run_id"], "receipt": job["receipt"]});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.ask(verb, job["tool"].as_str().unwrap(), body).await
    }
}

fn described(effect: &str, deadline_ms: u64) -> Value {
    json!({"description": "The weather in a city.", "effect": effect, "deadline_ms": deadline_ms, "parameters": {
        "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}})
}

fn bern(tool: &str) -> Turn {
    Turn::calls([(tool, json!({"city": "Bern"}))])
}

pub(crate) async fn a_customers_worker_is_offered_to_the_model_like_any_other(scene: &Scene) {
    let user = scene.tenant(json!({})).await.unwrap();
    let worker = Worker::new(scene, &user).await;
    worker.register("x_weather", "pure", 60_000).await;
    let turns = [Turn::calls([("x_weather", json!({"city": 7}))]), bern("x_weather")];
    let run = scene.run(&user, "customer-serves", turns).await.unwrap();
    let job = worker.next("x_weather").await;
    assert_eq!((&job["params"], &job["run_id"]), (&json!({"city": "Bern"}), &json!(run.id)));
    assert_eq!(worker.say("progress", &job, json!({})).await, json!({"go_on": true}));
    let result = json!({"result": {"sky": "cloudless"}, "duration_ms": 12});
    assert_eq!(worker.say("done", &job, result.clone()).await, json!({"accepted": true}));
    let ended = run.end().await.unwrap();
    assert_eq!(ended.how(), ("completed", ""), "{ended:?}");
    assert_eq!(ended.step_codes(), ["arguments_invalid"], "what does not fit the schema is told to the model");
    assert_eq!(ended.all("tool_result").count(), 1);
    let late = worker.say("done", &job, json!({"result": {"sky": "grey"}})).await;
    assert_eq!(late, json!({"accepted": false}), "the first answer counts");
    let asked = scene.model.asked("customer-serves");
    let offered = asked[0]["tools"].as_array().unwrap().iter().find(|tool| tool["function"]["name"] == "x_weather");
    assert_eq!(offered.unwrap()["function"]["parameters"]["required"], json!(["city"]));
    assert!(asked[2]["messages"].to_string().contains("cloudless"), "the model is told: {}", asked[2]);
}

pub(crate) async fn a_worker_that_falls_silent_loses_the_call_to_another(scene: &Scene) {
    let user = scene.tenant(json!({})).await.unwrap();
    let silent = Worker::new(scene, &user).await;
    silent.register("x_book", "idempotent", 60_000).await;
    let run = scene.run(&user, "silent-worker", [bern("x_book")]).await.unwrap();
    let first = silent.next("x_book").await;
    drop(silent);
    let other = Worker::new(scene, &user).await;
    let again = other.next("x_book").await;
    assert_eq!((&again["call_id"], &again["attempt"]), (&first["call_id"], &json!(2)), "under the same key");
    let failed = json!({"error": {"code": "city_unknown", "message": "There is no such city."}});
    assert_eq!(other.say("done", &again, failed).await, json!({"accepted": true}));
    let ended = run.end().await.unwrap();
    assert_eq!((ended.how(), ended.step_codes()), (("completed", ""), vec!["city_unknown"]), "{ended:?}");
}

pub(crate) async fn what_may_happen_once_is_not_handed_out_twice(scene: &Scene) {
    let user = scene.tenant(json!({})).await.unwrap();
    let worker = Worker::new(scene, &user).await;
    worker.register("x_pay", "at_most_once", 60_000).await;
    let run = scene.run(&user, "pays-once", [bern("x_pay")]).await.unwrap();
    let job = worker.next("x_pay").await;
    // It dies here. Whoever asks next is given nothing, and a person is asked what became of it.
    let seen = until("a person to be asked", PATIENCE, async || {
        let answer = worker.ask("next", "x_pay", json!({"wait_ms": 200})).await;
        anyhow::ensure!(answer["job"].is_null(), "handed out twice: {answer}");
        let seen = run.seen().await?;
        Ok((seen["status"] == "waiting_input").then_some(seen))
    });
    assert_eq!(seen.await.unwrap()["asks"][0]["kind"], "question");
    assert_eq!(worker.say("done", &job, json!({"result": {}})).await, json!({"accepted": false}), "too late");
    assert_eq!(run.tell("continue", json!({"input": "it took place"})).await.unwrap().0, 202);
    assert_eq!(run.end().await.unwrap().how(), ("completed", ""));
}

pub(crate) async fn a_cancelled_run_lets_its_worker_know(scene: &Scene) {
    let user = scene.tenant(json!({})).await.unwrap();
    let worker = Worker::new(scene, &user).await;
    worker.register("x_slow", "idempotent", 60_000).await;
    let run = scene.run(&user, "stops-worker", [bern("x_slow")]).await.unwrap();
    let job = worker.next("x_slow").await;
    assert_eq!(run.tell("cancel", json!({})).await.unwrap().0, 202);
    until("the worker to be told", PATIENCE, async || {
        Ok((worker.say("progress", &job, json!({})).await == json!({"go_on": false})).then_some(()))
    })
    .await
    .unwrap();
    let stopped = json!({"error": {"code": "call_cancelled", "message": "Nothing was done."}});
    assert_eq!(worker.say("done", &job, stopped).await, json!({"accepted": true}));
    let ended = run.end().await.unwrap();
    assert_eq!(ended.how(), ("cancelled", "cancelled"), "{ended:?}");
    assert!(ended.events.last().unwrap().payload["unconfirmed"].is_null(), "what became of the call is known");
}

pub(crate) async fn a_tool_that_nobody_serves_holds_no_run_up_for_longer_than_it_said(scene: &Scene) {
    let user = scene.tenant(json!({})).await.unwrap();
    let worker = Worker::new(scene, &user).await;
    worker.register("x_nobody", "pure", 500).await;
    let run = scene.run(&user, "nobody-serves", [bern("x_nobody")]).await.unwrap();
    let ended = run.end().await.unwrap();
    assert_eq!(ended.how(), ("completed", ""), "{ended:?}");
    assert_eq!(ended.step_codes().len(), 1, "{ended:?}");
    let answer = worker.ask("next", "x_nobody", json!({"wait_ms": 0})).await;
    assert!(answer["job"].is_null(), "what is too late is not done: {answer}");
}

pub(crate) async fn no_worker_reaches_another_tenants_calls(scene: &Scene) {
    let (mine, theirs) = (scene.tenant(json!({})).await.unwrap(), scene.tenant(json!({})).await.unwrap());
    let (attacker, victim) = (Worker::new(scene, &mine).await, Worker::new(scene, &theirs).await);
    victim.register("x_secret", "pure", 60_000).await;
    let run = scene.run(&theirs, "secret-call", [bern("x_secret")]).await.unwrap();
    assert_eq!(attacker.refused("next", "x_secret", json!({})).await, "not_found", "it serves none of that name");
    attacker.register("x_secret", "pure", 60_000).await;
    let job = victim.next("x_secret").await;
    assert!(attacker.ask("next", "x_secret", json!({"wait_ms": 200})).await["job"].is_null());
    assert_eq!(attacker.say("done", &job, json!({"result": 1})).await["error"]["code"], "not_found");
    assert_eq!(attacker.say("progress", &job, json!({})).await["error"]["code"], "not_found");
    for receipt in ["", "1.1.1.1", "1.1.1.1.>", "1.1.1.1.1.1", "*.*.*.*.*"] {
        let body = json!({"call_id": job["call_id"], "run_id": job["run_id"], "receipt": receipt, "result": 1});
        assert_eq!(victim.refused("done", "x_secret", body).await, "validation_failed", "{receipt:?}");
    }
    for (more, code) in [
        (json!({}), "validation_failed"),
        (json!({"result": 1, "error": {"code": "a", "message": "b"}}), "validation_failed"),
        (json!({"error": {"code": "No Code", "message": "b"}}), "validation_failed"),
        (json!({"result": 1, "run_id": Uuid::new_v4()}), "not_found"),
        (json!({"result": 1, "call_id": Uuid::new_v4()}), "not_found"),
    ] {
        assert_eq!(victim.say("done", &job, more.clone()).await["error"]["code"], code, "{more}");
    }
    assert_eq!(victim.say("done", &job, json!({"result": 1})).await, json!({"accepted": true}));
    assert_eq!(run.end().await.unwrap().how(), ("completed", ""));
}

pub(crate) async fn what_cannot_be_a_tool_is_not_registered(scene: &Scene) {
    let user = scene.tenant(json!({})).await.unwrap();
    let worker = Worker::new(scene, &user).await;
    let good = described("pure", 60_000);
    for name in ["task_create", "knowledge_search", "ask_person", "weather", "x_", "x_A", "x_a-b"] {
        assert_eq!(worker.refused("register", name, good.clone()).await, "validation_failed", "{name}");
    }
    for bad in [
        json!({"description": ""}),
        json!({"effect": "sometimes"}),
        json!({"deadline_ms": 0}),
        json!({"deadline_ms": 86_400_000}),
        json!({"parameters": {"type": "string"}}),
        json!({"parameters": {"type": "object", "properties": {"a": {"$ref": "http://127.0.0.1/a.json"}}}}),
        json!({"parameters": {"type": "object", "properties": {"a": {"type": "string", "pattern": "(a+)+$"}}}}),
        json!({"parameters": {"type": "object", "description": "x".repeat(20_000)}}),
        json!({"url": "http://example.com"}),
    ] {
        let mut body = good.clone();
        body.as_object_mut().unwrap().extend(bad.as_object().unwrap().clone());
        assert_eq!(worker.refused("register", "x_a", body).await, "validation_failed", "{bad}");
    }
    // Over REST it is the same.
    let url = format!("{}/api/v1/tools", scene.urls[1]);
    let put = |user: &User| user.request(Method::PUT, &format!("{url}/x_rest")).json(&good);
    let member = User::of(&scene.stack, Some(user.tenant), UserId::from_uuid(Uuid::new_v4()), &[Role::Member]).unwrap();
    assert_eq!(member.send(put(&member)).await.unwrap().0, 403);
    let (status, made) = user.send(put(&user)).await.unwrap();
    assert_eq!((status, &made["name"]), (200, &json!("x_rest")), "{made}");
    assert_eq!(member.get(&url).await.unwrap().1["data"], json!([made]));
    let delete = || user.request(Method::DELETE, &format!("{url}/x_rest"));
    assert_eq!(user.send(delete()).await.unwrap().0, 204);
    assert_eq!(user.send(delete()).await.unwrap().0, 404);
    for n in 0..16 {
        worker.register(&format!("x_tool_{n}"), "pure", 1_000).await;
    }
    assert_eq!(worker.refused("register", "x_more", good).await, "too_many_tools");
}
