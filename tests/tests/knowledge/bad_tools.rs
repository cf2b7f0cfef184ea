//! Tools that give back what cannot be passed on, or nothing ever: each is answered with why, and harms no other call.

use std::{future::pending, sync::Arc};

use async_trait::async_trait;
use sba_service::config::{Config, Millis};
use sba_subjects::{
    event::ToolResult,
    id::{CallId, RunId},
    run::Effect,
};
use sba_workers::{
    WorkError,
    tool::{Tool, ToolContext},
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::Bench;

/// Does what its name says.
#[derive(Clone, Copy)]
enum Bad {
    Huge,
    Sent,
    Deep,
    Verbose,
    Nul,
    Panics,
    Hangs,
    Good,
}

#[async_trait]
impl Tool for Bad {
    fn name(&self) -> &'static str {
        match self {
            Self::Huge => "huge",
            Self::Sent => "sent",
            Self::Deep => "deep",
            Self::Verbose => "verbose",
            Self::Nul => "nul",
            Self::Panics => "panics",
            Self::Hangs => "hangs",
            Self::Good => "good",
        }
    }

    fn description(&self) -> &'static str {
        "Means no good."
    }

    fn schema(&self) -> Value {
        json!({"type": "object"})
    }

    fn effect(&self) -> Effect {
        if matches!(self, Self::Sent) { Effect::AtMostOnce } else { Effect::Pure }
    }

    async fn execute(&self, _: &ToolContext, _: Value) -> Result<Value, WorkError> {
        match self {
            Self::Huge | Self::Sent => Ok(json!({"body": "x".repeat(50 << 20)})),
            Self::Deep => Ok((0..200_000).fold(Value::Null, |inner, _| Value::Array(vec![inner]))),
            Self::Verbose => Err(WorkError::lasting("bad_gateway", "x".repeat(50 << 20))),
            // What a lenient reader makes of bytes that are no UTF-8.
            Self::Nul => Ok(json!({"body": String::from_utf8_lossy(b"a\xff\xfe\0b")})),
            Self::Panics => panic!("a tool gives up"),
            Self::Hangs => pending().await,
            Self::Good => Ok(json!("fine")),
        }
    }
}

fn ids() -> (RunId, CallId) {
    (RunId::from_uuid(Uuid::new_v4()), CallId::from_uuid(Uuid::new_v4()))
}

async fn called(bench: &Bench, tool: &str) -> ToolResult {
    let (run, call) = ids();
    bench.call(run, call, tool, json!({})).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_tool_does_wrong_is_said_to_its_run_and_costs_no_other_call() {
    let all = [Bad::Huge, Bad::Sent, Bad::Deep, Bad::Verbose, Bad::Nul, Bad::Panics, Bad::Hangs, Bad::Good];
    let tools = all.map(|tool| Arc::new(tool) as Arc<dyn Tool>).to_vec();
    let quickly = |config: &mut Config| {
        config.orchestrator.tool_deadline_ms = Millis::new(5_000);
        config.worker.max_deliveries = 2;
    };
    let bench = Bench::start_configured(quickly, tools).await;
    let bad = async {
        for (tool, code) in [
            ("huge", "tool_result_too_large"),
            ("sent", "tool_result_too_large"),
            ("deep", "tool_result_too_deep"),
            ("verbose", "bad_gateway"),
            ("panics", "worker_panicked"),
            ("hangs", "job_timeout"),
        ] {
            let result = called(&bench, tool).await;
            let error = result.error.unwrap();
            assert_eq!((error.code.as_str(), result.success), (code, false), "{tool}");
            assert!(error.message.len() < 10_000, "{tool}: {} bytes", error.message.len());
            assert_eq!(error.message.starts_with("the call was made"), tool == "sent", "{}", error.message);
        }
        assert_eq!(called(&bench, "nul").await.result, json!({"body": "a\u{fffd}\u{fffd}\0b"}));
    };
    let good = async {
        for _ in 0..20 {
            assert_eq!(called(&bench, "good").await.result, json!("fine"));
        }
    };
    tokio::join!(bad, good);
    bench.idle().await;
    bench.stop().await;
}
