//! `sba demo`, as somebody runs it who reads its last line: on documents of one's own, with the model that comes with SBA.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    collections::HashMap,
    fs,
    path::Path,
    process::{Command, Output},
};

const PLANTED: &str = "# Rules of the Brindlemoor warehouse\n\n\
    The Brindlemoor warehouse serves the northern region in three shifts. Visitors wear a yellow badge.\n\n\
    In case of fire everybody gathers behind the Quillfeather bakery. The warden counts the staff.\n";
const OTHER: &str = "Travel is booked through the travel desk. Economy class is the rule.\n";

fn demo(folder: &Path, docs: &Path, prompt: &str, out: &str) -> Output {
    let mut demo = Command::new(env!("CARGO_BIN_EXE_sba"));
    demo.current_dir(folder).args(["demo", "--docs"]).arg(docs).args(["--prompt", prompt, "--out", out]);
    demo.output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The fields of the last line, where it says `ok`.
fn fields(said: &str) -> HashMap<&str, &str> {
    let last = said.lines().last().unwrap_or_default();
    let fields = last.strip_prefix("demo: ok ").unwrap_or_else(|| panic!("{said}"));
    // The path comes last and may have spaces.
    let (fields, artifact) = fields.split_once(" artifact=").unwrap();
    fields.split(' ').filter_map(|field| field.split_once('=')).chain([("artifact", artifact)]).collect()
}

#[test]
fn a_question_is_answered_from_the_documents_and_the_last_line_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("with a space");
    let docs = folder.join("docs");
    fs::create_dir_all(&docs).unwrap();
    fs::write(docs.join("warehouse.md"), PLANTED).unwrap();
    fs::write(docs.join("travel.txt"), OTHER).unwrap();
    fs::write(docs.join("broken.pdf"), "this is no PDF").unwrap();

    let prompt = "Where does everybody gather in case of fire at the Brindlemoor warehouse?";
    let output = demo(&folder, &docs, prompt, "report.md");
    let (said, complaints) = (said(&output), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{complaints}");
    let fields = fields(&said);
    let number = |name: &str| fields[name].parse::<u64>().unwrap();
    assert_eq!((fields["status"], fields["documents"]), ("completed", "2"), "{said}");
    assert!(["chunks", "hits", "tokens", "first_token_ms"].iter().all(|name| number(name) > 0), "{said}");
    assert!(fields["run"].parse::<uuid::Uuid>().is_ok(), "{said}");
    for shown in ["Calling knowledge_search", "Found ", "Writing ", "Made “"] {
        assert!(said.contains(shown), "{shown:?} is not in {said}");
    }
    assert!(complaints.contains("broken.pdf is passed over"), "{complaints}");

    let report = fs::read_to_string(folder.join("report.md")).unwrap();
    assert_eq!(Path::new(fields["artifact"]), folder.join("report.md"));
    assert!(report.contains("Quillfeather bakery"), "{report}");
    assert!(report.contains("Rules of the Brindlemoor warehouse"), "the source is not named: {report}");
}

#[test]
fn a_demo_that_cannot_be_done_says_why_in_its_last_line() {
    let folder = tempfile::tempdir().unwrap();
    let docs = folder.path().join("nothing");
    fs::create_dir(&docs).unwrap();
    for (docs, prompt, out) in [
        (docs.as_path(), "When?", "report.md"),
        (&folder.path().join("missing"), "When?", "report.md"),
        (docs.as_path(), " ", "report.md"),
    ] {
        let output = demo(folder.path(), docs, prompt, out);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.lines().last().unwrap_or_default().starts_with("demo: failed "), "{said}");
    }
}
