//! Another model for as long as the first one is left alone.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Model, ModelError, ModelRequest, ModelStream};

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
                self.second.stream(ModelRequest { model: self.second_name.clone(), ..request }).await
            }
            other => other,
        }
    }
}
