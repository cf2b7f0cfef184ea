#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use sba_subjects::{
    envelope::VERSION,
    id::{DocumentId, UserId},
    job::{IndexJob, JobBody},
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
            upload: None,
        }),
    }
}

fn subject(tenant: &TenantKey, call: u128) -> String {
    let call = CallId::from_uuid(Uuid::from_u128(call));
    Subject::Job { tenant: tenant.clone(), queue: Queue::Index, call }.to_string()
}

fn refusal(subject: &str, payload: &[u8]) -> String {
    match read(subject, payload, 1) {
        Err(Unreadable::Broken(error, None)) => error.message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_job_is_read() {
    let (tenant, job) = (tenant("B"), job(&tenant("B")));
    let typed = read(&subject(&tenant, 7), &codec::encode(&job).unwrap(), 3).unwrap();
    assert_eq!(typed, Typed { tenant, queue: Queue::Index, job, attempt: 3 });
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
    assert_eq!(refusal("sba.x.job.00.index.y", b""), "the subject cannot be read");
    assert_eq!(refusal("hb.00000000-0000-0000-0000-000000000000", b""), "the subject is not that of a job");
    let future = codec::encode(&Job { v: VERSION + 1, ..job(&tenant) }).unwrap();
    assert!(matches!(read(&at, &future, 1), Err(Unreadable::Future(_))));
    let newer = at.replace(".index.", ".sweep.");
    assert!(matches!(read(&newer, b"", 1), Err(Unreadable::Future(_))));
}

#[test]
fn a_broken_call_names_the_run_that_waits_and_a_forged_one_none() {
    let tenant = tenant("B");
    let at = subject(&tenant, 7);
    let (call, run) = (Uuid::from_u128(7), Uuid::from_u128(9));
    let broken = |tenant: &TenantKey, call: Uuid| {
        let body = serde_json::json!({"run": run, "step": "one", "tool_name": "echo"});
        let job = serde_json::json!({"v": VERSION, "id": call, "tenant_id": tenant.id(), "body": {"kind": "tool", "body": body}});
        match read(&at, &codec::encode(&job).unwrap(), 1) {
            Err(Unreadable::Broken(_, waiting)) => waiting,
            other => panic!("{other:?}"),
        }
    };
    let waiting = broken(&tenant, call).unwrap();
    assert_eq!((waiting.run.as_uuid(), waiting.call.as_uuid(), waiting.tool_name.as_str()), (run, call, "echo"));
    assert_eq!(broken(&self::tenant("C"), call), None);
    assert_eq!(broken(&tenant, run), None);
}
