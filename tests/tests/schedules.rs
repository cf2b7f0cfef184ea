//! Schedules, with real processes: what starts runs by the clock, whatever dies meanwhile.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::BTreeSet, time::Duration};

use async_nats::jetstream;
use sba::local::Stack;
use sba_subjects::{
    codec,
    envelope::VERSION,
    id::{ScheduleId, TenantKey},
    schedule::Wake,
    subject::Subject,
};
use sba_tests::{
    api::User,
    installation::{everything, with},
};
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tokio::time::sleep;

/// Longest time that a test waits for anything.
const DEADLINE: Duration = Duration::from_secs(60);

/// An installation whose schedules may be quick, and a user of it.
struct House {
    stack: Stack,
    user: User,
}

async fn house() -> House {
    let settings = json!({
        "gateway": {"min_schedule_seconds": 1},
        "orchestrator": {"schedule_grace_ms": 1_000},
        "database": {"acquire_timeout_ms": 500},
    });
    let stack = with(settings).await.unwrap();
    let user = User::new(&stack, "Acme").await.unwrap();
    House { stack, user }
}

impl House {
    fn url(&self, path: &str) -> String {
        format!("{}/api/v1{path}", self.stack.url())
    }

    /// Makes a schedule whose runs ask `prompt`, and gives back its id.
    async fn schedule(&self, prompt: &str, when: Value, missed: &str) -> String {
        let body = json!({"when": when, "missed": missed, "run": {"prompt": prompt}});
        let (status, made) = self.user.post(&self.url("/schedules"), &body).await.unwrap();
        assert_eq!(status, 201, "{made}");
        made["schedule_id"].as_str().unwrap().to_owned()
    }

    async fn get(&self, path: &str) -> Value {
        let (status, found) = self.user.get(&self.url(path)).await.unwrap();
        assert_eq!(status, 200, "{path}: {found}");
        found
    }

    async fn shown(&self, schedule: &str) -> Value {
        self.get(&format!("/schedules/{schedule}")).await
    }

    /// Waits until the schedule looks as it should, and gives it back.
    async fn until(&self, what: &str, schedule: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let path = self.url(&format!("/schedules/{schedule}"));
        sba_tests::api::until(what, DEADLINE, async || {
            let (_, found) = self.user.get(&path).await?;
            Ok(holds(&found).then_some(found))
        })
        .await
        .unwrap()
    }

    /// Waits until the schedule has started a run for a moment after `last`, and gives that moment back.
    async fn next(&self, schedule: &str, last: &str) -> String {
        let shown = self.until("another run", schedule, |shown| started(shown).is_some_and(|at| at > last)).await;
        started(&shown).unwrap().to_owned()
    }

    /// The runs that ask `prompt`, as the log and not only the projection has them.
    async fn runs(&self, prompt: &str) -> BTreeSet<String> {
        let listed = self.get("/runs?limit=100").await;
        let runs = listed["data"].as_array().unwrap().iter();
        runs.filter(|run| run["prompt"] == prompt).map(|run| run["run_id"].as_str().unwrap().to_owned()).collect()
    }

    /// Waits until so many runs ask `prompt`.
    async fn until_runs(&self, prompt: &str, count: usize) {
        sba_tests::api::until(
            "the runs",
            DEADLINE,
            async || Ok((self.runs(prompt).await.len() >= count).then_some(())),
        )
        .await
        .unwrap();
    }

