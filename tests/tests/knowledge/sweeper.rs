//! Sweeping over all tenants.

use std::{
    fs::File,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use sba_service::{
    clock::SystemClock,
    config::{Config, Millis},
    metrics::Metrics,
};
use sba_store::{
    artifacts::{self, NewArtifact},
    audit::Actor,
    blob::BlobKey,
    documents::{self, DocumentStatus},
    effects::{self, Call},
    idempotency::{self, Claim, Request},
    schedules::{self, Missed, NewSchedule, Timing},
    sessions::{self, Session},
    starts,
};
use sba_subjects::{
    id::{ArtifactId, CallId, RunId, ScheduleId, SessionId, TenantId, TenantKey, UserId},
    stream::Stream,
    subject::Subject,
};
use sba_workers::sweeper::Sweeper;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::support::{Bench, new_document, new_tenant, until};

const DAY: Duration = Duration::from_secs(86_400);

/// A sweeper for which everything is old that is a minute old.
fn sweeper(bench: &Bench) -> Sweeper {
    let mut config = Config::default();
    config.sweeper.blob_age_ms = Millis::new(60_000);
    let (store, blobs, jetstream) = (bench.store.clone(), bench.blobs.clone(), bench.jetstream.clone());
    Sweeper::new(&config, store, blobs, jetstream, SystemClock::shared(), Metrics::new().unwrap())
}

/// A worker whose own sweeper finds nothing.
async fn bench() -> Bench {
    let never = |config: &mut Config| {
        config.gateway.idempotency_hours = 720;
        config.sweeper.blob_age_ms = Millis::new(31_536_000_000);
        config.sweeper.overdue_age_ms = Millis::new(604_800_000);
    };
    Bench::start_configured(never, Vec::new()).await
}

fn file(bench: &Bench, blob: &BlobKey) -> PathBuf {
    bench.folder().join("blobs").join(blob.to_string())
}

fn make_old(path: &Path) {
    File::options().write(true).open(path).unwrap().set_modified(SystemTime::now() - DAY).unwrap();
}

/// Bytes of an upload, a day old, that no row names.
async fn upload(bench: &Bench, tenant: TenantId, content: u8) -> BlobKey {
    let blob = BlobKey::document(tenant, Uuid::new_v4(), [content; 32]);
    bench.blobs.put(&blob, vec![content].into()).await.unwrap();
    make_old(&file(bench, &blob));
    blob
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_nothing_names_go_and_all_others_stay() {
    let bench = bench().await;
    let tenant = bench.tenant.id();
    let other = new_tenant(&bench.store).await;
    let kept = bench.put("kept.txt", "text/plain", b"Kept.").await;
    let blob = bench.settled(kept).await.blob;
    make_old(&file(&bench, &blob));
    let (orphan, theirs) = (upload(&bench, tenant, 1).await, upload(&bench, other.id(), 2).await);
    let torn = file(&bench, &orphan).with_file_name("0123#1");
    std::fs::write(&torn, "half").unwrap();
    make_old(&torn);
    let stranger = bench.folder().join("blobs/readme.txt");
    std::fs::write(&stranger, "not ours").unwrap();
    make_old(&stranger);
    // An upload in flight: its bytes are there, its row is not yet.
    let arriving = new_document(&bench.tenant, "arriving.txt", "text/plain", b"Arriving.");
    bench.blobs.put(&arriving.blob, "Arriving.".into()).await.unwrap();
    let half = file(&bench, &arriving.blob).with_file_name("4567#1");
    std::fs::write(&half, "half").unwrap();

    let tally = sweeper(&bench).sweep().await.unwrap();
    assert_eq!((tally.blobs, tally.torn, tally.left), (2, 1, 0), "{tally:?}");
    for gone in [orphan, theirs] {
        assert_eq!(bench.blobs.get(&gone).await.unwrap_err().code(), "blob_not_found");
    }
    assert!(!torn.exists() && half.exists() && stranger.exists());
    assert_eq!(bench.blobs.get(&blob).await.unwrap(), "Kept.");
    let mut tx = bench.store.begin(tenant).await.unwrap();
    documents::put(&mut tx, &arriving, &Actor::default()).await.unwrap();
    tx.commit().await.unwrap();
    make_old(&file(&bench, &arriving.blob));
    assert_eq!(sweeper(&bench).sweep().await.unwrap().blobs, 0);
    assert_eq!(bench.blobs.get(&arriving.blob).await.unwrap(), "Arriving.");
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_artifact_is_swept_once_its_row_is_gone() {
    let bench = bench().await;
    let id = ArtifactId::from_uuid(Uuid::new_v4());
    let blob = BlobKey::artifact(bench.tenant.id(), id, [7; 32]);
    bench.blobs.put(&blob, "Report.".into()).await.unwrap();
    make_old(&file(&bench, &blob));
    let artifact = NewArtifact {
        id,
        run_id: RunId::from_uuid(Uuid::new_v4()),
        title: "Report".to_owned(),
        media_type: "text/markdown".to_owned(),
        bytes: 7,
        sha256: [7; 32],
        blob,
        citations: serde_json::json!([]),
    };
    let mut tx = bench.store.begin(bench.tenant.id()).await.unwrap();
    artifacts::create(&mut tx, &artifact, &Actor::default()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(sweeper(&bench).sweep().await.unwrap().blobs, 0);
    assert_eq!(bench.blobs.get(&blob).await.unwrap(), "Report.");
    bench.stop().await;
}

/// Rows of every kind that runs out, begun at this time.
async fn rows(bench: &Bench, tenant: &TenantKey, at: OffsetDateTime) {
    let mut tx = bench.store.begin(tenant.id()).await.unwrap();
    let id = Uuid::new_v4();
    let session = Session {
        id: SessionId::from_uuid(id),
        user_id: UserId::from_uuid(id),
        token_hash: [1; 32],
        metadata: serde_json::json!({}),
        created_at: at,
        expires_at: at,
    };
    sessions::create(&mut tx, &session).await.unwrap();
    let key = id.to_string();
    let request = Request { endpoint: "POST /x", key: &key, body_hash: [0; 32], resource_id: id };
    assert_eq!(idempotency::claim(&mut tx, &request, at, DAY).await.unwrap(), Claim::New);
    let call = Call { id: CallId::from_uuid(id), tool_name: "mail".to_owned(), params_hash: [1; 32] };
    effects::begin(&mut tx, &call).await.unwrap();
    starts::begin(&mut tx, call.id, 1).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_go_when_their_time_has_run_out_and_two_may_sweep_at_once() {
    let bench = bench().await;
    let now = SystemClock::shared().now();
    let tenants = [bench.tenant.clone(), new_tenant(&bench.store).await, new_tenant(&bench.store).await];
    for tenant in &tenants {
        for _ in 0..5 {
            rows(&bench, tenant, now - 3 * DAY).await;
        }
        rows(&bench, tenant, now).await;
        upload(&bench, tenant.id(), 9).await;
    }
    let (one, other) = (sweeper(&bench), sweeper(&bench));
    let (one, other) = tokio::join!(one.sweep(), other.sweep());
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!((one.left, other.left), (0, 0), "{one:?} {other:?}");
    let both = (one.sessions + other.sessions, one.keys + other.keys);
    assert_eq!(both, (15, 15), "{one:?} {other:?}");
    // What is remembered of effects is as old as the row itself, so none of it is.
    assert_eq!((one.effects + other.effects, one.starts + other.starts), (0, 0));
    let left = sweeper(&bench).sweep().await.unwrap();
    assert_eq!(left.total(), 0, "{left:?}");
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_finds_a_document_whose_job_was_lost() {
    let quickly = |config: &mut Config| {
        config.sweeper.interval_ms = Millis::new(50);
        config.sweeper.pending_age_ms = Millis::new(50);
    };
    let bench = Bench::start_configured(quickly, Vec::new()).await;
    let new = new_document(&bench.tenant, "lost.txt", "text/plain", b"The lost text.");
    bench.blobs.put(&new.blob, "The lost text.".into()).await.unwrap();
    let mut tx = bench.store.begin(bench.tenant.id()).await.unwrap();
    let id = documents::put(&mut tx, &new, &Actor::default()).await.unwrap().id();
    tx.commit().await.unwrap();
    assert_eq!(bench.settled(id).await.status, DocumentStatus::Indexed);
    bench.idle().await;
    bench.stop().await;
}

/// An active schedule whose next moment is so many seconds from now.
async fn schedule(bench: &Bench, seconds: i64) -> ScheduleId {
    let next_at = OffsetDateTime::now_utc() + time::Duration::seconds(seconds);
    let new = NewSchedule {
        id: ScheduleId::from_uuid(Uuid::new_v4()),
        name: String::new(),
        timing: Timing::Once { at: next_at },
        missed: Missed::Once,
        request: serde_json::json!({}),
        created_by: UserId::from_uuid(Uuid::new_v4()),
        next_at,
    };
    let mut tx = bench.store.begin(bench.tenant.id()).await.unwrap();
    schedules::create(&mut tx, &new, &Actor::default()).await.unwrap();
    tx.commit().await.unwrap();
    new.id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_whose_message_was_lost_is_woken() {
    let bench = bench().await;
    let (lost, late, coming) =
        (schedule(&bench, -3_600).await, schedule(&bench, -10).await, schedule(&bench, 3_600).await);
    let held = schedule(&bench, -3_600).await;
    let mut tx = bench.store.begin(bench.tenant.id()).await.unwrap();
    schedules::pause(&mut tx, held, &Actor::default()).await.unwrap();
    tx.commit().await.unwrap();

    let tally = sweeper(&bench).sweep().await.unwrap();
    assert_eq!((tally.schedules, tally.left), (1, 0), "{tally:?}");
    let timers = bench.jetstream.get_stream(Stream::Timers.as_str()).await.unwrap();
    let due = |schedule| Subject::Due { tenant: bench.tenant.clone(), schedule }.to_string();
    let woken = async |schedule| timers.get_last_raw_message_by_subject(&due(schedule)).await.ok();
    until("the schedule is woken", || woken(lost)).await;
    for other in [late, coming, held] {
        assert!(woken(other).await.is_none());
    }
    bench.stop().await;
}
