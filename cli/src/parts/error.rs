//! What can go wrong with the parts.

use std::{io, path::PathBuf};

use super::catalog::Part;
use crate::guard::NoProgram;

/// A part that cannot be used, or cannot be fetched.
#[derive(Debug, thiserror::Error)]
pub enum PartsError {
    /// Neither `SBA_PARTS` nor a home directory says where parts belong.
    #[error("no folder for the parts: set SBA_PARTS or HOME")]
    NoFolder,
    /// The part was never fetched.
    #[error("the {} is not in {}", part.title(), path.display())]
    Missing {
        /// The part.
        part: Part,
        /// Where it would be.
        path: PathBuf,
    },
    /// A file of the part is not as its wheel lists it.
    #[error("the {} in {} is broken: {reason}", part.title(), path.display())]
    Broken {
        /// The part.
        part: Part,
        /// Its folder.
        path: PathBuf,
        /// The first thing found.
        reason: String,
    },
    /// `python3` could not be started.
    #[error("python3 could not be started; Python 3.10 or later with pip is needed to fetch the {}", part.title())]
    Python {
        /// The part that was to be fetched.
        part: Part,
        /// Why it did not start.
        source: io::Error,
    },
    /// The `sba` program, which guards `pip`, was not found.
    #[error(transparent)]
    NoGuard(#[from] NoProgram),
    /// `pip` did not install the part.
    #[error("pip could not fetch the {}: {output}", part.title())]
    Pip {
        /// The part that was to be fetched.
        part: Part,
        /// The end of what `pip` said.
        output: String,
    },
    /// The folder could not be read or written.
    #[error("cannot use {}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl PartsError {
    /// The stable code of this kind of failure.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoFolder => "parts_folder_unknown",
            Self::Missing { .. } => "part_missing",
            Self::Broken { .. } => "part_broken",
            Self::Python { .. } => "python_missing",
            Self::NoGuard(_) => "guard_missing",
            Self::Pip { .. } => "part_fetch_failed",
            Self::Io { .. } => "parts_folder_unusable",
        }
    }

    pub(super) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { path: path.into(), source }
    }
}
