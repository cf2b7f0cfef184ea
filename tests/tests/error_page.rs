//! `docs/errors.md` explains every code that SBA has, and no other.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

const CRATES: [&str; 7] = ["cli", "gateway", "orchestrator", "service", "store", "subjects", "workers"];

/// What is followed by a code.
const SAID: [&str; 3] = ["WorkError::lasting(", "WorkError::passing(", "Failure::new("];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The sources below a folder, without their tests.
fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let tests = path.file_stem().is_some_and(|name| name == "tests");
        if path.is_dir() && !tests {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") && !tests {
            let text = fs::read_to_string(&path).unwrap();
            found.push(text.split("#[cfg(test)]").next().unwrap_or_default().to_owned());
        }
    }
}

fn is_code(word: &str) -> bool {
    word.len() > 3 && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// The string literals in a text that look like codes.
fn literals(text: &str) -> impl Iterator<Item = &str> {
    text.split('"').skip(1).step_by(2).filter(|word| is_code(word))
}

/// The codes of a source: those that a function `code` gives, and those that a failure is made of.
fn codes(source: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for function in source.split("fn code(").skip(1) {
        let body = function.split("\n    }").next().unwrap_or_default();
        found.extend(literals(body).map(str::to_owned));
    }
    for said in SAID {
        for call in source.split(said).skip(1) {
            if let Some(word) = call.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next()) {
                found.insert(word.to_owned());
            }
        }
    }
    found
}

#[test]
fn every_code_is_explained_and_every_explained_code_exists() {
    let mut found = Vec::new();
    for name in CRATES {
        sources(&root().join(name).join("src"), &mut found);
    }
    let all: BTreeSet<String> = found.iter().flat_map(|source| codes(source)).collect();
    assert!(all.contains("budget_tokens") && all.contains("effect_unknown"), "the codes were not found: {all:?}");
    assert!(all.contains("config_invalid") && all.contains("metrics_listen_failed"), "{all:?}");

    let page = fs::read_to_string(root().join("docs/errors.md")).unwrap();
    let missing: Vec<_> = all.iter().filter(|code| !page.contains(&format!("`{code}`"))).collect();
    assert!(missing.is_empty(), "docs/errors.md has no row for {missing:?}");

    // The first column of each table names nothing that is gone.
    let rows = page.lines().filter(|line| line.starts_with("| `")).filter_map(|line| line.split('|').nth(1));
    let explained = rows.flat_map(|cell| cell.split('`').skip(1).step_by(2)).filter(|word| is_code(word));
    let gone: Vec<_> = explained.filter(|code| !all.contains(*code)).collect();
    assert!(gone.is_empty(), "docs/errors.md explains {gone:?}, which nothing says");
}
