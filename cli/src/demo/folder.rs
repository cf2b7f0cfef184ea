//! The documents in a folder.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

/// The endings of what can be read.
const ENDINGS: &[&str] = &["md", "markdown", "txt", "text", "html", "htm", "xhtml", "pdf"];
/// Most documents that are taken of one folder.
const MOST: usize = 10_000;
/// Deepest folder that is looked into.
const DEEPEST: usize = 16;

/// The documents in a folder and below it, in order, each with its path within the folder. Hidden files and
/// folders, and `target` and `node_modules`, are passed over; links are not followed.
///
/// # Errors
/// When the folder cannot be read, or has no documents.
pub fn documents(root: &Path) -> anyhow::Result<Vec<(PathBuf, String)>> {
    if root.is_file() {
        let name = root.file_name().map(|name| name.to_string_lossy().into_owned());
        return Ok(vec![(root.to_owned(), name.unwrap_or_default())]);
    }
    let mut found = Vec::new();
    collect(root, root, 0, &mut found)?;
    found.sort_by(|(_, a), (_, b)| a.cmp(b));
    if found.is_empty() {
        bail!("there are no documents in {} (looked for {})", root.display(), ENDINGS.join(", "));
    }
    Ok(found)
}

fn collect(root: &Path, folder: &Path, depth: usize, found: &mut Vec<(PathBuf, String)>) -> anyhow::Result<()> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        let name = entry.file_name().to_string_lossy().into_owned();
        let passed_over = name.starts_with('.') || name == "target" || name == "node_modules";
        if passed_over || found.len() >= MOST {
            continue;
        }
        if kind.is_dir() && depth < DEEPEST {
            collect(root, &path, depth + 1, found)?;
        } else if kind.is_file() && is_document(&path) {
            let source = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            found.push((path, source));
        }
    }
    Ok(())
}

fn is_document(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()))
}
