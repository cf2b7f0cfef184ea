//! Downloading what runs made.

use bytes::Bytes;
use reqwest::Method;
use sba_gateway::auth::Role;
use sba_store::{
    artifacts::{self, NewArtifact},
    audit::Actor,
    blob::{BlobKey, BlobOptions, Blobs, S3Options},
};
use sba_subjects::{
    id::{ArtifactId, RunId},
    tool::html_form,
};
use serde_json::json;
use uuid::Uuid;

use super::support::{DEADLINE, House, answer, house};

/// Stores an artifact as a worker would.
async fn make(house: &House, id: Uuid, media_type: &str, content: &str) -> ArtifactId {
    let options = BlobOptions {
        url: format!("file://{}", house.blobs.path().display()),
        s3: S3Options::default(),
        max_bytes: 1 << 20,
        request: DEADLINE,
        deadline: DEADLINE,
    };
    let id = ArtifactId::from_uuid(id);
    let blob = BlobKey::artifact(house.tenant.id(), id, [1; 32]);
    Blobs::open(&options).unwrap().put(&blob, Bytes::from(content.to_owned())).await.unwrap();
    let artifact = NewArtifact {
        id,
        run_id: RunId::from_uuid(Uuid::from_u128(9)),
        title: "A \"title\"\r\nSet-Cookie: ü/../x".to_owned(),
        media_type: media_type.to_owned(),
        bytes: content.len() as u64,
        sha256: [1; 32],
        blob,
        citations: json!([{"n": 1}]),
    };
    let mut tx = house.store.begin(house.tenant.id()).await.unwrap();
    artifacts::create(&mut tx, &artifact, &Actor::default()).await.unwrap();
    tx.commit().await.unwrap();
    id
}

#[tokio::test]
async fn an_artifact_is_sent_so_that_a_browser_runs_nothing_in_it() {
    let house = house().await;
    let markdown = make(&house, Uuid::from_u128(1), "text/markdown", "# <script>alert(1)</script>").await;
    // Another document of the same title has another page.
    make(&house, Uuid::from_u128(2), "text/html", "<h1>Another</h1>").await;
    let html = html_form(&house.tenant, markdown).as_uuid();
    make(&house, html, "text/html", "<h1>A</h1>").await;
    let path = format!("/artifacts/{markdown}/content");
    for (query, media_type, content) in [
        ("", "text/markdown; charset=utf-8", "# <script>alert(1)</script>"),
        ("?format=markdown", "text/markdown; charset=utf-8", "# <script>alert(1)</script>"),
        ("?format=html", "text/html; charset=utf-8", "<h1>A</h1>"),
    ] {
        let request = house.request(Method::GET, &format!("{path}{query}"), &house.member());
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), media_type);
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert!(header("content-security-policy").starts_with("sandbox; default-src 'none'"));
        let name = header("content-disposition");
        assert!(name.starts_with("attachment; filename=\"a-title-set-cookie-x."), "{name}");
        assert_eq!(response.text().await.unwrap(), content);
    }
    assert_eq!(house.get(&format!("{path}?format=pdf")).await.0, 400);
}

#[tokio::test]
async fn another_tenants_artifact_is_none() {
    let house = house().await;
    let id = make(&house, Uuid::from_u128(1), "text/markdown", "secret").await;
    let neighbour = house.neighbour().await;
    let stranger = house.token(&neighbour, 7, &[Role::TenantAdmin]);
    for path in [format!("/artifacts/{id}"), format!("/artifacts/{id}/content")] {
        let (status, body) = answer(house.request(Method::GET, &path, &stranger)).await;
        assert_eq!((status.as_u16(), &body["error"]["code"]), (404, &json!("not_found")), "{path}");
    }
    let list = house.get(&format!("/artifacts?run_id={}", Uuid::from_u128(9))).await.1;
    assert_eq!((&list["meta"]["total"], &list["data"][0]["artifact_id"]), (&json!(1), &json!(id)));
    assert_eq!(house.get(&format!("/artifacts?run_id={}", Uuid::from_u128(8))).await.1["meta"]["total"], 0);
}
