//! People who are asked.

use sba_tests::{
    model::Turn,
    scene::{Run, Scene},
};
use serde_json::{Value, json};

/// The one open question of a run.
async fn question(run: &Run) -> Value {
    let seen = run.until("waiting_input").await.unwrap();
    let asks = seen["asks"].as_array().unwrap();
    assert_eq!(asks.len(), 1, "{seen}");
    asks[0].clone()
}

pub(crate) async fn an_approved_call_is_made_and_a_denied_one_is_not(scene: &Scene) {
    let user = scene.tenant(json!({"approve": ["task_create"]})).await.unwrap();
    let create = |title: &str| Turn::calls([("task_create", json!({"title": title}))]);
    let run = scene.run(&user, "approval", [create("Pay"), create("Do not pay")]).await.unwrap();
    let ask = question(&run).await;
    assert_eq!((&ask["kind"], &ask["call"]["params"]), (&json!("approval"), &json!({"title": "Pay"})), "{ask}");
    assert!(ask["expires_at"].is_string());
    let (status, given) = run.tell("continue", json!({"ask_id": ask["ask_id"], "input": "approve"})).await.unwrap();
    assert_eq!(status, 202, "{given}");
    run.until_said("tool_result").await.unwrap();
    let ask = question(&run).await;
    let denied = json!({"ask_id": ask["ask_id"], "input": {"approved": false, "comment": "Not this month."}});
    assert_eq!(run.tell("continue", denied).await.unwrap().0, 202);
    let ended = run.end().await.unwrap();
    assert_eq!((ended.how(), ended.step_codes()), (("completed", ""), vec!["call_denied"]), "{ended:?}");
    let told = scene.model.asked("approval").pop().unwrap();
    assert!(told["messages"].to_string().contains("Not this month."), "the model is told why");
    let answered = ended.all("input_result").next().unwrap();
    assert!(answered.payload["user_id"].is_string(), "the log names who answered: {answered:?}");
}

pub(crate) async fn a_question_is_answered_with_one_of_its_options(scene: &Scene) {
    let user = scene.tenant(json!({})).await.unwrap();
    let ask = json!({"question": "Which supplier?", "options": ["Acme", "Bolt"]});
    let run = scene.run(&user, "question", [Turn::calls([("ask_person", ask)])]).await.unwrap();
    let ask = question(&run).await;
    assert_eq!((&ask["text"], &ask["options"]), (&json!("Which supplier?"), &json!(["Acme", "Bolt"])));
    // Taken, for the question is open; what it allows, the run says.
    assert_eq!(run.tell("continue", json!({"input": "Cellar"})).await.unwrap().0, 202);
    run.until_said("refused").await.unwrap();
    assert_eq!(run.tell("continue", json!({"input": "Bolt"})).await.unwrap().0, 202);
    let ended = run.end().await.unwrap();
    assert_eq!((ended.how(), ended.refusals()), (("completed", ""), vec!["answer_invalid"]), "{ended:?}");
    let told = scene.model.asked("question").pop().unwrap();
    assert!(told["messages"].to_string().contains("Bolt"));
}

pub(crate) async fn of_two_answers_that_contradict_each_other_the_first_counts(scene: &Scene) {
    let user = scene.tenant(json!({"approve": ["task_create"]})).await.unwrap();
    for round in 0..5 {
        let word = format!("contradiction-{round}");
        let create = Turn::calls([("task_create", json!({"title": "Pay"}))]);
        let run = scene.run(&user, &word, [create]).await.unwrap();
        let ask = question(&run).await["ask_id"].clone();
        let answer = |yes: bool| run.tell("continue", json!({"ask_id": ask, "input": yes}));
        let (yes, no) = tokio::join!(answer(true), answer(false));
        let (yes, no) = (yes.unwrap().0, no.unwrap().0);
        assert!([202, 409].contains(&yes) && [202, 409].contains(&no), "{yes} {no}");
        let ended = run.end().await.unwrap();
        assert_eq!(ended.how(), ("completed", ""));
        let answers: Vec<bool> =
            ended.all("input_result").map(|event| event.payload["answer"]["approved"].as_bool().unwrap()).collect();
        assert_eq!(answers.len(), 1, "one answer counts: {ended:?}");
        assert_eq!(ended.all("tool_request").count(), usize::from(answers[0]), "and it is what is done");
        // The other is explained where it came too late to be refused at the door.
        if yes == 202 && no == 202 {
            let refused = ended.refusals();
            assert!(
                refused.len() <= 1 && refused.iter().all(|code| ["already_answered", "nothing_asked"].contains(code))
            );
        }
    }
}
