//! Checking a part against the checksums that its wheel lists (the `RECORD` file of the wheel format).

use std::{
    fs, io,
    path::{Component, Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use sha2::{Digest, Sha256};

use super::{Part, error::PartsError};

/// Written last, holds the checksum of the `RECORD`: without it a part is not complete.
const STAMP: &str = ".complete";

/// One line of a `RECORD`.
struct Entry {
    path: PathBuf,
    sha256: Vec<u8>,
}

/// Checks that every file of the part has its checksum.
pub(super) fn verify(part: Part, folder: &Path) -> Result<(), PartsError> {
    if !folder.is_dir() {
        return Err(PartsError::Missing { part, path: folder.to_owned() });
    }
    let stamp = fs::read_to_string(folder.join(STAMP)).unwrap_or_default();
    check(folder, Some(stamp.trim())).map_err(|reason| broken(part, folder, reason))
}

/// Checks a part that has just been installed, and marks it complete.
pub(super) fn seal(part: Part, folder: &Path) -> Result<(), PartsError> {
    check(folder, None).map_err(|reason| broken(part, folder, reason))?;
    let sum = record_file(folder).and_then(|path| file_sum(&path)).map_err(PartsError::io(folder))?;
    fs::write(folder.join(STAMP), HEXLOWER.encode(&sum)).map_err(PartsError::io(folder))
}

fn broken(part: Part, folder: &Path, reason: String) -> PartsError {
    PartsError::Broken { part, path: folder.to_owned(), reason }
}

fn check(folder: &Path, stamp: Option<&str>) -> Result<(), String> {
    let record = record_file(folder).map_err(|error| format!("its list of files: {error}"))?;
    let sum = file_sum(&record).map_err(|error| format!("its list of files: {error}"))?;
    if stamp.is_some_and(|stamp| stamp != HEXLOWER.encode(&sum)) {
        return Err("it was not completely fetched, or its list of files has changed".to_owned());
    }
    let text = fs::read_to_string(&record).map_err(|error| format!("its list of files: {error}"))?;
    let entries = parse(&text)?;
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(4);
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let work = || check_files(folder, &entries, &next);
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().unwrap_or_else(|_| Err("the check failed".to_owned())))
    })
}

/// Checks one entry after the other until none is left; several threads share `next`.
fn check_files(folder: &Path, entries: &[Entry], next: &AtomicUsize) -> Result<(), String> {
    while let Some(entry) = entries.get(next.fetch_add(1, Ordering::Relaxed)) {
        let found =
            file_sum(&folder.join(&entry.path)).map_err(|error| format!("{}: {error}", entry.path.display()))?;
        if found != entry.sha256 {
            return Err(format!("{} has another checksum", entry.path.display()));
        }
    }
    Ok(())
}

/// The one `RECORD` in the folder.
fn record_file(folder: &Path) -> io::Result<PathBuf> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "dist-info") {
            return Ok(path.join("RECORD"));
        }
    }
    Err(io::ErrorKind::NotFound.into())
}

fn parse(text: &str) -> Result<Vec<Entry>, String> {
    let mut entries = Vec::new();
    for line in text.lines() {
        let mut fields = line.rsplitn(3, ',');
        let (_size, sum, path) = (fields.next(), fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
        // Only the list itself has no checksum.
        let Some(sum) = sum.strip_prefix("sha256=") else { continue };
        let sha256 = BASE64URL_NOPAD.decode(sum.as_bytes()).map_err(|_| format!("unreadable checksum of {path}"))?;
        entries.push(Entry { path: inside(path.trim_matches('"'))?, sha256 });
    }
    if entries.is_empty() { Err("its list of files is empty".to_owned()) } else { Ok(entries) }
}

/// The path of a listed file inside the part's folder.
fn inside(listed: &str) -> Result<PathBuf, String> {
    // Programs are listed relative to a `lib/python/site-packages`, which `pip install --target` does not have.
    let path = PathBuf::from(listed.strip_prefix("../../").unwrap_or(listed));
    if path.components().all(|part| matches!(part, Component::Normal(_))) {
        Ok(path)
    } else {
        Err(format!("it lists a file outside its folder: {listed}"))
    }
}

fn file_sum(path: &Path) -> io::Result<Vec<u8>> {
    let mut hasher = Sha256::new();
    io::copy(&mut io::BufReader::with_capacity(1 << 20, fs::File::open(path)?), &mut hasher)?;
    Ok(hasher.finalize().to_vec())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn part(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let info = folder.path().join("p-1.dist-info");
        fs::create_dir_all(&info).unwrap();
        let mut record = "p-1.dist-info/RECORD,,\n".to_owned();
        for (name, content) in files {
            let path = folder.path().join(name.trim_start_matches("../../"));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
            let sum = BASE64URL_NOPAD.encode(&Sha256::digest(content));
            record.push_str(&format!("{name},sha256={sum},{}\n", content.len()));
        }
        fs::write(info.join("RECORD"), record).unwrap();
        folder
    }

    fn reason(folder: &Path) -> String {
        verify(Part::Postgres, folder).unwrap_err().to_string()
    }

    #[test]
    fn a_sealed_part_is_whole_until_a_byte_changes() {
        let folder = part(&[("../../bin/server", "program"), ("lib/data, with comma", "data")]);
        assert!(reason(folder.path()).contains("not completely fetched"));
        seal(Part::Postgres, folder.path()).unwrap();
        verify(Part::Postgres, folder.path()).unwrap();

        fs::write(folder.path().join("bin/server"), "progrbm").unwrap();
        assert!(reason(folder.path()).contains("bin/server has another checksum"));
    }

    #[test]
    fn a_missing_file_and_a_shortened_list_are_noticed() {
        let folder = part(&[("a", "1"), ("b", "2")]);
        seal(Part::Postgres, folder.path()).unwrap();
        fs::remove_file(folder.path().join("b")).unwrap();
        assert!(reason(folder.path()).contains("b: "));

        let record = folder.path().join("p-1.dist-info/RECORD");
        let text = fs::read_to_string(&record).unwrap();
        fs::write(&record, text.lines().take(2).collect::<Vec<_>>().join("\n")).unwrap();
        assert!(reason(folder.path()).contains("has changed"));
    }

    #[test]
    fn files_outside_the_folder_are_refused() {
        for path in ["../x", "/etc/passwd", "a/../../x", "../../../x"] {
            inside(path).unwrap_err();
        }
        assert_eq!(inside("../../bin/x").unwrap(), PathBuf::from("bin/x"));
    }
}
