//! Tasks.

use sba_store::{
    Page, audit,
    tasks::{self, Changes, NewTask},
};
use sba_subjects::{
    id::{RunId, TaskId, UserId},
    tool::task::TaskStatus,
};
use uuid::Uuid;

use crate::support::{self, actor, at};

pub(crate) fn task(number: u128) -> NewTask {
    NewTask {
        id: TaskId::from_uuid(Uuid::from_u128(number)),
        title: format!("Task {number}"),
        description: "a\0b".to_owned(),
        assignee: Some(UserId::from_uuid(Uuid::from_u128(7))),
        due_at: Some(at(60)),
        created_by: UserId::from_uuid(Uuid::from_u128(8)),
        run_id: Some(RunId::from_uuid(Uuid::from_u128(9))),
    }
}

#[tokio::test]
async fn a_task_is_created_once() {
    let (store, tenant) = support::store().await;
    let mut tx = store.begin(tenant.id()).await.unwrap();
    assert!(tasks::create(&mut tx, &task(1), &actor()).await.unwrap());
    let other = NewTask { title: "Other".to_owned(), ..task(1) };
    assert!(!tasks::create(&mut tx, &other, &actor()).await.unwrap());
    let stored = tasks::get(&mut tx, task(1).id).await.unwrap().unwrap();
    assert_eq!((stored.title.as_str(), stored.description.as_str()), ("Task 1", "a\u{fffd}b"));
    assert_eq!((stored.status, stored.due_at, stored.completed_at), (TaskStatus::Open, Some(at(60)), None));
    let entries = audit::list(&mut tx, Page::default()).await.unwrap().items;
    assert_eq!(entries.iter().filter(|entry| entry.action == "task_created").count(), 1);
}

#[tokio::test]
async fn what_is_left_out_of_a_change_stays() {
    let (store, tenant) = support::store().await;
    let mut tx = store.begin(tenant.id()).await.unwrap();
    tasks::create(&mut tx, &task(1), &actor()).await.unwrap();
    let id = task(1).id;
    let changes = Changes { title: Some("New".to_owned()), assignee: Some(None), ..Changes::default() };
    let changed = tasks::update(&mut tx, id, &changes, &actor()).await.unwrap().unwrap();
    assert_eq!((changed.title.as_str(), changed.assignee, changed.due_at), ("New", None, Some(at(60))));
    let completed = tasks::complete(&mut tx, id, &actor()).await.unwrap().unwrap();
    assert!(completed.completed_at.is_some());
    assert_eq!(tasks::complete(&mut tx, id, &actor()).await.unwrap().unwrap(), completed, "again changes nothing");
    let reopened = Changes { status: Some(TaskStatus::Open), ..Changes::default() };
    let reopened = tasks::update(&mut tx, id, &reopened, &actor()).await.unwrap().unwrap();
    assert_eq!((reopened.status, reopened.completed_at), (TaskStatus::Open, None));
    let nobodys = TaskId::from_uuid(Uuid::nil());
    assert!(tasks::update(&mut tx, nobodys, &changes, &actor()).await.unwrap().is_none());
    assert!(tasks::complete(&mut tx, nobodys, &actor()).await.unwrap().is_none());
}

#[tokio::test]
async fn tasks_are_listed_in_pages_and_by_status() {
    let (store, tenant) = support::store().await;
    for number in 1..=3 {
        let mut tx = store.begin(tenant.id()).await.unwrap();
        tasks::create(&mut tx, &task(number), &actor()).await.unwrap();
        tx.commit().await.unwrap();
    }
    let mut tx = store.begin(tenant.id()).await.unwrap();
    tasks::complete(&mut tx, task(2).id, &actor()).await.unwrap();
    let page = tasks::list(&mut tx, None, Page::new(2, 2)).await.unwrap();
    assert_eq!((page.total, page.items.len(), page.items[0].id), (3, 1, task(1).id));
    let open = tasks::list(&mut tx, Some(TaskStatus::Open), Page::default()).await.unwrap();
    assert_eq!(open.items.iter().map(|task| task.id).collect::<Vec<_>>(), [task(3).id, task(1).id]);
}

#[tokio::test]
async fn what_no_task_can_be_is_refused_by_the_database_too() {
    let (store, tenant) = support::store().await;
    for bad in [
        NewTask { title: String::new(), ..task(1) },
        NewTask { title: "x".repeat(tasks::MAX_TITLE + 1), ..task(1) },
        NewTask { description: "x".repeat(tasks::MAX_DESCRIPTION + 1), ..task(1) },
    ] {
        let mut tx = store.begin(tenant.id()).await.unwrap();
        assert_eq!(tasks::create(&mut tx, &bad, &actor()).await.unwrap_err().code(), "invalid_value");
    }
}
