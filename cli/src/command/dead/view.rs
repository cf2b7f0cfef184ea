//! A dead letter as it is shown.

use std::collections::BTreeMap;

use sba_service::dead::Letter;
use sba_subjects::{dead, subject::Subject};
use serde::Serialize;
use serde_json::Value;

/// A letter, for programs.
#[derive(Debug, Serialize)]
pub(super) struct LetterView {
    /// What it is named by.
    pub(super) sequence: u64,
    #[serde(with = "time::serde::rfc3339")]
    pub(super) died_at: time::OffsetDateTime,
    pub(super) tenant_id: Option<String>,
    pub(super) tenant_key: Option<String>,
    /// `cmd`, `job`, `jobx`, `fired` or `due`.
    pub(super) origin: Option<&'static str>,
    /// The command's verb, the job's queue, the tool, the timer or the schedule.
    pub(super) what: Option<String>,
    /// The run of a command or a timer.
    pub(super) run_id: Option<String>,
    /// The call of a job.
    pub(super) call_id: Option<String>,
    /// Where the message stood, and goes back to.
    pub(super) subject: String,
    pub(super) reason: String,
    pub(super) detail: String,
    pub(super) attempts: u32,
    /// When the message was published.
    pub(super) published_at: Option<String>,
    /// Size of the body.
    pub(super) bytes: u64,
}

impl LetterView {
    pub(super) fn of(letter: &Letter) -> Self {
        let original = letter.letter.as_ref().map(|letter| letter.original());
        let tenant = letter.tenant();
        let (what, run_id, call_id) = original.map(named).unwrap_or_default();
        Self {
            sequence: letter.sequence,
            died_at: letter.died_at,
            tenant_id: tenant.map(|tenant| tenant.id().to_string()),
            tenant_key: tenant.map(ToString::to_string),
            origin: letter.letter.as_ref().map(|letter| letter.origin().as_str()),
            what,
            run_id,
            call_id,
            subject: original.map_or_else(|| letter.subject.clone(), ToString::to_string),
            reason: letter.reason().to_owned(),
            detail: letter.detail().to_owned(),
            attempts: letter.attempts(),
            published_at: letter.said(dead::TIME).map(str::to_owned),
            bytes: letter.dropped_bytes().unwrap_or(letter.bytes),
        }
    }

    /// What it was, in two words.
    pub(super) fn origin_and_what(&self) -> String {
        match (self.origin, &self.what) {
            (Some(origin), Some(what)) => format!("{origin} {what}"),
            _ => "?".to_owned(),
        }
    }
}

type Named = (Option<String>, Option<String>, Option<String>);

fn named(original: &Subject) -> Named {
    match original {
        Subject::Cmd { run, verb, .. } => (Some(verb.to_string()), Some(run.to_string()), None),
        Subject::Job { queue, call, .. } => (Some(queue.to_string()), None, Some(call.to_string())),
        Subject::Jobx { tool, call, .. } => (Some(tool.to_string()), None, Some(call.to_string())),
        Subject::Fired { run, name, .. } => (Some(name.to_string()), Some(run.to_string()), None),
        Subject::Due { schedule, .. } => (Some(schedule.to_string()), None, None),
        _ => Named::default(),
    }
}

/// A letter with everything it holds.
#[derive(Debug, Serialize)]
pub(super) struct OpenedView {
    #[serde(flatten)]
    pub(super) letter: LetterView,
    /// The trace that the message belongs to.
    pub(super) trace_id: Option<String>,
    /// The headers that the message had.
    pub(super) headers: BTreeMap<String, Vec<String>>,
    /// The body, decoded.
    pub(super) body: Option<Value>,
    /// Why there is none.
    pub(super) body_problem: Option<String>,
}

impl OpenedView {
    pub(super) fn of(letter: &Letter, body: &[u8]) -> Self {
        let headers = letter.original_headers();
        let words = |values: &Vec<async_nats::HeaderValue>| values.iter().map(|v| v.as_str().to_owned()).collect();
        let decoded = match letter.dropped_bytes() {
            Some(bytes) => Err(format!("its {bytes} bytes left no room for the reason, and were dropped")),
            None => decoded(body),
        };
        Self {
            letter: LetterView::of(letter),
            trace_id: letter.said("traceparent").and_then(|parent| parent.split('-').nth(1)).map(str::to_owned),
            headers: headers.iter().map(|(name, values)| (name.to_string(), words(values))).collect(),
            body_problem: decoded.as_ref().err().cloned(),
            body: decoded.ok(),
        }
    }
}

/// A body as JSON. One that is no CBOR is shown by its first bytes.
fn decoded(body: &[u8]) -> Result<Value, String> {
    const SHOWN: usize = 64;
    sba_subjects::codec::decode(body).map_err(|error| {
        let first = &body[..body.len().min(SHOWN)];
        format!("{error}; it begins with {}", data_encoding::HEXLOWER.encode(first))
    })
}
