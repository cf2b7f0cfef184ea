#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use sba_subjects::{
    envelope::VERSION,
    id::{CallId, DocumentId, UserId},
    job::IndexJob,
    name::Queue,
};
use uuid::Uuid;

use super::*;

fn tenant(letter: &str) -> TenantKey {
    format!("A{}", letter.repeat(55)).parse().unwrap()
}

fn job(tenant: &TenantKey) -> Job {
    Job {
        v: VERSION,
        id: CallId::from_uuid(Uuid::from_u128(7)),
        tenant_id: tenant.id(),
        user_id: UserId::from_uuid(Uuid::nil()),
        ts: 0,
        body: JobBody::Index(IndexJob {
            document_id: DocumentId::from_uuid(Uuid::nil()),
            content_sha256: "00".repeat(32),
        }),
    }
}

fn subject(tenant: &TenantKey, call: u128) -> String {
    let call = CallId::from_uuid(Uuid::from_u128(call));
    Subject::Job { tenant: tenant.clone(), queue: Queue::Index, call }.to_string()
}

fn refusal(subject: &str, payload: &[u8]) -> String {
    match read(subject, payload, 1) {
        Err(Unreadable::Broken(error)) => error.message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_job_is_read() {
    let (tenant, job) = (tenant("B"), job(&tenant("B")));
    let typed = read(&subject(&tenant, 7), &codec::encode(&job).unwrap(), 3).unwrap();
    assert_eq!(typed, Typed { tenant, job, attempt: 3 });
}

#[test]
fn a_job_of_one_tenant_on_the_subject_of_another_is_refused() {
    let body = codec::encode(&job(&tenant("B"))).unwrap();
    assert_eq!(refusal(&subject(&tenant("C"), 7), &body), "the job names another tenant than its subject");
    assert_eq!(refusal(&subject(&tenant("B"), 8), &body), "the job names another call than its subject");
}

#[test]
fn garbage_is_refused_and_the_future_is_left_alone() {
    let tenant = tenant("B");
    let at = subject(&tenant, 7);
    for garbage in [b"".as_slice(), b"\xff\xff", b"{}", &[0xa0]] {
        assert_eq!(refusal(&at, garbage), "the message cannot be read as a job");
    }
    assert_eq!(refusal("sba.x.job.00.index.y", b""), "the message cannot be read as a job");
    assert_eq!(refusal("hb.00000000-0000-0000-0000-000000000000", b""), "the subject is not that of a job");
    let future = codec::encode(&Job { v: VERSION + 1, ..job(&tenant) }).unwrap();
    assert!(matches!(read(&at, &future, 1), Err(Unreadable::Future(_))));
    let newer = at.replace(".index.", ".sweep.");
    assert!(matches!(read(&newer, b"", 1), Err(Unreadable::Future(_))));
}
