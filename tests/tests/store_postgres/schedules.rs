//! Schedules.

use sba_store::{
    Page, audit,
    schedules::{self, Firing, Missed, NewSchedule, Outcome, ScheduleStatus, Timing},
};
use sba_subjects::id::{RunId, ScheduleId, UserId};
use serde_json::json;
use uuid::Uuid;

use crate::support::{self, actor, at};

pub(crate) fn schedule(number: u128) -> NewSchedule {
    NewSchedule {
        id: ScheduleId::from_uuid(Uuid::from_u128(number)),
        name: format!("Schedule {number}"),
        timing: Timing::Interval { seconds: 60, from: at(60) },
        missed: Missed::Skip,
        request: json!({"prompt": "a\0b"}),
        created_by: UserId::from_uuid(Uuid::from_u128(8)),
        next_at: at(60),
    }
}

#[tokio::test]
async fn a_schedule_is_kept_as_it_was_made() {
    let (store, tenant) = support::store().await;
    let mut tx = store.begin(tenant.id()).await.unwrap();
    schedules::create(&mut tx, &schedule(1), &actor()).await.unwrap();
    let stored = schedules::get(&mut tx, schedule(1).id).await.unwrap().unwrap();
    assert_eq!((stored.name.as_str(), stored.missed, stored.timing), ("Schedule 1", Missed::Skip, schedule(1).timing));
    assert_eq!((stored.status, stored.next_at, stored.last), (ScheduleStatus::Active, Some(at(60)), None));
    assert_eq!((stored.request, stored.created_by), (json!({"prompt": "a\u{fffd}b"}), schedule(1).created_by));
    assert_eq!(schedules::create(&mut tx, &schedule(1), &actor()).await.unwrap_err().code(), "conflict");
}

#[tokio::test]
async fn what_became_of_a_moment_is_noted_and_the_last_one_ends_it() {
    let (store, tenant) = support::store().await;
    let mut tx = store.begin(tenant.id()).await.unwrap();
    schedules::create(&mut tx, &schedule(1), &actor()).await.unwrap();
    let run_id = Some(RunId::from_uuid(Uuid::from_u128(9)));
    let firing = Firing { at: at(60), seen_at: at(61), outcome: Outcome::Started, run_id, error: None };
    schedules::settle(&mut tx, schedule(1).id, &firing, Some(at(120))).await.unwrap();
    let stored = schedules::lock(&mut tx, schedule(1).id).await.unwrap().unwrap();
    assert_eq!(
        (stored.status, stored.next_at, stored.last.as_ref()),
        (ScheduleStatus::Active, Some(at(120)), Some(&firing))
    );
    schedules::settle(&mut tx, schedule(1).id, &firing, None).await.unwrap();
    let stored = schedules::get(&mut tx, schedule(1).id).await.unwrap().unwrap();
    assert_eq!((stored.status, stored.next_at), (ScheduleStatus::Ended, None));
    assert!(!schedules::pause(&mut tx, schedule(1).id, &actor()).await.unwrap(), "what has ended is not held");
}

#[tokio::test]
async fn each_change_by_a_person_is_audited_once() {
    let (store, tenant) = support::store().await;
    let mut tx = store.begin(tenant.id()).await.unwrap();
    let id = schedule(1).id;
    schedules::create(&mut tx, &schedule(1), &actor()).await.unwrap();
    assert!(schedules::pause(&mut tx, id, &actor()).await.unwrap());
    assert!(!schedules::pause(&mut tx, id, &actor()).await.unwrap());
    assert!(schedules::resume(&mut tx, id, at(180), &actor()).await.unwrap());
    assert!(!schedules::resume(&mut tx, id, at(240), &actor()).await.unwrap());
    assert_eq!(schedules::get(&mut tx, id).await.unwrap().unwrap().next_at, Some(at(180)));
    assert!(schedules::delete(&mut tx, id, &actor()).await.unwrap());
    assert!(!schedules::delete(&mut tx, id, &actor()).await.unwrap());
    let mut actions: Vec<_> =
        audit::list(&mut tx, Page::default()).await.unwrap().items.into_iter().map(|entry| entry.action).collect();
    actions.retain(|action| action.starts_with("schedule"));
    actions.sort();
    assert_eq!(actions, ["schedule_created", "schedule_deleted", "schedule_paused", "schedule_resumed"]);
}

#[tokio::test]
async fn schedules_are_counted_and_listed_by_status() {
    let (store, tenant) = support::store().await;
    let mut tx = store.begin(tenant.id()).await.unwrap();
    for number in 1..=2 {
        assert!(schedules::room(&mut tx, 2).await.unwrap());
        schedules::create(&mut tx, &schedule(number), &actor()).await.unwrap();
    }
    assert!(!schedules::room(&mut tx, 2).await.unwrap());
    schedules::pause(&mut tx, schedule(1).id, &actor()).await.unwrap();
    let paused = schedules::list(&mut tx, Some(ScheduleStatus::Paused), Page::default()).await.unwrap();
    assert_eq!((paused.total, paused.items[0].id), (1, schedule(1).id));
    assert_eq!(schedules::list(&mut tx, None, Page::new(2, 1)).await.unwrap().items.len(), 1);
}

#[tokio::test]
async fn active_schedules_that_nobody_saw_to_are_found_in_parts() {
    let (store, tenant) = support::store().await;
    let mut tx = store.begin(tenant.id()).await.unwrap();
    for number in 1..=3 {
        schedules::create(&mut tx, &schedule(number), &actor()).await.unwrap();
    }
    schedules::pause(&mut tx, schedule(2).id, &actor()).await.unwrap();
    let (first, last) = ((schedule(1).id, at(60)), (schedule(3).id, at(60)));
    assert_eq!(schedules::overdue(&mut tx, at(61), None, 1).await.unwrap(), [first]);
    assert_eq!(schedules::overdue(&mut tx, at(61), Some(first.0), 1).await.unwrap(), [last]);
    assert_eq!(schedules::overdue(&mut tx, at(61), Some(last.0), 1).await.unwrap(), []);
    assert_eq!(schedules::overdue(&mut tx, at(60), None, 10).await.unwrap(), []);
}

#[tokio::test]
async fn whoever_holds_a_schedule_keeps_others_waiting() {
    let (store, tenant) = support::store().await;
    let mut tx = store.begin(tenant.id()).await.unwrap();
    schedules::create(&mut tx, &schedule(1), &actor()).await.unwrap();
    tx.commit().await.unwrap();
    let mut holds = store.begin(tenant.id()).await.unwrap();
    schedules::lock(&mut holds, schedule(1).id).await.unwrap().unwrap();
    let pausing = {
        let (store, tenant) = (store.clone(), tenant.clone());
        tokio::spawn(async move {
            let mut tx = store.begin(tenant.id()).await.unwrap();
            let paused = schedules::pause(&mut tx, schedule(1).id, &actor()).await.unwrap();
            tx.commit().await.unwrap();
            paused
        })
    };
    let firing = Firing { at: at(60), seen_at: at(61), outcome: Outcome::Skipped, run_id: None, error: None };
    schedules::settle(&mut holds, schedule(1).id, &firing, Some(at(120))).await.unwrap();
    assert!(!pausing.is_finished());
    holds.commit().await.unwrap();
    assert!(pausing.await.unwrap());
    let mut tx = store.begin(tenant.id()).await.unwrap();
    let stored = schedules::get(&mut tx, schedule(1).id).await.unwrap().unwrap();
    assert_eq!((stored.status, stored.last), (ScheduleStatus::Paused, Some(firing)), "neither is lost");
}
