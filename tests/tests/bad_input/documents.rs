//! Documents that are too large, cannot be read, or find no room.

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use reqwest::{Body, Method, header};
use sba_tests::api::code;
use serde_json::{Value, json};

use super::{DEADLINE, Scene, ground};

const MEGABYTE: usize = 1 << 20;

/// What a gateway may hold of a document that it refuses: its limit, and what lies in buffers.
const HELD: usize = 80 * MEGABYTE;

pub(crate) async fn a_body_of_200_megabytes(scene: &mut Scene) {
    let pid = scene.stack.gateways()[0].pid().unwrap();
    let before = peak(pid);
    let head = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"huge.txt\"\r\n\
                Content-Type: text/plain\r\n\r\n";
    let content = stream::repeat(Bytes::from(vec![b'a'; MEGABYTE])).take(200);
    let body = stream::iter([Bytes::from(head)]).chain(content).chain(stream::iter([Bytes::from("\r\n--x--\r\n")]));
    let request = scene.user.request(Method::POST, &scene.at("knowledge/documents"));
    let request = request.header(header::CONTENT_TYPE, "multipart/form-data; boundary=x");
    let body = Body::wrap_stream(body.map(Ok::<_, std::convert::Infallible>));
    let (status, refusal) = scene.user.send(request.body(body)).await.unwrap();
    assert_eq!((status, code(&refusal)), (413, "payload_too_large"), "{refusal}");
    // What comes after the refusal is read, so that the client sees the answer, and is not kept.
    if let (Some(before), Some(after)) = (before, peak(pid)) {
        assert!(after - before < 3 * HELD / 2, "the gateway grew by {} bytes", after - before);
    }
    scene.still_answers_requests().await;
}

/// The most memory that a process ever had, in bytes; known on Linux only.
fn peak(pid: u32) -> Option<usize> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<usize>().ok()? * 1024)
}

pub(crate) async fn what_cannot_be_read(scene: &Scene) {
    let attributes: String = (0..400_000).map(|n| format!(" a{n}=1")).collect();
    let cases = [
        (
            "page.pdf",
            b"<html><body>The page that you look for is not here.</body></html>".to_vec(),
            "document_not_readable",
        ),
        ("half.pdf", b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog".to_vec(), "document_not_readable"),
        ("bomb.html", format!("<p{attributes}>text</p>").into_bytes(), "document_too_complex"),
        ("flood.html", format!("<p>{}</p>", "word ".repeat(50_000)).into_bytes(), "document_too_large"),
        ("deep.md", format!("{} text", ">".repeat(300_000)).into_bytes(), "document_too_complex"),
        ("hidden.html", b"<script>only()</script>".to_vec(), "document_empty"),
    ];
    let read = cases.map(async |(source, content, expected)| {
        let document = scene.user.document(&scene.url, source, content, DEADLINE).await.unwrap();
        assert_eq!(
            (&document["status"], &document["error"]["code"]),
            (&json!("failed"), &json!(expected)),
            "{document}"
        );
    });
    let sound = async {
        let sound = scene.user.document(&scene.url, "sound.md", b"# Sound\n\nThis one is sound.".to_vec(), DEADLINE);
        assert_eq!(sound.await.unwrap()["status"], "indexed");
    };
    tokio::join!(sound, async {
        // A few at a time: a gateway takes only so many uploads at once.
        stream::iter(read).buffer_unordered(2).collect::<Vec<()>>().await
    });
    let unknown = scene.user.document(&scene.url, "picture.png", b"\x89PNG".to_vec(), DEADLINE).await;
    assert!(unknown.unwrap_err().to_string().contains("unsupported_media_type"));
}

/// A gateway that may write no file longer than 64 kB stands for a disk that is full.
pub(crate) async fn no_room_for_blobs(scene: &Scene) {
    let mut gateway = ground::Process::of_shell(scene, "trap '' XFSZ; ulimit -f 128; exec \"$@\"", "gateway").await;
    gateway.ready().await;
    let known = async || -> Value {
        scene.user.get(&scene.at("knowledge/documents")).await.unwrap().1["meta"]["total"].clone()
    };
    let before = known().await;
    let large = "A line of a document that needs more room than there is.\n".repeat(20_000);
    let documents = format!("{}/api/v1/knowledge/documents", gateway.url);
    let file = reqwest::multipart::Part::bytes(large.into_bytes()).file_name("large.md");
    let form = reqwest::multipart::Form::new().part("file", file);
    let (status, refusal) =
        scene.user.send(scene.user.request(Method::POST, &documents).multipart(form)).await.unwrap();
    assert_eq!((status, code(&refusal)), (503, "storage_full"), "{refusal} {}", gateway.log());
    assert_eq!(known().await, before, "nothing of it was stored");
    let (status, taken) = scene.user.post(&documents, &json!({"source": "small.md", "text": "Small."})).await.unwrap();
    assert_eq!(status, 202, "what finds room is taken: {taken}");
    assert_eq!(gateway.log().matches("storage_full").count(), 1, "it is logged once: {}", gateway.log());
}
