//! Another model for as long as the first one is left alone.

use std::sync::Arc;

use async_trait::async_trait;
use futures::{StreamExt as _, stream};

use super::{Model, ModelChunk, ModelError, ModelRequest, ModelStream, Standing};

/// Calls the first model, and the second while the first is [`ModelError::Unavailable`].
pub struct Fallback {
    first: Arc<dyn Model>,
    second: Arc<dyn Model>,
    second_name: String,
}

impl Fallback {
    /// `second_name` is what the second model's provider calls it; requests name the first.
    #[must_use]
    pub fn new(first: Arc<dyn Model>, second: Arc<dyn Model>, second_name: impl Into<String>) -> Self {
        Self { first, second, second_name: second_name.into() }
    }
}

#[async_trait]
impl Model for Fallback {
    async fn stream(&self, request: ModelRequest) -> Result<ModelStream, ModelError> {
        match self.first.stream(request.clone()).await {
            Err(ModelError::Unavailable { .. }) => {
                let name = self.second_name.clone();
                let answer = self.second.stream(ModelRequest { model: name.clone(), ..request }).await?;
                Ok(stream::iter([Ok(ModelChunk::By(name))]).chain(answer).boxed())
            }
            other => other,
        }
    }

    fn standing(&self) -> Standing {
        let Some(first) = self.first.standing().out_since else { return Standing::default() };
        let out_since = self.second.standing().out_since.map(|second| second.max(first));
        Standing { out_since, is_fallback: true }
    }
}
