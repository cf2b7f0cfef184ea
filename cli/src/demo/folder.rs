//! The documents in a folder.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};

/// The endings of what can be read.
const ENDINGS: &[&str] = &["md", "markdown", "txt", "text", "html", "htm", "xhtml", "pdf"];
/// Most documents that are taken of one folder.
const MOST: usize = 10_000;
/// Deepest folder that is looked into.
const DEEPEST: usize = 16;

/// Documents, and the documents in folders and below them, in order. Each has a source: its path from the folder that
/// was named, with the name of that folder. Hidden files and folders, and `target` and `node_modules`, are passed over;
/// links are not followed.
///
/// # Errors
/// When a folder cannot be read or has no documents, or two documents would have one source: the second would take the
/// first one's place.
pub fn documents(roots: &[PathBuf]) -> anyhow::Result<Vec<(PathBuf, String)>> {
    let mut all = Vec::new();
    let mut sources = HashMap::new();
    for root in roots {
        for (path, source) in below(root)? {
            if let Some(other) = sources.insert(source.clone(), path.clone()) {
                let (path, other) = (path.display(), other.display());
                bail!("{other} and {path} would both be {source:?}: hand them in one after the other, or rename one");
            }
            all.push((path, source));
        }
    }
    Ok(all)
}

fn below(root: &Path) -> anyhow::Result<Vec<(PathBuf, String)>> {
    // `.` and `..` have a name only once they are followed.
    let named = root.canonicalize().with_context(|| format!("{} cannot be read", root.display()))?;
    let name = named.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if root.is_file() {
        return Ok(vec![(root.to_owned(), name)]);
    }
    let mut found = Vec::new();
    collect(root, root, 0, &mut found)?;
    for (_, source) in &mut found {
        *source = format!("{name}/{source}");
    }
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::fs;

    use super::*;

    #[test]
    fn documents_of_two_folders_do_not_take_each_others_place() {
        let base = tempfile::tempdir().unwrap();
        for folder in ["a", "b", "c/a"] {
            fs::create_dir_all(base.path().join(folder)).unwrap();
            fs::write(base.path().join(folder).join("x.md"), folder).unwrap();
        }
        let at = |names: &[&str]| {
            let roots: Vec<PathBuf> = names.iter().map(|name| base.path().join(name)).collect();
            documents(&roots).map(|found| found.into_iter().map(|(_, source)| source).collect::<Vec<_>>())
        };
        assert_eq!(at(&["a", "b"]).unwrap(), ["a/x.md", "b/x.md"]);
        assert_eq!(at(&["a/../b"]).unwrap(), ["b/x.md"]);
        assert_eq!(at(&["a/x.md"]).unwrap(), ["x.md"]);
        assert!(at(&["a", "c/a"]).unwrap_err().to_string().contains("\"a/x.md\""));
        assert!(at(&["nowhere"]).is_err());
    }
}
