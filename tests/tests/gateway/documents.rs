//! Handing documents in and taking them out.

use reqwest::{
    Method,
    multipart::{Form, Part},
};
use sba_gateway::auth::Role;
use sba_store::documents;
use sba_store::{Page, audit};
use sba_subjects::{
    codec,
    job::{Job, JobBody},
    stream::Stream,
};
use serde_json::{Value, json};

use super::support::{House, answer, house};

const PATH: &str = "/knowledge/documents";

async fn upload(house: &House, source: &str, content: &str) -> (u16, Value) {
    let file = Part::text(content.to_owned()).file_name("terms.md").mime_str("application/octet-stream").unwrap();
    let form = Form::new().text("source", source.to_owned()).part("file", file);
    let (status, body) = answer(house.request(Method::POST, PATH, &house.member()).multipart(form)).await;
    (status.as_u16(), body)
}

async fn jobs(house: &House) -> u64 {
    let mut stream = house.jetstream.get_stream(Stream::Jobs.as_str()).await.unwrap();
    stream.info().await.unwrap().state.messages
}

fn blobs(house: &House) -> usize {
    fn count(folder: &std::path::Path) -> usize {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.map(|path| if path.is_dir() { count(&path) } else { 1 }).sum()
    }
    count(house.blobs.path())
}

#[tokio::test]
async fn a_document_is_kept_and_queued_for_indexing_once() {
    let house = house().await;
    let (status, document) = upload(&house, "a/terms.md", "# Terms").await;
    assert_eq!(status, 202, "{document}");
    let found = ["status", "change", "title", "media_type", "source"].map(|field| document[field].as_str().unwrap());
    assert_eq!(found, ["pending", "created", "terms.md", "text/markdown", "a/terms.md"]);
    let stored = house.jetstream.get_stream(Stream::Jobs.as_str()).await.unwrap().get_raw_message(1).await.unwrap();
    let job: Job = codec::decode(&stored.payload).unwrap();
    let JobBody::Index(index) = job.body else { panic!("{job:?}") };
    assert_eq!(json!(index.document_id), document["document_id"]);
    assert_eq!(json!(index.content_sha256), document["sha256"]);

    let (status, again) = upload(&house, "a/terms.md", "# Terms").await;
    assert_eq!((status, &again["change"]), (202, &json!("unchanged")));
    assert_eq!((jobs(&house).await, blobs(&house)), (1, 1));

    let (_, changed) = upload(&house, "a/terms.md", "# Other terms").await;
    assert_eq!((&changed["change"], &changed["document_id"]), (&json!("replaced"), &document["document_id"]));
    assert_eq!((jobs(&house).await, blobs(&house)), (2, 1), "the old bytes are gone");
    let list = house.get(PATH).await.1;
    assert_eq!((&list["meta"]["total"], &list["data"][0]["sha256"]), (&json!(1), &changed["sha256"]));
}

#[tokio::test]
async fn a_deleted_document_is_gone_with_its_bytes_and_its_name_recorded() {
    let house = house().await;
    let (status, document) = house.post(PATH, &json!({"title": "T", "text": "a", "source": "t.txt"})).await;
    assert_eq!((status.as_u16(), &document["media_type"]), (202, &json!("text/plain")));
    let path = format!("{PATH}/{}", document["document_id"].as_str().unwrap());
    let neighbour = house.neighbour().await;
    let stranger = house.token(&neighbour, 7, &[Role::TenantAdmin]);
    for method in [Method::GET, Method::DELETE] {
        assert_eq!(answer(house.request(method, &path, &stranger)).await.0, 404);
    }
    assert_eq!(house.get(&path).await.0, 200);
    let viewer = house.token(&house.tenant, 7, &[Role::Viewer]);
    assert_eq!(answer(house.request(Method::DELETE, &path, &viewer)).await.0, 403);
    assert_eq!(answer(house.request(Method::DELETE, &path, &house.member())).await.0, 204);
    assert_eq!(house.get(&path).await.0, 404);
    assert_eq!(answer(house.request(Method::DELETE, &path, &house.member())).await.0, 404);
    assert_eq!(blobs(&house), 0);
    let mut tx = house.store.begin(house.tenant.id()).await.unwrap();
    let entries = audit::list(&mut tx, Page::default()).await.unwrap().items;
    let actions: Vec<_> = entries.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["document_deleted", "document_created", "tenant_created"]);
}

#[tokio::test]
async fn an_idempotency_key_stands_for_one_document() {
    let house = house().await;
    let body = |text: &str| json!({"title": "T", "text": text, "idempotencyKey": "k"});
    assert_eq!(house.post(PATH, &body("a")).await.0, 202);
    assert_eq!(house.post(PATH, &body("a")).await.0, 202);
    let (status, refused) = house.post(PATH, &body("b")).await;
    assert_eq!((status.as_u16(), &refused["error"]["code"]), (409, &json!("idempotency_conflict")));
}

