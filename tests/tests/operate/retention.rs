//! Logs are removed some days after the end of their runs, and the runs are still shown.

use bytes::Bytes;
use sba_service::log::{RunLog, Standing};
use sba_subjects::{
    event::{Event, Status},
    id::{RunId, TenantKey},
    run::RunStatus,
    stream::Stream,
    subject::Subject,
};
use sba_tests::run_log::Writer;
use serde_json::json;

use crate::{
    projection::{projected, tamper},
    runs::{end, say, tool_step, writer},
    support::{DEADLINE, Office, until},
};

/// A run of a tenant, which was accepted some two months ago: tests write events of that time.
async fn old(office: &Office, tenant: &TenantKey) -> Writer {
    let mut run = Writer { tenant: tenant.clone(), ..Writer::new(&office.jetstream).await.unwrap() };
    run.create().await.unwrap();
    run.take().await.unwrap().unwrap();
    run
}

async fn standing(office: &Office, tenant: &TenantKey, run: RunId) -> Standing {
    RunLog::new(office.jetstream.clone(), sba_subjects::stream::Shards::ONE, DEADLINE)
        .await
        .unwrap()
        .standing(tenant, run)
        .await
        .unwrap()
}

#[tokio::test]
async fn logs_go_when_the_tenants_time_is_over_and_those_of_waiting_runs_never() {
    let office = Office::open().await;
    let keeping = office.neighbour().await;
    tamper(&office, &office.tenant, r#"update tenants set config = '{"retention_days": 7}'"#).await;
    let mut over = writer(&office).await;
    tool_step(&mut over, 1).await;
    end(&mut over, RunStatus::Completed).await;
    let loaded = over.log.load(&office.tenant, over.run).await.unwrap().unwrap();
    over.log.keep_snapshot(&office.tenant, &loaded.state, loaded.fence, loaded.record).await.unwrap();
    let timer = Subject::Timer { tenant: office.tenant.clone(), run: over.run, name: "wake".parse().unwrap() };
    office.jetstream.publish(timer.to_string(), Bytes::from_static(b"x")).await.unwrap().await.unwrap();
    let mut waiting = writer(&office).await;
    let asks = Status { status: RunStatus::WaitingInput, reason: None, until: None };
    say(&mut waiting, None, vec![Event::Status(asks)]).await;
    let mut kept = old(&office, &keeping).await;
    end(&mut kept, RunStatus::Completed).await;
    // One whose row is wrong: its log says that it goes on.
    let odd = old(&office, &office.tenant).await;

    let settings = json!({
        "orchestrator": {"retention_interval_ms": 60_000, "retention_days": 90},
        "model": {"provider": "scripted"}, "telemetry": {"metrics_listen": ""},
    });
    office.configure(&settings);
    let first = office.begin(&["orchestrator"]);
    projected(&office).await;
    drop(first);
    let wrong = format!("update agent_runs set status = 'failed', ended_at = created_at where id = '{}'", odd.run);
    tamper(&office, &office.tenant, &wrong).await;
    let mut settings = settings;
    settings["orchestrator"]["retention_interval_ms"] = json!(100);
    office.configure(&settings);
    let _second = office.begin(&["orchestrator"]);
    until("the log to be removed", async || {
        (standing(&office, &office.tenant, over.run).await == Standing::Gone).then_some(())
    })
    .await;
    let run = over.run.to_string();
    let tenant = office.tenant.id().to_string();
    let snapshot = Subject::Snap { tenant: office.tenant.clone(), run: over.run };
    assert!(office.last(Stream::Snap, &snapshot).await.is_none(), "its snapshot");
    assert!(office.last(Stream::Timers, &timer).await.is_none(), "its timer");
    let shown = until("the note of it", async || {
        let said = office.sba(&["run", "show", &run, "--tenant", &tenant, "--json"]).await;
        (said.code == 0).then(|| said.documents().remove(0))
    })
    .await;
    assert_eq!((&shown["status"], &shown["source"]), (&json!("completed"), &json!("postgres")));
    assert_eq!(shown["steps"][0]["tool_call"]["tool_name"], json!("knowledge_search"));
    let said = office.sba(&["run", "show", &run, "--tenant", &tenant, "--at", "2"]).await;
    assert_eq!(said.failure(), (4, "log_gone"), "{said:?}");
    assert_eq!(office.sba(&["run", "show", &run]).await.failure(), (3, "run_unknown"), "Postgres is asked by tenant");
    for command in [&["watch"][..], &["cancel"], &["replay"], &["fork", "--at", "1"]] {
        assert_eq!(office.sba(&[&["run"], command, &[&run]].concat()).await.failure(), (3, "run_unknown"));
    }
    // More rounds than one have passed since.
    let again = ended_long_ago(&office).await;
    until("another log to be removed", async || {
        (standing(&office, &office.tenant, again).await == Standing::Gone).then_some(())
    })
    .await;
    assert_eq!(standing(&office, &office.tenant, waiting.run).await, Standing::Open);
    assert_eq!(standing(&office, &office.tenant, odd.run).await, Standing::Open);
    assert!(matches!(standing(&office, &keeping, kept.run).await, Standing::Ended { .. }));
    // A rebuild leaves alone what only Postgres has.
    assert_eq!(office.sba(&["projection", "rebuild"]).await.code, 0);
    assert_eq!(office.sba(&["run", "show", &run, "--tenant", &tenant]).await.code, 0);
}

async fn ended_long_ago(office: &Office) -> RunId {
    let mut run = old(office, &office.tenant).await;
    end(&mut run, RunStatus::Failed).await;
    run.run
}