    /// Waits for the last run that asks `prompt`, and holds all of them against each other.
    async fn each_run_is_of_a_moment_of_its_own(&self, prompt: &str, last: &Value) {
        let last = last.as_str().unwrap();
        sba_tests::api::until("the last run", DEADLINE, async || {
            Ok(self.runs(prompt).await.contains(last).then_some(()))
        })
        .await
        .unwrap();
        let (client, mut moments) = (self.user.client(self.stack.url()).unwrap(), BTreeSet::new());
        for run in self.runs(prompt).await {
            let events = everything(&client, run.parse().unwrap()).await.unwrap();
            let said = |kind: &str| events.iter().filter(|event| event.r#type == kind).count();
            assert_eq!((said("created"), said("done")), (1, 1), "{prompt} {run}");
            let moment = events[0].payload["schedule"]["at"].as_u64().unwrap();
            assert!(moments.insert(moment), "{prompt}: two runs of the moment {moment}");
        }
    }

    /// Changes the row of a schedule behind everybody's back.
    async fn tamper(&self, sql: &'static str) {
        let mut owner = PgConnection::connect(&self.stack.database().owner_url).await.unwrap();
        let mut tx = owner.begin().await.unwrap();
        sqlx::query("select set_tenant($1)").bind(self.user.tenant.as_uuid()).execute(&mut *tx).await.unwrap();
        assert_eq!(sqlx::query(sql).execute(&mut *tx).await.unwrap().rows_affected(), 1);
        tx.commit().await.unwrap();
    }

    async fn account(&self) -> TenantKey {
        let mut owner = PgConnection::connect(&self.stack.database().owner_url).await.unwrap();
        let mut tx = owner.begin().await.unwrap();
        sqlx::query("select set_tenant($1)").bind(self.user.tenant.as_uuid()).execute(&mut *tx).await.unwrap();
        let account: String = sqlx::query_scalar("select account from tenants").fetch_one(&mut *tx).await.unwrap();
        account.parse().unwrap()
    }

    /// Says that the moment of a schedule has come, as the server does.
    async fn wake(&self, schedule: &str, at: &str) {
        let jetstream = jetstream::new(self.stack.hub().connect().await.unwrap());
        let schedule: ScheduleId = schedule.parse().unwrap();
        let subject = Subject::Due { tenant: self.account().await, schedule }.to_string();
        let at = u64::try_from(OffsetDateTime::parse(at, &Rfc3339).unwrap().unix_timestamp()).unwrap() * 1_000;
        let body = codec::encode(&Wake { v: VERSION, at }).unwrap();
        jetstream.publish(subject, body).await.unwrap().await.unwrap();
    }
}

/// The last moment for which a run was started.
fn started(shown: &Value) -> Option<&str> {
    (shown["last"]["outcome"] == "started").then(|| shown["last"]["at"].as_str()).flatten()
}

/// So many seconds from now.
fn within(seconds: i64) -> String {
    (OffsetDateTime::now_utc() + time::Duration::seconds(seconds)).format(&Rfc3339).unwrap()
}

#[tokio::test]
async fn runs_are_started_once_or_again_and_again_and_not_while_they_are_held() {
    let house = house().await;
    let once = house.schedule("once", json!({"at": within(2)}), "once").await;
    let paused = house.schedule("paused", json!({"every_seconds": 1}), "once").await;
    let deleted = house.schedule("deleted", json!({"every_seconds": 1}), "once").await;
    let every = house.schedule("every", json!({"every_seconds": 1}), "skip").await;

    let ended = house.until("its end", &once, |shown| shown["status"] == "ended").await;
    assert_eq!((&ended["last"]["outcome"], &ended["next_at"]), (&json!("started"), &Value::Null), "{ended}");
    let run = house.get(&format!("/runs/{}", ended["last"]["run_id"].as_str().unwrap())).await;
    assert_eq!((&run["prompt"], &run["user_id"]), (&json!("once"), &ended["created_by"]), "{run}");

    let held = house.next(&paused, "").await;
    house.next(&deleted, "").await;
    let pause = house.url(&format!("/schedules/{paused}/pause"));
    let (status, shown) = house.user.post(&pause, &json!({})).await.unwrap();
    assert_eq!((status, &shown["status"], &shown["next_at"]), (200, &json!("paused"), &Value::Null), "{shown}");
    let gone = house.user.request(reqwest::Method::DELETE, &house.url(&format!("/schedules/{deleted}")));
    assert_eq!(house.user.send(gone).await.unwrap().0, 204);
    // What was started before is seen in the list when something that came after it is.
    let mut last = house.next(&every, "").await;
    for _ in 0..2 {
        last = house.next(&every, &last).await;
    }
    let every_runs = house.runs("every").await.len();
    house.until_runs("every", every_runs.max(3)).await;
    let (paused_runs, deleted_runs) = (house.runs("paused").await, house.runs("deleted").await);
    for _ in 0..3 {
        last = house.next(&every, &last).await;
    }
    house.until_runs("every", every_runs + 3).await;
    assert_eq!(house.runs("paused").await, paused_runs, "it is held");
    assert_eq!(house.runs("deleted").await, deleted_runs, "it is gone");
    assert_eq!(house.runs("once").await.len(), 1);

    let resume = house.url(&format!("/schedules/{paused}/resume"));
    assert_eq!(house.user.post(&resume, &json!({})).await.unwrap().1["status"], "active");
    assert!(house.next(&paused, &held).await > held);
    // All moments that were held lie behind it, and are nobody's.
    let resumed = house.runs("paused").await.len();
    assert!(resumed <= paused_runs.len() + 3, "{resumed} after {}", paused_runs.len());
}

#[tokio::test]
async fn a_moment_that_is_seen_to_twice_starts_one_run() {
    let house = house().await;
    let schedule = house.schedule("twice", json!({"at": within(1)}), "once").await;
    let ended = house.until("its end", &schedule, |shown| shown["status"] == "ended").await;
    let (at, run) = (ended["last"]["at"].as_str().unwrap(), &ended["last"]["run_id"]);
    // The same message again: the row has gone on.
    house.wake(&schedule, at).await;
    // And as if whoever saw to it had died before the row was committed: the run is the same.
    house
        .tamper(
            "update schedules set status = 'active', next_at = (last_firing ->> 'at')::timestamptz, last_firing = null",
        )
        .await;
    house.wake(&schedule, at).await;
    let again = house.until("its end", &schedule, |shown| shown["status"] == "ended").await;
    assert_eq!(&again["last"]["run_id"], run);
    let marker = house.schedule("marker", json!({"at": within(1)}), "once").await;
    house.until("its end", &marker, |shown| shown["status"] == "ended").await;
    house.until_runs("marker", 1).await;
    assert_eq!(house.runs("twice").await.len(), 1);
    let client = house.user.client(house.stack.url()).unwrap();
    let events = everything(&client, run.as_str().unwrap().parse().unwrap()).await.unwrap();
    assert_eq!(events.iter().filter(|event| event.r#type == "created").count(), 1);
    assert_eq!(events[0].payload["schedule"]["schedule_id"], json!(schedule));
}

#[tokio::test]
async fn what_was_missed_while_all_was_down_is_made_up_for_once_or_not_at_all() {
    let mut house = house().await;
    let made_up = house.schedule("made up", json!({"at": within(4)}), "once").await;
    let skipped = house.schedule("skipped", json!({"at": within(4)}), "skip").await;
    let every = house.schedule("every", json!({"every_seconds": 1}), "once").await;
    house.next(&every, "").await;
    for orchestrator in house.stack.orchestrators() {
        orchestrator.kill().unwrap();
    }
    house.stack.nats().unwrap().kill().unwrap();
    // This is how long all is down: the moments pass, and are missed by more than the grace.
    sleep(Duration::from_secs(8)).await;
    let before = house.shown(&every).await["last"]["at"].as_str().unwrap().to_owned();
    house.stack.nats().unwrap().restart().await.unwrap();
    for orchestrator in house.stack.orchestrators() {
        orchestrator.restart().await.unwrap();
    }
    let back = OffsetDateTime::now_utc().format(&Rfc3339).unwrap();
    let shown = house.until("its end", &made_up, |shown| shown["status"] == "ended").await;
    assert_eq!(shown["last"]["outcome"], "started", "{shown}");
    let shown = house.until("its end", &skipped, |shown| shown["status"] == "ended").await;
    assert_eq!((&shown["last"]["outcome"], &shown["last"]["run_id"]), (&json!("skipped"), &Value::Null), "{shown}");
    let last = house.next(&every, &back).await;
    house.until_runs("made up", 1).await;

    // Of the moments in between, no more than one was made up for.
    let at = |text: &str| OffsetDateTime::parse(text, &Rfc3339).unwrap();
    let missed = (at(&back) - at(&before)).whole_seconds();
    assert!(missed >= 6, "{missed}");
    let (since, runs) = ((at(&last) - at(&back)).whole_seconds(), house.runs("every").await.len());
    let begun =
        (at(&before) - at(house.shown(&every).await["when"]["starting_at"].as_str().unwrap())).whole_seconds() + 1;
    assert!(i64::try_from(runs).unwrap() <= begun + since + 2, "{runs} runs: {begun} before, {since} s after");
    assert_eq!(house.runs("skipped").await.len(), 0);
}

#[tokio::test]
async fn schedules_outlive_the_broker_and_the_database() {
    let mut house = house().await;
    let at = house.schedule("broker", json!({"at": within(3)}), "once").await;
    let every = house.schedule("every", json!({"every_seconds": 1}), "once").await;
    house.stack.nats().unwrap().kill().unwrap();
    // The moment passes without a server.
    sleep(Duration::from_secs(4)).await;
    house.stack.nats().unwrap().restart().await.unwrap();
    house.until("its end", &at, |shown| shown["status"] == "ended").await;
    let last = house.next(&every, "").await;

    house.stack.postgres().stop();
    // Moments pass while nobody can look into their rows.
    sleep(Duration::from_secs(3)).await;
    house.stack.postgres().restart().await.unwrap();
    let last = house.next(&every, &last).await;

    // Each may have had a moment in its hands.
    for index in 0..2 {
        house.stack.orchestrators()[index].kill().unwrap();
        house.stack.orchestrators()[index].restart().await.unwrap();
    }
    house.next(&every, &last).await;
    assert_eq!(house.runs("broker").await.len(), 1);
}

#[tokio::test]
async fn each_moment_starts_one_run_whoever_dies_over_it() {
    let mut house = house().await;
    let every = house.schedule("every", json!({"every_seconds": 1}), "once").await;
    let mut last = house.next(&every, "").await;
    for index in [0, 1, 0, 1] {
        house.stack.orchestrators()[index].kill().unwrap();
        house.stack.orchestrators()[index].restart().await.unwrap();
        last = house.next(&every, &last).await;
    }
    let moment = within(3);
    let at = house.schedule("at", json!({"at": moment}), "once").await;
    for orchestrator in house.stack.orchestrators() {
        orchestrator.kill().unwrap();
    }
    // The moment passes without anybody who could see to it.
    sleep(Duration::from_secs(5)).await;
    assert_eq!(house.shown(&at).await["last"], Value::Null);
    for orchestrator in house.stack.orchestrators() {
        orchestrator.restart().await.unwrap();
    }
    let ended = house.until("its end", &at, |shown| shown["status"] == "ended").await;
    assert_eq!(ended["last"]["at"], ended["when"]["at"], "{ended}");
    house.next(&every, &last).await;
    let pause = house.url(&format!("/schedules/{every}/pause"));
    let (_, paused) = house.user.post(&pause, &json!({})).await.unwrap();
    for (prompt, shown) in [("every", paused), ("at", ended)] {
        house.each_run_is_of_a_moment_of_its_own(prompt, &shown["last"]["run_id"]).await;
    }
    assert_eq!(house.runs("at").await.len(), 1);
}

#[tokio::test]
async fn a_broken_schedule_is_in_no_others_way() {
    let house = house().await;
    let broken = house.schedule("broken", json!({"every_seconds": 1}), "once").await;
    let unread = house.schedule("unread", json!({"every_seconds": 1}), "once").await;
    house.next(&broken, "").await;
    house.tamper("update schedules set request = '{}' where request ->> 'prompt' = 'broken'").await;
    house.tamper("update schedules set timing = '{\"kind\": \"cron\"}' where request ->> 'prompt' = 'unread'").await;
    let failed = house.until("a failure", &broken, |shown| shown["last"]["outcome"] == "failed").await;
    assert_eq!(failed["last"]["error"]["code"], "schedule_unreadable", "{failed}");
    let (status, _) = house.user.get(&house.url(&format!("/schedules/{unread}"))).await.unwrap();
    assert_eq!(status, 500);
    let fine = house.schedule("fine", json!({"every_seconds": 1}), "once").await;
    let last = house.next(&fine, "").await;
    house.next(&fine, &last).await;

    // What holds for all of a tenant's runs cannot be read: no run is started, and the schedule says why.
    house.tamper("update tenants set config = '{\"top_k\": \"six\"}'").await;
    let failed = house.until("a failure", &fine, |shown| shown["last"]["outcome"] == "failed").await;
    assert_eq!(failed["last"]["error"]["code"], "settings_unreadable", "{failed}");
    house.tamper("update tenants set config = '{}'").await;
    house.next(&fine, failed["last"]["at"].as_str().unwrap()).await;

    // A tenant that is gone starts nothing any more, though what wakes its schedules stays.
    house.tamper("update tenants set deleted_at = now()").await;
    let neighbour = User::new(&house.stack, "Other").await.unwrap();
    let House { stack, user } = house;
    let theirs = House { stack, user: neighbour };
    let other = theirs.schedule("theirs", json!({"every_seconds": 1}), "once").await;
    let mut last = theirs.next(&other, "").await;
    let seen = async || {
        let mut owner = PgConnection::connect(&theirs.stack.database().owner_url).await.unwrap();
        let mut tx = owner.begin().await.unwrap();
        sqlx::query("select set_tenant($1)").bind(user.tenant.as_uuid()).execute(&mut *tx).await.unwrap();
        let sql = "select max(last_firing ->> 'at') from schedules where request ->> 'prompt' = 'fine'";
        sqlx::query_scalar::<_, Option<String>>(sql).fetch_one(&mut *tx).await.unwrap()
    };
    let before = seen().await;
    assert!(before.is_some());
    for _ in 0..3 {
        last = theirs.next(&other, &last).await;
    }
    assert_eq!(seen().await, before);
}
