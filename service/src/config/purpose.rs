//! What each process cannot do without.

use super::{Config, Embedder, findings::Findings};

/// A process that is configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// `sba gateway`
    Gateway,
    /// `sba orchestrator`
    Orchestrator,
    /// `sba worker`
    Worker,
}

impl Purpose {
    /// Finds the settings that have no default and without which the process would end at once.
    pub(super) fn check(self, config: &Config, all: &mut Vec<super::Finding>) {
        let needed = match self {
            Self::Gateway => "is not set, and a gateway needs it",
            Self::Orchestrator => "is not set, and an orchestrator needs it",
            Self::Worker => "is not set, and a worker needs it",
        };
        Findings::new("database", all).require("url", config.database.url.is_some(), needed);
        match self {
            Self::Gateway => Findings::new("auth", all).require("public_key", config.auth.public_key.is_some(), needed),
            Self::Orchestrator => {}
            Self::Worker => {
                let knowledge = &config.knowledge;
                let model = knowledge.embedder != Embedder::Minilm || knowledge.embedding_model.is_some();
                Findings::new("knowledge", all).require("embedding_model", model, needed);
            }
        }
    }
}
