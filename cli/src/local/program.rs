//! Finding the `sba` program, which is also the guard.

use std::path::PathBuf;

use super::LocalError;

/// The `sba` program: `SBA_BIN` where set, else this program, else the one that was built beside this test.
pub(super) fn sba() -> Result<PathBuf, LocalError> {
    if let Some(path) = std::env::var_os("SBA_BIN").filter(|path| !path.is_empty()) {
        return existing(PathBuf::from(path));
    }
    let this = std::env::current_exe().map_err(LocalError::io("this program's own path is unknown"))?;
    if this.file_stem().is_some_and(|name| name == "sba") {
        return Ok(this);
    }
    // Tests lie in a folder `deps` beside the program.
    let folder = this.parent().and_then(|deps| deps.parent()).unwrap_or(&this);
    existing(folder.join("sba"))
}

fn existing(path: PathBuf) -> Result<PathBuf, LocalError> {
    if path.is_file() { Ok(path) } else { Err(LocalError::NoGuard { looked_at: path }) }
}
