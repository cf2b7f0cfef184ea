//! The executor's second kind of step: a tool call, queued for the workers.

use async_nats::{
    HeaderMap,
    jetstream::{ErrorCode, context::PublishError},
};
use sba_service::telemetry::trace;
use sba_subjects::{
    codec,
    envelope::VERSION,
    job::{Job, JobBody, ToolJob, queue_of},
    subject::Subject,
};

use super::held::{Held, Stop};

impl Held<'_> {
    /// Queues the call that a step waits for. While the same call stands in the queue, it is not queued again.
    pub(super) async fn call(&self, step: u32) -> Result<(), Stop> {
        let Some(pending) = self.state.pending_call() else { return Ok(()) };
        let request = &pending.request;
        let job = Job {
            v: VERSION,
            id: request.call_id,
            tenant_id: self.state.tenant_id,
            user_id: self.state.user_id,
            ts: self.driver.clock.now_millis(),
            body: JobBody::Tool(ToolJob {
                run: self.state.run,
                step,
                tool_name: request.tool_name.clone(),
                params: request.params.clone(),
                effect: request.effect,
            }),
        };
        let queue = queue_of(&request.tool_name);
        let subject = Subject::Job { tenant: self.tenant.clone(), queue, call: request.call_id }.to_string();
        let body = codec::encode(&job).map_err(Stop::Unsayable)?;
        let mut headers = HeaderMap::new();
        trace::inject(&mut headers);
        let stored = async { self.driver.jetstream.publish_with_headers(subject, headers, body).await?.await };
        match stored.await {
            Ok(_) => Ok(()),
            Err(error) if stands_in_the_queue(&error) => Ok(()),
            Err(error) => Err(Stop::Job(error.to_string())),
        }
    }
}

/// Whether the queue refused a job because the same job stands in it.
fn stands_in_the_queue(error: &PublishError) -> bool {
    let answer =
        std::error::Error::source(error).and_then(|source| source.downcast_ref::<async_nats::jetstream::Error>());
    answer.is_some_and(|answer| {
        answer.error_code() == ErrorCode::STREAM_STORE_FAILED && answer.to_string().contains("per subject")
    })
}
