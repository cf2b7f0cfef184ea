//! A document's life: handed in, handed in again, changed, deleted; in every format.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fmt::Write as _, time::Duration};

use reqwest::Method;
use sba::local::{Stack, StackModel};
use sba_tests::{
    api::{User, two_gateways},
    installation::everything,
};
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection, Row as _};

const DEADLINE: Duration = Duration::from_secs(30);

/// An installation and a user of it.
struct Scene {
    stack: Stack,
    url: String,
    user: User,
}

#[tokio::test]
async fn a_document_is_read_kept_replaced_and_forgotten() {
    let stack = two_gateways(StackModel::Scripted, json!({})).await.unwrap();
    let user = User::new(&stack, "Library").await.unwrap();
    let scene = Scene { url: stack.url().to_owned(), stack, user };
    every_format_is_found(&scene).await;
    the_same_again_changes_nothing(&scene).await;
    a_changed_one_takes_the_place_of_the_old(&scene).await;
    a_deleted_one_is_gone_from_the_next_answer(&scene).await;
}

impl Scene {
    async fn document(&self, source: &str, content: impl Into<Vec<u8>>) -> Value {
        let document = self.user.document(&self.url, source, content.into(), DEADLINE).await.unwrap();
        assert_eq!(document["status"], "indexed", "{document}");
        document
    }

    /// The report that answers a question.
    async fn answer(&self, question: &str) -> String {
        let client = self.user.client(&self.url).unwrap();
        let run = client.start_run(question, None).await.unwrap();
        let events = everything(&client, run).await.unwrap();
        let artifact = events.iter().find(|event| event.r#type == "artifact").unwrap();
        client.text(artifact.payload["url"].as_str().unwrap()).await.unwrap()
    }

    /// Every row of a document's passages, with the transactions that wrote them.
    async fn passages(&self, document: &Value) -> Vec<(String, String, i32)> {
        let mut database = PgConnection::connect(&self.stack.database().app_url).await.unwrap();
        let mut transaction = database.begin().await.unwrap();
        let tenant = self.user.tenant.to_string();
        let set = sqlx::query("select set_config('app.current_tenant', $1, true)").bind(tenant);
        set.execute(&mut *transaction).await.unwrap();
        let rows = sqlx::query(
            "select text, xmin::text as written, ordinal from chunks where document_id = $1::uuid order by ordinal",
        );
        let rows = rows.bind(document["document_id"].as_str().unwrap()).fetch_all(&mut *transaction).await.unwrap();
        rows.iter().map(|row| (row.get("text"), row.get("written"), row.get("ordinal"))).collect()
    }
}

async fn every_format_is_found(scene: &Scene) {
    let html = "<html><head><title>Canteen</title><script>steal()</script></head><body><h1>Canteen</h1>\
                <p>The canteen serves ostrich ragout on Wednesdays.</p></body></html>";
    let documents = [
        ("parking.md", b"# Parking\n\nBicycles stand in the cellar named Otterbay.".to_vec()),
        ("keys.txt", b"Keys\n\nLost keys are reported to Mrs Vandermolen at once.".to_vec()),
        ("canteen.html", html.into()),
        ("heating.pdf", pdf("Heating", &["Heating", "The boiler Thermox is inspected every eleventh month."])),
    ];
    for (source, content) in documents {
        let document = scene.document(source, content).await;
        assert!(document["chunks"].as_u64().unwrap() > 0, "{document}");
    }
    for (question, quote) in [
        ("Where do bicycles stand?", "in the cellar named Otterbay"),
        ("To whom are lost keys reported?", "reported to Mrs Vandermolen"),
        ("When does the canteen serve ostrich ragout?", "ostrich ragout on Wednesdays"),
        ("How often is the boiler inspected?", "inspected every eleventh month"),
    ] {
        let report = scene.answer(question).await;
        assert!(report.contains(quote), "{quote:?} is missing in {report}");
        assert!(!report.contains("steal"), "what a reader does not see is not text: {report}");
    }
}

async fn the_same_again_changes_nothing(scene: &Scene) {
    let text = "# Visitors\n\nVisitors sign the violet register.\n\n# Badges\n\nBadges are returned at the gate.";
    let first = scene.document("visitors.md", text).await;
    let passages = scene.passages(&first).await;
    assert!(!passages.is_empty());
    let again = scene.document("visitors.md", text).await;
    assert_eq!((&first["change"], &again["change"]), (&json!("created"), &json!("unchanged")));
    for field in ["document_id", "chunks", "sha256", "created_at", "updated_at", "indexed_at"] {
        assert_eq!(again[field], first[field], "{field}");
    }
    assert_eq!(scene.passages(&again).await, passages, "the same rows, written by the same transaction");
}

async fn a_changed_one_takes_the_place_of_the_old(scene: &Scene) {
    let old = scene.document("rent.md", "# Rent\n\nThe rent of the kiosk is 3117 crowns.").await;
    assert!(scene.answer("What is the rent of the kiosk?").await.contains("3117 crowns"));
    let new = scene.document("rent.md", "# Rent\n\nThe rent of the kiosk is 4229 crowns.").await;
    assert_eq!((&new["change"], &new["document_id"]), (&json!("replaced"), &old["document_id"]));
    let report = scene.answer("What is the rent of the kiosk?").await;
    assert!(report.contains("4229 crowns") && !report.contains("3117"), "{report}");
    assert!(scene.passages(&new).await.iter().all(|(text, ..)| !text.contains("3117")));
}

async fn a_deleted_one_is_gone_from_the_next_answer(scene: &Scene) {
    let document = scene.document("ferry.md", "# Ferry\n\nThe ferry Halcyon leaves at nine.").await;
    assert!(scene.answer("When does the ferry Halcyon leave?").await.contains("leaves at nine"));
    let id = document["document_id"].as_str().unwrap();
    let url = format!("{}/api/v1/knowledge/documents/{id}", scene.url);
    let (status, _) = scene.user.send(scene.user.request(Method::DELETE, &url)).await.unwrap();
    assert_eq!(status, 204);
    let report = scene.answer("When does the ferry Halcyon leave?").await;
    assert!(!report.contains("leaves at nine"), "{report}");
    assert_eq!(scene.user.get(&url).await.unwrap().0, 404);
    assert!(scene.passages(&document).await.is_empty());
}

/// A PDF of one page: the first line is a heading, the others are running text.
fn pdf(title: &str, lines: &[&str]) -> Vec<u8> {
    let mut content = String::new();
    for (number, line) in lines.iter().enumerate() {
        let (size, y) = if number == 0 { (20, 700) } else { (10, 670 - 14 * number) };
        let _ = writeln!(content, "BT /F1 {size} Tf 50 {y} Td ({line}) Tj ET");
    }
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [4 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 5 0 R \
         /Resources << /Font << /F1 3 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()),
        format!("<< /Title ({title}) >>"),
    ];
    let mut file = "%PDF-1.4\n".to_owned();
    let mut places = String::new();
    for (number, object) in (1..).zip(&objects) {
        let _ = writeln!(places, "{:010} 00000 n ", file.len());
        let _ = write!(file, "{number} 0 obj\n{object}\nendobj\n");
    }
    let (size, start) = (objects.len() + 1, file.len());
    let _ = write!(
        file,
        "xref\n0 {size}\n0000000000 65535 f \n{places}trailer\n<< /Size {size} /Root 1 0 R /Info {} 0 R >>\n\
         startxref\n{start}\n%%EOF\n",
        objects.len()
    );
    file.into_bytes()
}
