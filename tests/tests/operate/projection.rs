//! `sba projection`: rows are made anew from the log, to what they were.

use sba_subjects::{
    id::{RunId, TenantKey},
    run::RunStatus,
    stream::{Sizing, Stream},
    subject::Subject,
};
use sba_tests::run_log::{Writer, token};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};

use crate::{
    runs::{end, say, tool_step, writer},
    support::{Office, orchestrated, until},
};

/// Everything that is projected of a tenant.
pub(crate) async fn dump(office: &Office, tenant: &TenantKey) -> Vec<Value> {
    let mut app = PgConnection::connect(&office.database.app_url).await.unwrap();
    let mut tx = app.begin().await.unwrap();
    sqlx::query("select set_tenant($1)").bind(tenant.id().as_uuid()).execute(&mut *tx).await.unwrap();
    let mut rows = Vec::new();
    for table in ["agent_runs", "agent_steps", "tool_calls"] {
        let sql = format!("select to_jsonb(t) from {table} as t order by id");
        let found = sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut *tx).await.unwrap();
        rows.extend(found.into_iter().map(|row| row.get::<Value, _>(0)));
    }
    rows
}

/// Does something to a tenant's rows that the projector never would.
pub(crate) async fn tamper(office: &Office, tenant: &TenantKey, sql: &str) {
    let mut app = PgConnection::connect(&office.database.app_url).await.unwrap();
    let mut tx = app.begin().await.unwrap();
    sqlx::query("select set_tenant($1)").bind(tenant.id().as_uuid()).execute(&mut *tx).await.unwrap();
    sqlx::query(AssertSqlSafe(sql.to_owned())).execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
}

/// Waits until Postgres has all of the log.
pub(crate) async fn projected(office: &Office) {
    until("the projection", async || {
        let status = office.sba(&["projection", "status", "--json"]).await.documents().remove(0);
        (status["lag"] == 0 && status["position"].as_u64() > Some(0)).then_some(())
    })
    .await;
}

/// A run that has ended, with two steps.
async fn ended(office: &Office) -> RunId {
    let mut run = writer(office).await;
    tool_step(&mut run, 1).await;
    tool_step(&mut run, 2).await;
    end(&mut run, RunStatus::Completed).await;
    run.run
}

#[tokio::test]
async fn rows_are_made_anew_while_runs_go_on_and_what_only_postgres_has_stays() {
    let (office, _orchestrator) = orchestrated().await;
    let mut finished = Vec::new();
    for _ in 0..320 {
        finished.push(ended(&office).await);
    }
    let mut waiting = writer(&office).await;
    tool_step(&mut waiting, 1).await;
    projected(&office).await;
    waiting.log.purge(&office.tenant, finished[0]).await.unwrap();
    let before = dump(&office, &office.tenant).await;

    let tampering = format!(
        "update agent_runs set prompt = 'x', status = 'failed', input_tokens = 9 where id <> '{}'",
        finished[0]
    );
    tamper(&office, &office.tenant, &tampering).await;
    tamper(&office, &office.tenant, &format!("delete from agent_steps where run_id <> '{}'", finished[0])).await;
    let killed = office.begin(&["projection", "rebuild"]);
    until("the first rows", async || {
        let rows = dump(&office, &office.tenant).await;
        let anew = |row: &Value| row["prompt"].is_string() && row["prompt"] != "x" && row["id"] != json!(finished[0]);
        rows.iter().any(anew).then_some(())
    })
    .await;
    drop(killed);
    let said = office.sba(&["projection", "rebuild", "--json"]).await.documents().remove(0);
    assert_eq!(said, json!({"runs": 320, "left_out": 0, "nobodys": 0}), "319 that have ended, and one that has not");
    assert_eq!(dump(&office, &office.tenant).await, before);

    // And again, with runs in flight.
    tamper(&office, &office.tenant, &tampering).await;
    let mut busy = writer(&office).await;
    let write = async {
        for step in 1..=60 {
            tool_step(&mut busy, step).await;
        }
        end(&mut busy, RunStatus::Completed).await;
    };
    let (rebuilt, ()) = tokio::join!(office.sba(&["projection", "rebuild"]), write);
    assert_eq!(rebuilt.code, 0, "{rebuilt:?}");
    projected(&office).await;
    let after = dump(&office, &office.tenant).await;
    let others = |row: &Value| row["id"] != json!(busy.run) && row["run_id"] != json!(busy.run);
    assert_eq!(after.iter().filter(|row| others(row)).cloned().collect::<Vec<_>>(), before);
    let steps = after.iter().filter(|row| row["run_id"] == json!(busy.run) && row["number"].is_number());
    assert_eq!(steps.filter(|row| row["status"] == "completed").count(), 60, "nothing was lost in between");
    // The projected rows are those of a second rebuild, too.
    assert_eq!(office.sba(&["projection", "rebuild", "--run", &busy.run.to_string()]).await.code, 0);
    assert_eq!(dump(&office, &office.tenant).await, after);
}

