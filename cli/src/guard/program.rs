//! Finding the `sba` program, which is also the guard.

use std::{io, path::PathBuf};

/// The program is not where it was looked for.
#[derive(Debug, thiserror::Error)]
#[error("the sba program is not at {}: build it (cargo build -p sba) or set SBA_BIN", looked_at.display())]
pub struct NoProgram {
    looked_at: PathBuf,
    source: io::Error,
}

/// The `sba` program: `SBA_BIN` where set, else this program, else the one that was built beside this one.
///
/// # Errors
/// When there is no such file.
pub fn program() -> Result<PathBuf, NoProgram> {
    if let Some(path) = std::env::var_os("SBA_BIN").filter(|path| !path.is_empty()) {
        return existing(PathBuf::from(path));
    }
    let this = std::env::current_exe().map_err(|source| NoProgram { looked_at: "sba".into(), source })?;
    if this.file_stem().is_some_and(|name| name == "sba") {
        return Ok(this);
    }
    let beside = this.parent().unwrap_or(&this);
    // Tests lie in a folder `deps` beside the program.
    let folder = beside.parent().filter(|_| beside.ends_with("deps")).unwrap_or(beside);
    existing(folder.join("sba"))
}

fn existing(path: PathBuf) -> Result<PathBuf, NoProgram> {
    match path.metadata() {
        Ok(_) => Ok(path),
        Err(source) => Err(NoProgram { looked_at: path, source }),
    }
}
