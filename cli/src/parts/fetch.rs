//! Fetching a part with `pip`, so that it is there whole or not at all.

use std::{
    fs,
    io::{self, Read},
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};

use super::{Part, Parts, error::PartsError, record};
use crate::guard;

/// How much of what `pip` said is worth repeating.
const OUTPUT_KEPT: usize = 2_000;
/// How often the progress bar is brought up to date.
const TICK: Duration = Duration::from_millis(100);

/// Fetches `part` unless another process does so first.
pub(super) fn fetch(parts: &Parts, part: Part) -> Result<std::path::PathBuf, PartsError> {
    let root = &parts.root;
    fs::create_dir_all(root).map_err(PartsError::io(root))?;
    let _lock = lock(root, part)?;
    // Whoever held the lock before may have brought it.
    match parts.verify(part) {
        Ok(path) => return Ok(path),
        Err(PartsError::Broken { reason, .. }) => {
            tracing::warn!(part = part.package(), reason, "a part is broken and is fetched anew");
        }
        Err(_) => {}
    }
    remove_stale(root, part);
    let staging =
        tempfile::Builder::new().prefix(&staging_prefix(part)).tempdir_in(root).map_err(PartsError::io(root))?;
    install(part, staging.path())?;
    let fresh = staging.path().join("part");
    readable_by_all(&fresh).map_err(PartsError::io(&fresh))?;
    record::seal(part, &fresh)?;
    let path = parts.path(part);
    if path.exists() {
        fs::rename(&path, staging.path().join("broken")).map_err(PartsError::io(&path))?;
    }
    fs::rename(&fresh, &path).map_err(PartsError::io(&path))?;
    Ok(path)
}

/// Holds the part's lock until the file is dropped; the system frees it even when the process is killed.
fn lock(root: &Path, part: Part) -> Result<fs::File, PartsError> {
    let path = root.join(format!(".lock-{}", part.package()));
    let file =
        fs::OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(PartsError::io(&path))?;
    if file.try_lock().is_err() {
        let bar = ProgressBar::new_spinner()
            .with_message(format!("waiting for the {}: another process fetches it", part.title()));
        bar.enable_steady_tick(TICK);
        file.lock().map_err(PartsError::io(&path))?;
        bar.finish_and_clear();
    }
    Ok(file)
}

fn staging_prefix(part: Part) -> String {
    format!(".fetching-{}-", part.package())
}

/// Removes what processes that were killed left behind; the lock says that none of them lives.
fn remove_stale(root: &Path, part: Part) {
    let Ok(entries) = fs::read_dir(root) else { return };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(&staging_prefix(part)) {
            // What cannot be removed is only space lost; the fetch does not depend on it.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Installs the part into `staging/part`.
fn install(part: Part, staging: &Path) -> Result<(), PartsError> {
    let (requirements, temporary) = (staging.join("requirements.txt"), staging.join("tmp"));
    fs::write(&requirements, part.requirement()).map_err(PartsError::io(&requirements))?;
    fs::create_dir(&temporary).map_err(PartsError::io(&temporary))?;
    let output = staging.join("output");
    let asked = Command::new("python3").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    asked.map_err(|source| PartsError::Python { part, source })?;
    // Under a guard: when this process is killed, `pip` ends too.
    let child = Command::new(guard::program()?)
        .arg("guard")
        .arg("--log")
        .arg(&output)
        .args([
            "--",
            "python3",
            "-m",
            "pip",
            "install",
            "--require-hashes",
            "--no-deps",
            "--only-binary=:all:",
            "--no-compile",
        ])
        .args(["--no-cache-dir", "--progress-bar", "off", "--target"])
        .arg(staging.join("part"))
        .arg("--requirement")
        .arg(&requirements)
        // The download lands here: its size is the progress, and it goes when the staging folder goes.
        .env("TMPDIR", &temporary)
        .envs([("PIP_USER", "0"), ("PIP_REQUIRE_VIRTUALENV", "0"), ("PIP_ROOT_USER_ACTION", "ignore")])
        .envs([("PIP_DISABLE_PIP_VERSION_CHECK", "1"), ("PIP_NO_INPUT", "1")])
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .map_err(PartsError::io(staging))?;
    if wait_with_bar(child, part, staging).map_err(PartsError::io(staging))? {
        return Ok(());
    }
    Err(PartsError::Pip { part, output: tail(&output) })
}

/// Waits for `pip` while showing how far it is; says whether it succeeded.
fn wait_with_bar(mut child: Child, part: Part, staging: &Path) -> io::Result<bool> {
    let bar = ProgressBar::new(part.written_bytes());
    if let Ok(style) = ProgressStyle::with_template("{msg:26} [{bar:30}] {percent:>3} % {elapsed}") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_message(format!("fetching the {}", part.title()));
    if bar.is_hidden() {
        eprintln!("fetching the {} ({} {})", part.title(), part.package(), part.version());
    }
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        bar.set_position(size(staging).min(part.written_bytes()));
        std::thread::sleep(TICK);
    };
    bar.finish_and_clear();
    Ok(status.success())
}

/// Bytes under a folder that changes meanwhile; what has just gone counts nothing.
fn size(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let sizes = entries.flatten().map(|entry| match entry.metadata() {
        Ok(data) if data.is_dir() => size(&entry.path()),
        Ok(data) => data.len(),
        Err(_) => 0,
    });
    sizes.sum()
}

/// Lets every user read the part: Postgres runs as another one where SBA runs as root, whatever the umask.
fn readable_by_all(path: &Path) -> io::Result<()> {
    let data = fs::symlink_metadata(path)?;
    let mode = data.permissions().mode();
    let readable = if data.is_dir() || mode & 0o100 != 0 { mode | 0o555 } else { mode | 0o444 };
    fs::set_permissions(path, fs::Permissions::from_mode(readable))?;
    if data.is_dir() {
        for entry in fs::read_dir(path)? {
            readable_by_all(&entry?.path())?;
        }
    }
    Ok(())
}

/// The end of the text in a file.
fn tail(path: &Path) -> String {
    let mut bytes = Vec::new();
    // The text only explains a failure that is reported anyway.
    let _ = fs::File::open(path).and_then(|mut file| file.read_to_end(&mut bytes));
    let start = bytes.len().saturating_sub(OUTPUT_KEPT);
    String::from_utf8_lossy(&bytes[start..]).trim().to_owned()
}