#[tokio::test]
async fn a_log_that_was_restored_is_what_the_rows_say() {
    let (office, orchestrator) = orchestrated().await;
    let mut run = writer(&office).await;
    let early = run.clone();
    tool_step(&mut run, 1).await;
    end(&mut run, RunStatus::Completed).await;
    let lost = ended(&office).await;
    projected(&office).await;
    drop(orchestrator);
    let of_lost = |rows: Vec<Value>| {
        rows.into_iter().filter(|row| row["id"] == json!(lost) || row["run_id"] == json!(lost)).collect::<Vec<_>>()
    };
    let before = of_lost(dump(&office, &office.tenant).await);

    // An older log: the run had only begun, the other was not there yet.
    office.jetstream.delete_stream(Stream::Runs.as_str()).await.unwrap();
    let runs = Stream::Runs.config(&Sizing::default());
    office.jetstream.create_stream(runs).await.unwrap();
    let mut old = Writer { seq: 1, attempt: 0, fence: 0, ..early };
    old.create().await.unwrap();
    old.take().await.unwrap().unwrap();
    let _again = office.begin(&["orchestrator"]);
    let row = until("the row as the log has it", async || {
        let rows = dump(&office, &office.tenant).await;
        let row = rows.into_iter().find(|row| row["id"] == json!(old.run)).unwrap();
        (row["status"] != "completed").then_some(row)
    })
    .await;
    assert_eq!((&row["seq"], &row["ended_at"]), (&json!(2), &Value::Null), "{row}");
    assert_eq!(of_lost(dump(&office, &office.tenant).await), before, "what only Postgres has");
    // What is said from now on is projected as ever.
    end(&mut old, RunStatus::Failed).await;
    until("the end", async || {
        let rows = dump(&office, &office.tenant).await;
        rows.into_iter().find(|row| row["id"] == json!(old.run) && row["status"] == "failed")
    })
    .await;
}

#[tokio::test]
async fn the_status_says_how_far_it_is_and_what_was_left_out() {
    let office = Office::open().await;
    let run = ended(&office).await;
    let status = async || office.sba(&["projection", "status", "--json"]).await.documents().remove(0);
    let first = status().await;
    assert_eq!((&first["position"], &first["lag"], &first["left_out"]), (&json!(0), &json!(8), &json!(0)), "{first}");
    assert!(first["lag_ms"].is_number());
    office.configure(&json!({"model": {"provider": "scripted"}, "telemetry": {"metrics_listen": ""}}));
    let _orchestrator = office.begin(&["orchestrator"]);
    projected(&office).await;
    let subject = Subject::events(&office.tenant, run).to_string();
    let nonsense = office.jetstream.publish(subject, "no record".into()).await.unwrap().await.unwrap().sequence;
    let left = until("what was left out", async || {
        let now = status().await;
        (now["left_out"] == 1).then_some(now)
    })
    .await;
    let entry = &left["entries"][0];
    assert_eq!((&entry["sequence"], &entry["code"]), (&json!(nonsense), &json!("record_headless")), "{left}");
    let text = office.sba(&["projection", "status"]).await;
    assert!(text.out.contains("left out  1") && text.out.contains("record_headless"), "{text:?}");
}

#[tokio::test]
async fn what_the_database_refused_is_written_by_a_rebuild_once_it_takes_it() {
    let (office, _orchestrator) = orchestrated().await;
    let mut owner = PgConnection::connect(&office.database.owner_url).await.unwrap();
    let refused = Writer { tenant: office.tenant.clone(), ..Writer::new(&office.jetstream).await.unwrap() };
    let check = format!("alter table agent_runs add constraint odd check (id <> '{}')", refused.run);
    sqlx::query(AssertSqlSafe(check)).execute(&mut owner).await.unwrap();
    let mut run = refused;
    run.create().await.unwrap();
    let other = ended(&office).await;
    let status = async || office.sba(&["projection", "status", "--json"]).await.documents().remove(0);
    let left = until("what was left out", async || {
        let now = status().await;
        (now["left_out"] == 1).then_some(now)
    })
    .await;
    let entry = &left["entries"][0];
    assert_eq!((&entry["run_id"], &entry["tenant_id"]), (&json!(run.run), &json!(office.tenant.id())), "{left}");
    assert_eq!(entry["code"], json!("invalid_value"));
    projected(&office).await;
    let rows = dump(&office, &office.tenant).await;
    assert!(rows.iter().any(|row| row["id"] == json!(other)), "it stands in nobody's way");
    let said = office.sba(&["projection", "rebuild", "--json"]).await;
    assert_eq!(said.code, 4, "{said:?}");
    let counts: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(counts, json!({"runs": 1, "left_out": 1, "nobodys": 0}));

    sqlx::query("alter table agent_runs drop constraint odd").execute(&mut owner).await.unwrap();
    assert_eq!(office.sba(&["projection", "rebuild"]).await.code, 0);
    let rows = dump(&office, &office.tenant).await;
    assert!(rows.iter().any(|row| row["id"] == json!(run.run)), "{rows:?}");
    assert_eq!(status().await["left_out"], json!(0));
}

#[tokio::test]
async fn what_cannot_be_rebuilt_is_said() {
    let office = Office::open().await;
    let nobodys = crate::support::id::<RunId>().to_string();
    let said = office.sba(&["projection", "rebuild", "--run", &nobodys]).await;
    assert_eq!(said.failure(), (3, "run_unknown"), "{said:?}");
    assert_eq!(office.sba(&["projection", "rebuild", "--tenant", "acme"]).await.code, 2);
    // A tenant that Postgres does not know.
    let mut stranger = Writer::new(&office.jetstream).await.unwrap();
    stranger.create().await.unwrap();
    say(&mut stranger, None, vec![token("x")]).await;
    let said = office.sba(&["projection", "rebuild", "--json"]).await.documents();
    assert_eq!(said, [json!({"runs": 0, "left_out": 0, "nobodys": 1})]);
    office.configure(&json!({"database": {"url": "postgres://sba_app@127.0.0.1:1/sba", "startup_timeout_ms": 500}}));
    for command in ["status", "rebuild"] {
        assert_eq!(office.sba(&["projection", command]).await.failure(), (1, "database_unreachable"), "{command}");
    }
}
