//! A client in another language, as it comes.

use std::process::Command;

use sba_gateway::auth::Role;
use sba_tests::python::nats_client;
use serde_json::{Value, json};

use crate::support::house;

const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/gateway/nats/client.py");

#[tokio::test(flavor = "multi_thread")]
async fn a_program_in_python_watches_commands_and_reads_the_feed() {
    let house = house().await;
    let (status, given) = house.ask_in(&house.tenant, 7, &[Role::TenantAdmin], &json!({})).await;
    assert_eq!(status, 201, "{given}");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("access.json"), given.to_string()).unwrap();
    let mut program = Command::new("python3");
    program.args([PROGRAM, "access.json"]).current_dir(folder.path()).env("PYTHONPATH", nats_client().unwrap());
    let output = tokio::task::spawn_blocking(move || program.output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    let run = said["run"].as_str().unwrap();
    assert_eq!(house.get(&format!("/runs/{run}")).await.0, 200);
    assert_eq!(said["refused"], "not_paused");
    assert_eq!(said["watched"], json!([format!("live.{run}.ev"), "created"]));
    let subject = said["read"][0].as_str().unwrap();
    assert!(subject.contains(run) && subject.ends_with(".ev") && said["read"][1] == "created", "{said}");
    assert_eq!((&said["left"], &said["service"]), (&json!([0, 0]), &json!("sba")));
}