#[tokio::test]
async fn a_request_that_is_sent_again_undoes_nothing_that_came_since() {
    let house = house().await;
    let put = async |key: &str, text: &str| {
        let body = json!({"title": "T", "text": text, "source": "t.txt", "idempotencyKey": key});
        let (status, body) = house.post(PATH, &body).await;
        (status.as_u16(), body)
    };
    let (_, first) = put("one", "first").await;
    let (_, second) = put("two", "second").await;
    let (status, late) = put("one", "first").await;
    assert_eq!((status, &late["change"], &late["sha256"]), (202, &json!("unchanged"), &second["sha256"]));
    let path = format!("{PATH}/{}", first["document_id"].as_str().unwrap());
    assert_eq!(answer(house.request(Method::DELETE, &path, &house.member())).await.0, 204);
    let (status, gone) = put("two", "second").await;
    assert_eq!((status, &gone["error"]["code"]), (404, &json!("not_found")));
    assert_eq!((house.get(&path).await.0.as_u16(), blobs(&house)), (404, 0));
}

#[tokio::test]
async fn a_document_that_is_handed_in_anew_has_a_job_of_its_own() {
    let house = house().await;
    let (_, document) = upload(&house, "a.md", "# Terms").await;
    let path = format!("{PATH}/{}", document["document_id"].as_str().unwrap());
    assert_eq!(answer(house.request(Method::DELETE, &path, &house.member())).await.0, 204);
    upload(&house, "a.md", "# Terms").await;
    // The first may be under way, and be acknowledged without having seen what came after it.
    assert_eq!(jobs(&house).await, 2);
}

#[tokio::test]
async fn two_hundred_megabytes_are_refused_and_harm_nobody() {
    let house = house().await;
    let file = Part::bytes(vec![b'x'; 200 << 20]).file_name("big.txt");
    let form = Form::new().part("file", file);
    let (status, body) = answer(house.request(Method::POST, PATH, &house.member()).multipart(form)).await;
    assert_eq!((status.as_u16(), &body["error"]["code"]), (413, &json!("payload_too_large")));
    assert_eq!(upload(&house, "small.md", "# Small").await.0, 202);
}

#[tokio::test]
async fn a_blob_store_that_cannot_be_written_is_an_error_and_leaves_nothing() {
    let house = house().await;
    // The folder's place is taken by a file: whoever runs the test, nothing can be written there.
    let folder = house.blobs.path().join(house.tenant.id().to_string());
    std::fs::write(&folder, b"in the way").unwrap();
    let (status, body) = upload(&house, "a.md", "# A").await;
    assert!(status >= 500, "{status} {body}");
    assert!(body["error"]["code"].is_string() && !body.to_string().contains("in the way"));
    assert_eq!(house.get(PATH).await.1["meta"]["total"], 0);
    std::fs::remove_file(&folder).unwrap();
    assert_eq!(upload(&house, "a.md", "# A").await.0, 202);
}

#[tokio::test]
async fn bytes_in_use_survive_whatever_is_handed_in_and_deleted_at_the_same_time() {
    let house = house().await;
    for round in 0..15 {
        let (a, b) = (format!("# A {round}"), format!("# B {round}"));
        let (_, first) = upload(&house, "a.md", &a).await;
        let path = format!("{PATH}/{}", first["document_id"].as_str().unwrap());
        let delete = async { answer(house.request(Method::DELETE, &path, &house.member())).await };
        tokio::join!(upload(&house, "a.md", &b), upload(&house, "a.md", &a), delete, upload(&house, "a.md", &a));
        // Whichever came last, the row that is there has its bytes.
        let mut tx = house.store.begin(house.tenant.id()).await.unwrap();
        let id = serde_json::from_value(first["document_id"].clone()).unwrap();
        if let Some(document) = documents::get(&mut tx, id).await.unwrap() {
            assert!(house.blobs.path().join(document.blob.to_string()).exists(), "round {round}");
            assert_eq!(blobs(&house), 1, "round {round}");
        } else {
            assert_eq!(blobs(&house), 0, "round {round}");
        }
    }
}

#[tokio::test]
async fn a_document_that_was_never_queued_is_queued_when_it_is_looked_at() {
    let house = house().await;
    let (_, document) = upload(&house, "a.md", "# A").await;
    let path = format!("{PATH}/{}", document["document_id"].as_str().unwrap());
    let stream = house.jetstream.get_stream(Stream::Jobs.as_str()).await.unwrap();
    stream.purge().await.unwrap();
    house.get(&path).await;
    assert_eq!(jobs(&house).await, 0, "it may be on its way");
    house.age_documents().await;
    house.get(&path).await;
    house.get(&path).await;
    assert_eq!(jobs(&house).await, 1);
}
