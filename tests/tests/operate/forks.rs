//! `sba run fork`, driven to the end.

use sba_subjects::{codec, id::RunId, name::Verb, run::StepStatus, subject::Subject};
use serde_json::Value;

use crate::support::{Office, ended, id, orchestrated, start};

async fn shown(office: &Office, run: RunId) -> Value {
    office.sba(&["run", "show", &run.to_string(), "--json"]).await.documents().remove(0)
}

async fn forked(office: &Office, run: RunId, at: &str) -> Value {
    let made = office.sba(&["run", "fork", &run.to_string(), "--at", at, "--json"]).await.documents().remove(0);
    let new: RunId = made["run_id"].as_str().unwrap().parse().unwrap();
    assert_ne!(new, run);
    ended(office, new).await;
    shown(office, new).await
}

#[tokio::test]
async fn a_fork_says_what_it_takes_over_and_goes_on_from_there() {
    let (office, _orchestrator) = orchestrated().await;
    let run: RunId = id();
    let subject = Subject::Cmd { tenant: office.tenant.clone(), run, verb: Verb::Start };
    let command = codec::encode(&start(&office.tenant)).unwrap();
    office.jetstream.publish(subject.to_string(), command).await.unwrap().await.unwrap();
    ended(&office, run).await;
    let source = shown(&office, run).await;
    assert_eq!((&source["status"], source["steps"].as_array().unwrap().len()), (&"completed".into(), 1), "{source}");

    let whole = forked(&office, run, "1").await;
    assert_eq!(whole["status"], "completed", "{whole}");
    assert_eq!(whole["steps"][0]["output"], source["steps"][0]["output"]);
    assert_eq!(whole["usage"]["output_tokens"], 0, "the other run paid for it");
    let anew = forked(&office, run, "0").await;
    assert_eq!(
        (&anew["status"], &anew["steps"][0]["status"]),
        (&"completed".into(), &StepStatus::Completed.as_str().into())
    );
    assert!(anew["usage"]["output_tokens"].as_u64().unwrap() > 0, "the model was called: {anew}");
}
