//! Where the parts belong.

use std::{ffi::OsString, path::PathBuf};

use super::error::PartsError;

/// The user's folder for parts, from the variables that `var` gives: `SBA_PARTS`, else the platform's cache directory.
pub(super) fn locate(var: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, PartsError> {
    let set = |name: &str| var(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(parts) = set("SBA_PARTS") {
        return std::path::absolute(&parts).map_err(PartsError::io(parts));
    }
    cache(var).map(|cache| cache.join("parts"))
}

/// SBA's folder in the user's cache directory.
pub(super) fn cache(var: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, PartsError> {
    let set = |name: &str| var(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    // The specification of XDG_CACHE_HOME asks to ignore a relative path.
    let cache = set("XDG_CACHE_HOME").filter(|path| path.is_absolute());
    let cache = cache.or_else(|| {
        let home = set("HOME")?;
        Some(home.join(if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" }))
    });
    cache.map(|cache| cache.join("sba")).ok_or(PartsError::NoFolder)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn located(vars: &[(&str, &str)]) -> Result<PathBuf, PartsError> {
        locate(|name| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| OsString::from(v)))
    }

    #[test]
    fn the_first_variable_that_says_something_decides() {
        let all = [("SBA_PARTS", "/p"), ("XDG_CACHE_HOME", "/x"), ("HOME", "/h")];
        assert_eq!(located(&all).unwrap(), PathBuf::from("/p"));
        assert_eq!(located(&all[1..]).unwrap(), PathBuf::from("/x/sba/parts"));
        assert!(located(&all[2..]).unwrap().starts_with("/h"));
        assert!(located(&[("XDG_CACHE_HOME", "relative"), ("HOME", "/h")]).unwrap().starts_with("/h"));
        assert_eq!(located(&[("SBA_PARTS", ""), ("HOME", "")]).unwrap_err().code(), "parts_folder_unknown");
    }
}
